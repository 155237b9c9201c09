//! Virtual private servers.

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::call::Call;
use crate::errors;
use crate::pending_task::{PendingTask, Stage};
use crate::permissions::{self, Rule};
use crate::task::Owner;

/// One VPS, and what this session asked of it last.
#[derive(Debug)]
pub(crate) struct Vps {
    name: String,
    order: Option<(Operation, PendingTask)>,
}

/// What it can be asked for.
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

    /// What the device calls its task.
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
            // One reboot is not as good as another.
            Self::Reboot => false,
        }
    }
}

/// A VPS as it reads now.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    name: String,
    display_name: Option<String>,
    #[serde(default)]
    state: Value,
    netboot_mode: Option<String>,
}

impl View {
    /// Off is only what the device calls stopped, and on what runs its own
    /// system. All else may run, or come to run, without being switched on.
    pub(crate) fn power(&self) -> PowerStatus {
        let in_rescue = self.netboot_mode.as_deref().is_some_and(|mode| mode != "local");
        match self.state.as_str() {
            Some("stopped") => PowerStatus::Off,
            Some("running" | "backuping") if !in_rescue => PowerStatus::On,
            Some(
                "running" | "backuping" | "stopping" | "rebooting" | "installing" | "maintenance" | "upgrading"
                | "rescued",
            ) => PowerStatus::Standby,
            word => {
                let word = word.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{}: its state says nothing: {word}", self.name));
                PowerStatus::Unknown
            }
        }
    }

    /// A second name, for people.
    pub(crate) fn alias(&self) -> Option<&str> {
        let name = self.display_name.as_deref()?;
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
        // Sent, unanswered, and without a task: what reads stopped may be from before. The host asks again, and the
        // device's answer to that decides.
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
                    format!("{}: another request is under way", self.name),
                    None,
                ));
            }
            Stage::NotBegun if is_same && self.has_begun() => {}
            _ => self.order = None,
        }
        if self.order.is_none() {
            // One that reads stopped may have been started a moment ago; a stop that is refused tells.
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
            // The device also refuses what is done already.
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

    /// How far the request is. A failed one is told once.
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
