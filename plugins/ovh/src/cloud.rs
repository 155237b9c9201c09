//! Instances of Public Cloud.
//!
//! The API has no tasks for them: only the status shows the progress.

pub(crate) mod find;

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::permissions::{self, Rule};
use crate::settings::Settings;
use find::{Found, View};

/// One instance.
#[derive(Debug)]
pub(crate) struct Instance {
    plug: String,
    found: Option<Found>,
    cycle: Cycle,
}

/// Progress of a reboot that this session requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cycle {
    None,
    /// Requested; the status does not show it yet.
    Asked,
    /// The status has shown the reboot.
    Seen,
}

impl Instance {
    pub(crate) fn of(plug: &str) -> Self {
        Self {
            plug: plug.to_owned(),
            found: None,
            cycle: Cycle::None,
        }
    }

    /// Whether a reboot was requested, or may have been.
    pub(crate) fn has_begun(&self) -> bool {
        self.cycle != Cycle::None
    }

    pub(crate) fn power(&mut self, api: &mut Api, settings: &Settings) -> Result<PowerStatus> {
        self.view(api, settings)?.power(&self.plug)
    }

    pub(crate) fn switch(&mut self, api: &mut Api, settings: &Settings, target: PowerTarget) -> Result<()> {
        let view = self.view(api, settings)?;
        let power = view.power(&self.plug)?;
        // Off is always requested: an instance that reads off may have been started a moment ago, and the device
        // refuses the stop if it is really off.
        if target == PowerTarget::On && is_reached(target, power) {
            return Ok(());
        }
        let outcome = match target {
            PowerTarget::Off => self.post(api, &permissions::INSTANCE_STOP, "stop", None),
            PowerTarget::On if view.is_shelved() => self.post(api, &permissions::INSTANCE_UNSHELVE, "unshelve", None),
            PowerTarget::On => self.post(api, &permissions::INSTANCE_START, "start", None),
        };
        match outcome {
            // The device refuses a request in the wrong state. By now the instance may be in the wanted one.
            Err(refusal @ (Error::Busy(_) | Error::TaskFailed(_))) => {
                let power = self.view(api, settings)?.power(&self.plug)?;
                if is_reached(target, power) {
                    Ok(())
                } else {
                    Err(refusal)
                }
            }
            outcome => outcome,
        }
    }

    /// Requests a forced reboot, which is one request.
    pub(crate) fn cycle(&mut self, api: &mut Api, settings: &Settings) -> Result<()> {
        self.view(api, settings)?.power(&self.plug)?;
        self.cycle = Cycle::Asked;
        let outcome = self.post(
            api,
            &permissions::INSTANCE_REBOOT,
            "reboot",
            Some(json!({ "type": "hard" })),
        );
        if matches!(
            outcome,
            Err(Error::Busy(_) | Error::TaskFailed(_) | Error::NotPermitted(_))
        ) {
            self.cycle = Cycle::None;
        }
        outcome
    }

    /// True once the instance runs again after its status has shown the reboot.
    /// An instance that only ever reads as running may not have been rebooted.
    pub(crate) fn is_cycled(&mut self, api: &mut Api, settings: &Settings) -> Result<bool> {
        let view = self.view(api, settings)?;
        match (view.status(), self.cycle) {
            (Some("HARD_REBOOT"), Cycle::Asked) => {
                self.cycle = Cycle::Seen;
                Ok(false)
            }
            (Some("ERROR"), Cycle::Seen) => Err(Error::task_failed(format!(
                "{} is in error after its reboot",
                self.plug
            ))),
            (Some("ACTIVE"), cycle) => Ok(cycle == Cycle::Seen),
            _ => Ok(false),
        }
    }

    fn view(&mut self, api: &mut Api, settings: &Settings) -> Result<View> {
        match &self.found {
            Some(found) => find::read(api, found, &self.plug),
            None => {
                let (found, view) = find::find(api, settings, &self.plug)?;
                self.found = Some(found);
                Ok(view)
            }
        }
    }

    fn post(&self, api: &mut Api, rule: &'static Rule, operation: &str, body: Option<Value>) -> Result<()> {
        let Some(Found { project, id }) = &self.found else {
            return Err(Error::plug_not_found(&self.plug));
        };
        let path = path!("/cloud/project/{project}/instance/{id}/{operation}");
        let call = Call::new(rule, path).about(&self.plug);
        let call = match &body {
            Some(body) => call.json(body),
            None => call,
        };
        api.ask(&call).map(drop)
    }
}

fn is_reached(target: PowerTarget, power: PowerStatus) -> bool {
    matches!(
        (target, power),
        (PowerTarget::On, PowerStatus::On) | (PowerTarget::Off, PowerStatus::Off)
    )
}
