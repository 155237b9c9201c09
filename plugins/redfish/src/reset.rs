//! The request that switches a system.

use fencebox_sdk::http::{Element, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::ActionInfo;
use crate::refusal;
use crate::service::Service;
use crate::system::System;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reset {
    On,
    Off,
    /// The diagnostic interrupt.
    Interrupt,
}

impl Reset {
    /// The values of `ResetType` for it, the best one first. `PushPowerButton`
    /// is never one of them, because it toggles, and `GracefulShutdown` needs
    /// the operating system.
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::On => &["On", "ForceOn"],
            Self::Off => &["ForceOff"],
            Self::Interrupt => &["Nmi"],
        }
    }
}

/// Why a request had no effect.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The device says that the system is already in the target state.
    AlreadyThere(String),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::AlreadyThere(reason) => Self::task_failed(reason),
            Failure::Other(error) => error,
        }
    }
}

/// Sends the request once, and returns the monitor of its task if there is one.
pub(crate) fn send(service: &mut Service, system: &System, kind: Reset) -> Result<Option<Path>, Failure> {
    let (target, reset_type) = select(service, system, kind)?;
    let body = json!({ "ResetType": reset_type });
    let answer = service.post(&target, &body, None)?;
    let answer = match answer.status() {
        // The device did nothing, because it requires the version of the record that the client has read.
        412 | 428 => {
            let fresh = service.system(system.path().clone())?;
            service.post(&target, &body, Some(fresh.etag().unwrap_or("*")))?
        }
        _ => answer,
    };
    match answer.status() {
        202 => Ok(monitor(service, &answer)),
        200..=299 => Ok(None),
        _ if refusal::is_already_there(&answer) => Err(Failure::AlreadyThere(answer.reason())),
        _ => Err(refusal::of_request(&answer).into()),
    }
}

/// The target of the action, and the value of `ResetType`.
pub(crate) fn select(service: &mut Service, system: &System, kind: Reset) -> Result<(Path, &'static str)> {
    let reset = system.reset()?;
    let target = service.link(&reset.target)?;
    let types = kind.types();
    let listed = reset.allowable.as_ref().and_then(Element::expected).cloned();
    let listed = match (listed, &reset.info) {
        (Some(listed), _) => Some(listed),
        (None, Some(Element::Expected(info))) => reset_types(service, info)?,
        (None, _) => None,
    };
    let Some(listed) = listed else {
        return Ok((target, types[0]));
    };
    let offered = types.iter().find(|one| listed.iter().any(|other| other == *one));
    offered.map(|one| (target, *one)).ok_or_else(|| {
        Error::mistake(format!(
            "{} has no reset type {}; the device offers {}",
            excerpt(system.name()),
            types.join(" or "),
            excerpt(&listed.join(", "))
        ))
    })
}

/// The values in `@Redfish.ActionInfo`. Fencing goes on without them.
fn reset_types(service: &mut Service, info: &str) -> Result<Option<Vec<String>>> {
    let info = service.link(info)?;
    match service.read::<ActionInfo>(info) {
        Ok(info) => Ok(info.reset_types()),
        Err(denied @ Error::LoginDenied(_)) => Err(denied),
        Err(problem) => {
            log::warn(format!("the list of reset types cannot be read: {}", problem.text()));
            Ok(None)
        }
    }
}

/// The place where the progress of an accepted request can be read: the field
/// `Location`, or the task in the body.
fn monitor(service: &Service, answer: &Response) -> Option<Path> {
    let body = answer.json::<Value>().unwrap_or_default();
    let in_body = body["TaskState"].as_str().and(body["@odata.id"].as_str());
    let link = answer.header("location").or(in_body)?;
    let monitor = service.link(link);
    if let Err(problem) = &monitor {
        log::warn(format!("the task cannot be followed: {}", problem.text()));
    }
    monitor.ok()
}
