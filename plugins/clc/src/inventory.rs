//! All servers of the account. The API has no request for this list, so the
//! code visits the data centers and the groups in them.

use std::collections::BTreeSet;

use fencebox_sdk::prelude::*;

use crate::answers::{Group, Link, Server, parts};
use crate::api::Api;
use crate::id::Id;

/// Maximum depth of nested groups; a deeper answer is an error. Real accounts
/// have three or four levels.
const DEEPEST: usize = 32;

/// Maximum number of servers; more are an error. No real account has as many.
const MOST: usize = 10_000;

/// Number of reads of the whole list that fail because of a part with a transient
/// failure. After them the rest is listed: the host repeats a read four times.
const FAILURE_LIMIT: u32 = 2;

/// All servers except templates, each once, in the order of the device.
/// `before` is the number of earlier reads of the list in this session.
///
/// An archived server is listed with the power status unknown. A data center, group
/// or server that cannot be read does not hide the others: a warning names it.
///
/// # Errors
/// The first failure if nothing can be listed; a transient one also if the host can
/// repeat the read.
pub(crate) fn all_servers(api: &mut Api, with_status: bool, before: u32) -> Result<Vec<Plug>> {
    let mut inventory = Inventory {
        api,
        with_status,
        before,
        seen: BTreeSet::new(),
        plugs: Vec::new(),
        failure: None,
    };
    for data_centre in inventory.api.data_centres()? {
        let what = match &data_centre {
            Ok(data_centre) => format!("data center {}", excerpt(&data_centre.id)),
            Err(_) => "a data center".to_owned(),
        };
        let outcome = match data_centre {
            Ok(data_centre) => inventory.add_data_centre(&data_centre.id),
            Err(_) => Err(Error::unexpected("its entry is malformed")),
        };
        inventory.part(outcome, &what)?;
    }
    match inventory.failure {
        Some(failure) if inventory.plugs.is_empty() => Err(failure),
        _ => Ok(inventory.plugs),
    }
}

struct Inventory<'a> {
    api: &'a mut Api,
    with_status: bool,
    before: u32,
    seen: BTreeSet<String>,
    plugs: Vec<Plug>,
    /// The first failure of a part that is left out.
    failure: Option<Error>,
}

impl Inventory<'_> {
    fn add_data_centre(&mut self, id: &str) -> Result<()> {
        let data_centre = self.api.data_centre(id)?;
        let (groups, unread) = Link::targets(&data_centre.links, "group");
        self.tell_unread(unread, &format!("data center {}", excerpt(id)));
        for group in groups {
            let outcome = match self.api.group(&group) {
                Ok(found) => self.add_group(&found, DEEPEST),
                Err(problem) => Err(problem),
            };
            self.part(outcome, &format!("group {group}"))?;
        }
        Ok(())
    }

    fn add_group(&mut self, group: &Group, depth: usize) -> Result<()> {
        let name = format!("group {}", excerpt(group.id.as_str().unwrap_or("without an id")));
        if depth == 0 {
            return Err(Error::unexpected(format!("groups are nested more than {DEEPEST} deep")));
        }
        let (servers, odd) = parts(&group.servers);
        let mut nameless = 0;
        for server in servers {
            let id = Id::parse(&server.id);
            nameless += usize::from(id.is_none());
            if let Some(id) = self.note(id)? {
                self.add_server(&id, server);
            }
        }
        // Links name the servers even if the answer has no details, or details that cannot be read.
        let (linked, unread) = Link::targets(&group.links, "server");
        for id in linked {
            if let Some(id) = self.note(Some(id))? {
                self.add_link(&id)?;
            }
        }
        for server in odd {
            let id = server["id"].as_str().and_then(Id::parse);
            nameless += usize::from(id.is_none());
            if let Some(id) = self.note(id)? {
                log::warn(format!("the record of {} is malformed", id.upper_case()));
                self.plugs.push(Plug::new(id.upper_case()).status(PowerStatus::Unknown));
            }
        }
        let (groups, odd) = parts(&group.groups);
        self.tell_unread(unread + nameless + odd.len(), &name);
        groups
            .into_iter()
            .try_for_each(|group| self.add_group(group, depth - 1))
    }

    /// Warns about entries that may stand for servers and cannot be read.
    fn tell_unread(&mut self, count: usize, what: &str) {
        if count > 0 {
            let text = format!("{what}: {count} of its entries are malformed; servers may be missing");
            log::warn(&text);
            self.failure.get_or_insert(Error::Unexpected(text));
        }
    }

    /// Handles the failure of one part: warns that it is left out, or returns the
    /// failure.
    fn part(&mut self, outcome: Result<()>, what: &str) -> Result<()> {
        match outcome {
            Err(problem) if self.is_tolerated(&problem) => {
                log::warn(format!("{what} is not listed: {}", problem.text()));
                self.failure.get_or_insert(problem);
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn is_tolerated(&self, problem: &Error) -> bool {
        match problem {
            Error::PlugNotFound(_) | Error::NotPermitted(_) | Error::TaskFailed(_) => true,
            Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Busy(_) | Error::Unexpected(_) => {
                self.before >= FAILURE_LIMIT && self.seen.len() < MOST
            }
            _ => false,
        }
    }

    /// Returns the id if it is new.
    fn note(&mut self, id: Option<Id>) -> Result<Option<Id>> {
        if self.seen.len() >= MOST {
            return Err(Error::unexpected(format!("there are more than {MOST} servers")));
        }
        Ok(id.filter(|id| self.seen.insert(id.upper_case())))
    }

    fn add_server(&mut self, id: &Id, server: &Server) {
        if server.is_template() {
            return;
        }
        let plug = Plug::new(id.upper_case()).status(server.power());
        self.plugs.push(match server.alias() {
            Some(alias) => plug.alias(alias),
            None => plug,
        });
    }

    fn add_link(&mut self, id: &Id) -> Result<()> {
        if !self.with_status {
            self.plugs.push(Plug::new(id.upper_case()));
            return Ok(());
        }
        match self.api.server(id) {
            Ok(server) => self.add_server(id, &server),
            // If one server cannot be read, list the others.
            Err(problem) if matches!(problem, Error::Unexpected(_)) || self.is_tolerated(&problem) => {
                log::warn(format!("{id} cannot be read: {}", problem.text()));
                self.plugs.push(Plug::new(id.upper_case()).status(PowerStatus::Unknown));
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }
}
