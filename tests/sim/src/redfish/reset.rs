//! Requests that switch a system, and the tasks and transitions that they begin.

use serde_json::{Value, json};

use super::{Redfish, task_path};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request};

/// An accepted request that is not complete. It progresses at each poll of its task, and at each read of its system.
#[derive(Debug)]
pub(super) struct Pending {
    /// The number of the task; none for a transition without one.
    pub(super) task: Option<u64>,
    pub(super) system: String,
    reset_type: String,
    /// The states that the system goes through at the end; none if it already has.
    effect: Option<Vec<Power>>,
    /// The words of the task or of the power state, step by step; the last one forever.
    states: Vec<String>,
    next: usize,
    over: bool,
}

impl Pending {
    /// Advances by one step, and returns the word for it.
    fn advance(&mut self, device: &mut Device) -> String {
        let last = self.states.len().saturating_sub(1);
        let state = self.states.get(self.next.min(last)).cloned().unwrap_or_default();
        self.next += 1;
        if !self.over
            && state == "Completed"
            && let (Some(machine), Some(truths)) = (device.fleet.get_mut(&self.system), &self.effect)
        {
            machine.operate(&self.reset_type, truths);
        }
        self.over |= ["Completed", "Exception", "Killed", "Cancelled"].contains(&state.as_str());
        state
    }
}

/// The states that a system goes through; `None` if the type does not exist.
fn truths(reset_type: &str, power: &Power) -> Option<Vec<Power>> {
    Some(match reset_type {
        "On" | "ForceOn" => vec![Power::On],
        "ForceOff" | "GracefulShutdown" => vec![Power::Off],
        "ForceRestart" | "PowerCycle" => vec![Power::Off, Power::On],
        // The button toggles.
        "PushPowerButton" if *power == Power::On => vec![Power::Off],
        "PushPowerButton" => vec![Power::On],
        // The machine keeps its power.
        "Nmi" | "GracefulRestart" => Vec::new(),
        _ => return None,
    })
}

impl Redfish {
    /// `POST Systems/ID/Actions/ComputerSystem.Reset`.
    pub(super) fn reset(&mut self, device: &mut Device, id: &str, request: &Request, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        if let Some((status, key)) = refusal(word) {
            return self.refusal(status, key);
        }
        let Some(machine) = device.fleet.get(id) else {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        };
        let profile = self.settings.profile;
        let etag = super::etag(machine);
        let is_current = request
            .header("if-match")
            .is_some_and(|given| given == etag || given == "*");
        if profile.needs_etag() && !is_current {
            return self.refusal(412, "Base.1.8.PreconditionFailed");
        }
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let Some(reset_type) = body["ResetType"].as_str() else {
            return self.refusal(400, "Base.1.8.ActionParameterMissing");
        };
        if !profile.reset_types().contains(&reset_type) {
            return self.refusal(400, "Base.1.8.ActionParameterNotSupported");
        }
        let Some(truths) = truths(reset_type, machine.power()) else {
            return self.refusal(400, "Base.1.8.ActionParameterNotSupported");
        };
        let is_on = *machine.power() != Power::Off;
        // A diagnostic interrupt needs a system that runs.
        let already = match reset_type {
            "Nmi" => !is_on,
            _ => truths == [machine.power().clone()],
        };
        if let (true, Some((status, key))) = (already, profile.already(is_on)) {
            return self.refusal(status, key);
        }
        self.accept(device, id, reset_type, truths, fault)
    }

    fn accept(
        &mut self,
        device: &mut Device,
        id: &str,
        reset_type: &str,
        truths: Vec<Power>,
        fault: Option<&Kind>,
    ) -> Answer {
        let word = fault.map_or("", Kind::word);
        let profile = self.settings.profile;
        let truths = if word == "no-effect" { Vec::new() } else { truths };
        let has_task = profile.accepted() == 202 && !["no-task", "elsewhere"].contains(&word);
        let transition = profile.transition();
        if has_task || (transition > 0 && !truths.is_empty()) {
            self.begin(device, id, reset_type, truths, has_task);
        } else if word != "no-effect"
            && let Some(machine) = device.fleet.get_mut(id)
        {
            machine.operate(reset_type, &truths);
        }
        match (word, profile.accepted()) {
            ("no-task", _) => Answer::json(202, &json!({})),
            ("elsewhere", _) => {
                let url = fault.and_then(|fault| fault.text.clone()).unwrap_or_default();
                with_location(Answer::json(202, &json!({})), url)
            }
            (_, 202) => {
                let path = task_path(self.tasks);
                with_location(Answer::json(202, &task(self.tasks, "New")), path)
            }
            (_, 200) => Answer::json(200, &success()),
            (_, status) => Answer {
                status,
                ..Answer::default()
            },
        }
    }

    /// Begins a task or a transition. A system that is powering on has power, and one that is powering off too.
    fn begin(&mut self, device: &mut Device, id: &str, reset_type: &str, truths: Vec<Power>, has_task: bool) {
        let planned = has_task
            .then(|| device.faults.strike(Some("task"), Occasion::Creation))
            .flatten();
        let planned = planned.and_then(|plan| plan.kind.text);
        let is_switched_on = truths == [Power::On];
        let (running, steps) = match (has_task, is_switched_on) {
            (true, _) => ("Running", self.settings.task_polls),
            (false, true) => ("PoweringOn", self.settings.profile.transition()),
            (false, false) => ("PoweringOff", self.settings.profile.transition()),
        };
        let states = match planned {
            Some(planned) => planned.split(',').map(str::to_owned).collect(),
            None => {
                let states = (0..steps).map(|_| running).chain(["Completed"]);
                states.map(str::to_owned).collect()
            }
        };
        self.tasks += u64::from(has_task);
        self.pending
            .retain(|pending| pending.task.is_some() || pending.system != id);
        let mut effect = Some(truths);
        if !has_task
            && is_switched_on
            && let (Some(machine), Some(truths)) = (device.fleet.get_mut(id), effect.take())
        {
            machine.operate(reset_type, &truths);
        }
        self.pending.push(Pending {
            task: has_task.then_some(self.tasks),
            system: id.to_owned(),
            reset_type: reset_type.to_owned(),
            effect,
            states,
            next: 0,
            over: false,
        });
    }

    /// `GET TaskService/TaskMonitors/ID`.
    pub(super) fn task(&mut self, device: &mut Device, number: &str, fault: Option<&Kind>) -> Answer {
        match fault.map(Kind::word) {
            Some("missing") => return self.refusal(404, "Base.1.8.ResourceMissingAtURI"),
            Some("failed") => return self.refusal(400, "Base.1.8.ActionNotSupported"),
            _ => {}
        }
        let mut pending = self.pending.iter_mut();
        let Some(found) = pending.find(|pending| pending.task.is_some_and(|own| own.to_string() == number)) else {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        };
        let state = found.advance(device);
        let running = !found.over;
        let number = found.task.unwrap_or_default();
        Answer::json(if running { 202 } else { 200 }, &task(number, &state))
    }

    /// Advances what happens to a system, and returns the power state of a transition.
    pub(super) fn advance(&mut self, device: &mut Device, id: &str) -> Option<String> {
        let mut shown = None;
        for pending in &mut self.pending {
            if pending.system.eq_ignore_ascii_case(id) && !pending.over {
                let state = pending.advance(device);
                shown = Some(state).filter(|_| pending.task.is_none() && !pending.over);
            }
        }
        shown
    }
}

/// The refusals that plans make.
fn refusal(word: &str) -> Option<(u16, &'static str)> {
    Some(match word {
        "refuse" => (400, "Base.1.8.ActionNotSupported"),
        "already" => (409, "IDRAC.2.8.PSU502"),
        "in-use" => (409, "Base.1.8.ResourceInUse"),
        "not-ready" => (503, "IDRAC.2.8.SWC0700"),
        "privilege" => (403, "Base.1.8.InsufficientPrivilege"),
        "license" => (400, "SMC.1.0.OemLicenseNotPassed"),
        "precondition" => (412, "Base.1.8.PreconditionFailed"),
        _ => return None,
    })
}

fn with_location(mut answer: Answer, location: String) -> Answer {
    answer.headers.push(("location", location));
    answer
}

fn task(number: u64, state: &str) -> Value {
    let message = json!({ "MessageId": "Base.1.8.InternalError", "Message": "the power supply did not react" });
    let messages = if state == "Exception" {
        vec![message]
    } else {
        Vec::new()
    };
    json!({
        "@odata.type": "#Task.v1_4_2.Task",
        "@odata.id": task_path(number),
        "Id": number.to_string(),
        "Name": "Reset",
        "TaskState": state,
        "Messages": messages,
    })
}

fn success() -> Value {
    json!({ "@Message.ExtendedInfo": [{
        "@odata.type": "#Message.v1_1_1.Message",
        "MessageId": "Base.1.8.Success",
        "Message": "The request completed successfully.",
    }] })
}
