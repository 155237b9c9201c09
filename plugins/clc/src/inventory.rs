//! All servers of the account. The API has no request for this list, so the
//! code visits the data centers and the groups in them.

use std::collections::BTreeSet;

use fencebox_sdk::prelude::*;

use crate::answers::{Group, Link, Server};
use crate::api::Api;
use crate::id::Id;

/// Maximum depth of nested groups; a deeper answer is an error. Real accounts
/// have three or four levels.
const DEEPEST: usize = 32;

/// Maximum number of servers; more are an error. No real account has as many.
const MOST: usize = 10_000;

/// All servers except templates, each once, in the order of the device.
///
/// An archived server is listed with the power status unknown.
pub(crate) fn all_servers(api: &mut Api, with_status: bool) -> Result<Vec<Plug>> {
    let mut inventory = Inventory {
        api,
        with_status,
        seen: BTreeSet::new(),
        plugs: Vec::new(),
    };
    for data_centre in inventory.api.data_centres()? {
        let data_centre = inventory.api.data_centre(&data_centre.id)?;
        for group in Link::targets(&data_centre.links, "group") {
            let group = inventory.api.group(&group)?;
            inventory.add_group(&group, DEEPEST)?;
        }
    }
    Ok(inventory.plugs)
}

struct Inventory<'a> {
    api: &'a mut Api,
    with_status: bool,
    seen: BTreeSet<String>,
    plugs: Vec<Plug>,
}

impl Inventory<'_> {
    fn add_group(&mut self, group: &Group, depth: usize) -> Result<()> {
        if depth == 0 {
            return Err(Error::unexpected(format!("groups are nested more than {DEEPEST} deep")));
        }
        for server in group.servers.iter().flatten() {
            if let Some(id) = self.note(Id::parse(&server.id))? {
                self.add_server(&id, server);
            }
        }
        // Links name the servers even if the answer has no details.
        for id in Link::targets(&group.links, "server") {
            if let Some(id) = self.note(Some(id))? {
                self.add_link(&id)?;
            }
        }
        group
            .groups
            .iter()
            .flatten()
            .try_for_each(|group| self.add_group(group, depth - 1))
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
            Err(problem @ (Error::PlugNotFound(_) | Error::NotPermitted(_) | Error::Unexpected(_))) => {
                log::warn(format!("{id} cannot be read: {}", problem.text()));
                self.plugs.push(Plug::new(id.upper_case()).status(PowerStatus::Unknown));
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }
}
