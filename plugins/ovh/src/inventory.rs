//! All plugs that the credentials may list.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::cloud::find;
use crate::dedicated;
use crate::errors;
use crate::kinds::Kind;
use crate::permissions;
use crate::settings::Settings;
use crate::vps;

/// The kinds of service in a list.
pub(crate) fn kinds(settings: &Settings) -> Vec<Kind> {
    settings.service.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind])
}

/// Number of reads of the whole list that fail because of a part with a transient failure. After
/// them the rest is listed: the host repeats a read four times.
const FAILURE_LIMIT: u32 = 2;
/// The same if the part is busy, which the host repeats until the action's deadline.
const BUSY_PATIENCE: u32 = 5;

/// A list in progress.
struct Inventory<'a> {
    api: &'a mut Api,
    with_status: bool,
    /// Number of reads of the list before this one, in this session.
    before: u32,
    plugs: Vec<Plug>,
    /// The first failure of a part that is left out.
    failure: Option<Error>,
    /// A kind was listed.
    is_any_listed: bool,
}

/// All plugs. A kind of service or a project that cannot be listed is left out with a warning,
/// because it must not hide the others.
///
/// # Errors
/// The first failure if nothing else can be listed; a transient one also if the host can repeat
/// the read.
pub(crate) fn plugs(api: &mut Api, settings: &Settings, with_status: bool, before: u32) -> Result<Vec<Plug>> {
    let mut inventory = Inventory {
        api,
        with_status,
        before,
        plugs: Vec::new(),
        failure: None,
        is_any_listed: false,
    };
    for kind in kinds(settings) {
        let outcome = inventory.add(settings, kind);
        inventory.part(outcome, &format!("service={}", kind.word()))?;
    }
    match inventory.failure {
        Some(failure) if inventory.plugs.is_empty() => {
            let is_restricted = matches!(failure, Error::NotPermitted(_)) && inventory.is_any_listed;
            if is_restricted { Ok(Vec::new()) } else { Err(failure) }
        }
        _ => Ok(inventory.plugs),
    }
}

/// The names of all services of a kind; for instances, those of all projects.
pub(crate) fn names(api: &mut Api, settings: &Settings, kind: Kind) -> Result<Vec<String>> {
    match kind {
        Kind::Dedicated => api.names(&Call::new(&permissions::SERVERS, "/dedicated/server")),
        Kind::Vps => api.names(&Call::new(&permissions::ALL_VPS, "/vps")),
        Kind::Cloud => find::projects(api, settings),
    }
}

impl Inventory<'_> {
    fn add(&mut self, settings: &Settings, kind: Kind) -> Result<()> {
        let names = names(self.api, settings, kind)?;
        self.is_any_listed |= kind != Kind::Cloud;
        for name in names {
            match kind {
                Kind::Cloud => {
                    let outcome = self.add_project(&name);
                    self.part(outcome, &format!("project {}", excerpt(&name)))?;
                }
                _ if !self.with_status => self.plugs.push(Plug::new(name)),
                Kind::Dedicated => {
                    let view = dedicated::read(self.api, &name);
                    let view = self.seen(&name, view)?;
                    let row = view.map(|view| (view.alias().map(str::to_owned), view.power()));
                    self.plugs.push(plug(name, row));
                }
                Kind::Vps => {
                    let view = vps::read(self.api, &name);
                    let view = self.seen(&name, view)?;
                    let row = view.map(|view| (view.alias().map(str::to_owned), Some(view.power())));
                    self.plugs.push(plug(name, row));
                }
            }
        }
        Ok(())
    }

    fn add_project(&mut self, project: &str) -> Result<()> {
        let views = find::instances(self.api, project)?;
        self.is_any_listed = true;
        for view in views {
            match view {
                Ok(view) => self.plugs.extend(instance(&view)),
                Err(odd) => {
                    let id = odd["id"].as_str().filter(|id| !id.is_empty());
                    log::warn(format!(
                        "project {}: the record of the instance {} is malformed",
                        excerpt(project),
                        excerpt(id.unwrap_or("without an ID"))
                    ));
                    self.plugs
                        .extend(id.map(|id| Plug::new(id).status(PowerStatus::Unknown)));
                }
            }
        }
        Ok(())
    }

    /// Handles the failure of one part: warns that it is left out, or returns the failure.
    fn part(&mut self, outcome: Result<()>, what: &str) -> Result<()> {
        let Err(problem) = outcome else {
            return Ok(());
        };
        if !self.is_tolerated(&problem) {
            return Err(errors::map(problem, |text| format!("{what}: {text}")));
        }
        log::warn(format!("{what} is not listed: {}", problem.text()));
        self.failure
            .get_or_insert(errors::map(problem, |text| format!("{what}: {text}")));
        Ok(())
    }

    /// The record of one service; `None` if the device refuses only this one. It stays in the list
    /// with an unknown power status.
    fn seen<T>(&self, name: &str, view: Result<T>) -> Result<Option<T>> {
        match view {
            Ok(view) => Ok(Some(view)),
            Err(problem) if self.is_tolerated(&problem) => {
                log::warn(format!("{name}: {}", problem.text()));
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    fn is_tolerated(&self, problem: &Error) -> bool {
        let patience = match problem {
            Error::Busy(_) => BUSY_PATIENCE,
            Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Unexpected(_) => FAILURE_LIMIT,
            _ => 0,
        };
        errors::is_of_one_part(problem) && self.before >= patience
    }
}

fn plug(name: String, row: Option<(Option<String>, Option<PowerStatus>)>) -> Plug {
    let (alias, power) = row.unwrap_or_default();
    let plug = Plug::new(name).status(power.unwrap_or(PowerStatus::Unknown));
    match alias {
        Some(alias) => plug.alias(alias),
        None => plug,
    }
}

/// A row for an instance, unless it was deleted.
fn instance(view: &find::View) -> Option<Plug> {
    let plug = Plug::new(&view.id).status(view.power(&view.id).ok()?);
    Some(match view.name() {
        Some(name) => plug.alias(name),
        None => plug,
    })
}
