//! Virtual private servers.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::errors;
use crate::pending_task::{PendingTask, Stage};
use crate::permissions::{self, Rule};
use crate::task::Owner;

/// One VPS, and the last request of this session.
#[derive(Debug)]
pub(crate) struct Vps {
    name: String,
    order: Option<(Operation, PendingTask)>,
}

/// A request that changes the power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Stop,
    Start,
    Reboot,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Reboot => "reboot",
        }
    }

    fn rule(self) -> &'static Rule {
        match self {
            Self::Stop => &permissions::VPS_STOP,
            Self::Start => &permissions::VPS_START,
            Self::Reboot => &permissions::VPS_REBOOT,
        }
    }

    /// The device's name for the task.
    fn task(self) -> &'static str {
        match self {
            Self::Stop => "stopVm",
            Self::Start => "startVm",
            Self::Reboot => "rebootVm",
        }
    }

    fn reached(self, power: PowerStatus) -> bool {
        match self {
            Self::Stop => power == PowerStatus::Off,
            Self::Start => power == PowerStatus::On,
            // The power status does not show whether a reboot has happened.
            Self::Reboot => false,
        }
    }
}

/// The present record of a VPS.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    name: String,
    // Any values: one of another type must not make the whole record unreadable.
    #[serde(default)]
    display_name: Value,
    #[serde(default)]
    state: Value,
    #[serde(default)]
    netboot_mode: Value,
}

impl View {
    /// A VPS is off only in the state `stopped`, and on only if it runs its own system.
    /// In any other state it may run, or may start to run by itself.
    pub(crate) fn power(&self) -> PowerStatus {
        let in_rescue = !self.netboot_mode.is_null() && self.netboot_mode != "local";
        match self.state.as_str() {
            Some("stopped") => PowerStatus::Off,
            Some("running" | "backuping") if !in_rescue => PowerStatus::On,
            Some(
                "running" | "backuping" | "stopping" | "rebooting" | "installing" | "maintenance" | "upgrading"
                | "rescued",
            ) => PowerStatus::Standby,
            word => {
                let word = word.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{}: unknown value of its state: {word}", self.name));
                PowerStatus::Unknown
            }
        }
    }

    /// A second name, for lists.
    pub(crate) fn alias(&self) -> Option<&str> {
        let name = self.display_name.as_str()?;
        Some(name).filter(|name| !name.is_empty() && *name != self.name)
    }
}

pub(crate) fn read(api: &mut Api, name: &str) -> Result<View> {
    let answer = api.ask(&Call::new(&permissions::VPS, path!("/vps/{name}")).about(name))?;
    let view: View = api.value(&answer)?;
    if !view.name.eq_ignore_ascii_case(name) {
        let what = format!("an answer about another VPS, {}", excerpt(&view.name));
        return Err(errors::with_query(answer.unexpected(&what), &answer));
    }
    Ok(view)
}

impl Vps {
    pub(crate) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            order: None,
        }
    }

    /// Whether a request was sent, or may have been.
    pub(crate) fn has_begun(&self) -> bool {
        self.order.as_ref().is_some_and(|(_, errand)| errand.is_sent())
    }

    pub(crate) fn power(&mut self, api: &mut Api) -> Result<PowerStatus> {
        let stage = self.stage(api)?;
        if stage == Stage::UnderWay {
            return Ok(PowerStatus::Unknown);
        }
        let power = read(api, &self.name)?.power();
        // The stop was sent, but there is neither an answer nor a task: `stopped` may be an old state. The host asks
        // again, and the device's answer to that decides.
        if power == PowerStatus::Off && stage == Stage::NotBegun && self.is_stop_in_doubt() {
            return Ok(PowerStatus::Standby);
        }
        Ok(power)
    }

    fn is_stop_in_doubt(&self) -> bool {
        let order = self.order.as_ref();
        order.is_some_and(|(operation, errand)| *operation == Operation::Stop && errand.is_sent())
    }

    pub(crate) fn switch(&mut self, api: &mut Api, target: PowerTarget) -> Result<()> {
        self.order(
            api,
            match target {
                PowerTarget::On => Operation::Start,
                PowerTarget::Off => Operation::Stop,
            },
        )
    }

    pub(crate) fn cycle(&mut self, api: &mut Api) -> Result<()> {
        self.order(api, Operation::Reboot)
    }

    /// True once the task of the reboot is done and the VPS runs.
    pub(crate) fn is_cycled(&mut self, api: &mut Api) -> Result<bool> {
        Ok(self.stage(api)? == Stage::Done && read(api, &self.name)?.power() == PowerStatus::On)
    }

    fn order(&mut self, api: &mut Api, operation: Operation) -> Result<()> {
        let is_same = self.order.as_ref().is_some_and(|(own, _)| *own == operation);
        match self.stage(api)? {
            Stage::UnderWay if is_same => return Ok(()),
            Stage::UnderWay => {
                return Err(Error::busy(
                    format!("{}: another request of this action is in progress", self.name),
                    None,
                ));
            }
            Stage::NotBegun if is_same && self.has_begun() => {}
            _ => self.order = None,
        }
        if self.order.is_none() {
            // A stop is always requested: a VPS that reads stopped may have been started a moment ago, and the device
            // refuses the stop if it is really stopped.
            if operation == Operation::Start && operation.reached(read(api, &self.name)?.power()) {
                return Ok(());
            }
            let errand = PendingTask::prepare(api, Owner::Vps(self.name.clone()), operation.task(), false)?;
            self.order = Some((operation, errand));
        }
        let name = &self.name;
        let word = operation.word();
        let call = Call::new(operation.rule(), path!("/vps/{name}/{word}")).about(name);
        let Some((_, errand)) = &mut self.order else {
            return Ok(());
        };
        match errand.send(api, &call) {
            // The device also refuses a request for the present state.
            Err(refusal @ (Error::Busy(_) | Error::TaskFailed(_))) => {
                if operation.reached(read(api, &self.name)?.power()) {
                    self.order = None;
                    return Ok(());
                }
                Err(refusal)
            }
            outcome => outcome,
        }
    }

    /// The progress of the request. A failure is returned once.
    fn stage(&mut self, api: &mut Api) -> Result<Stage> {
        let Some((_, errand)) = &mut self.order else {
            return Ok(Stage::NotBegun);
        };
        errand.stage(api).inspect_err(|problem| {
            if matches!(problem, Error::TaskFailed(_)) {
                self.order = None;
            }
        })
    }
}
