//! Requests that switch a machine by SOAP, and their tasks.

use super::document::Call;
use super::document::{Fault, Object, element};
use super::properties::{set, typed};
use super::soap::{Outcome, Soap};
use crate::fault::Occasion;
use crate::machine::Power;
use crate::protocol::Device;

/// A task. It progresses at each poll, and at each read of its machine.
#[derive(Debug)]
pub(super) struct Pending {
    number: u64,
    vm: String,
    target: Power,
    operation: String,
    /// Its states, step by step; the last one forever.
    states: Vec<String>,
    next: usize,
    is_over: bool,
    has_effect: bool,
    /// The reason of its error.
    reason: Option<&'static str>,
}

impl Pending {
    fn id(&self) -> String {
        format!("task-{}", self.number)
    }

    /// Advances by one step, and returns the state.
    fn advance(&mut self, device: &mut Device) -> String {
        let last = self.states.len().saturating_sub(1);
        let state = self.states.get(self.next.min(last)).cloned().unwrap_or_default();
        self.next += 1;
        if !self.is_over
            && state == "success"
            && self.has_effect
            && let Some(machine) = device.fleet.get_mut(&self.vm)
        {
            machine.operate(&self.operation, std::slice::from_ref(&self.target));
        }
        self.is_over |= ["success", "error"].contains(&state.as_str());
        state
    }
}

fn word_of(power: &Power) -> &str {
    match power {
        Power::On => "poweredOn",
        Power::Off => "poweredOff",
        Power::Paused => "suspended",
        Power::Other(word) => word,
    }
}

fn invalid_state(target: &Power, existing: &str) -> Fault {
    let detail = element("requestedState", word_of(target)) + &element("existingState", existing);
    Fault::new("InvalidPowerState", detail)
}

impl Soap {
    /// `PowerOnVM_Task` and `PowerOffVM_Task`.
    pub(super) fn power(&mut self, device: &mut Device, call: &Call, target: &Power, word: &str) -> Outcome {
        let object = call.this.clone().unwrap_or_default();
        match word {
            "already" => return Err(invalid_state(target, word_of(target))),
            "suspended" => return Err(invalid_state(target, "suspended")),
            "in-progress" => return Err(Fault::new("TaskInProgress", "")),
            "privilege" => {
                let privilege = element("privilegeId", "VirtualMachine.Interact.PowerOff");
                return Err(Fault::new("NoPermission", object.element("object") + &privilege));
            }
            "license" => return Err(Fault::new("RestrictedVersion", "")),
            "refuse" => return Err(Fault::new("InvalidState", "")),
            _ => {}
        }
        let vm = self.settings.vm(&object.id).filter(|vm| !vm.is_template);
        let (Some(vm), Some(machine)) = (vm, device.fleet.get(&object.id)) else {
            return Err(Fault::new("ManagedObjectNotFound", object.element("obj")));
        };
        if vm.lost.is_some() {
            return Err(Fault::new("InvalidState", ""));
        }
        let is_there = machine.power() == target && word != "no-effect";
        let planned = device.faults.strike(Some("task"), Occasion::Creation);
        let states = match planned.and_then(|plan| plan.kind.text) {
            Some(planned) => planned.split(',').map(str::to_owned).collect(),
            None => {
                let last = if is_there { "error" } else { "success" };
                let running = (0..self.settings.task_polls).map(|_| "running");
                running.chain([last]).map(str::to_owned).collect()
            }
        };
        self.tasks += 1;
        let mut pending = Pending {
            number: self.tasks,
            vm: object.id,
            target: target.clone(),
            operation: call.method.clone(),
            states,
            next: 0,
            is_over: false,
            has_effect: word != "no-effect",
            reason: is_there.then_some("InvalidPowerState"),
        };
        if word == "no-task" {
            pending.states = vec!["success".to_owned()];
            pending.advance(device);
            return Ok(String::new());
        }
        let task = Object::new("Task", &pending.id()).element("returnval");
        self.pending.push(pending);
        Ok(task)
    }

    /// The state of a task as one `objects` element.
    pub(super) fn task(&mut self, device: &mut Device, id: &str, word: &str) -> Outcome {
        let info = self.task_info(device, id, word)?;
        let (state, error) = info.split_once("<error").unwrap_or((&info, ""));
        let start = state.rfind("<state>").map_or(0, |at| at + "<state>".len());
        let state = state[start..].split('<').next().unwrap_or_default();
        let shown = if word == "other-task" { "task-0" } else { id };
        let mut object = Object::new("Task", shown).element("obj") + &set("info.state", &typed("TaskInfoState", state));
        if !error.is_empty() {
            let error = format!("<val{}", error.replace("</error>", "</val>"));
            object += &set("info.error", &error);
        }
        Ok(format!("<objects>{object}</objects>"))
    }

    /// The content of `TaskInfo`, after one step.
    pub(super) fn task_info(&mut self, device: &mut Device, id: &str, word: &str) -> Outcome {
        let missing = || Fault::new("ManagedObjectNotFound", Object::new("Task", id).element("obj"));
        if word == "missing" {
            return Err(missing());
        }
        let mut tasks = self.pending.iter_mut();
        let task = tasks.find(|task| task.id() == id).ok_or_else(missing)?;
        let state = match word {
            "already" | "no-reason" => "error".to_owned(),
            "other-task" => "success".to_owned(),
            _ => task.advance(device),
        };
        let mut info = element("key", id) + &Object::new("Task", id).element("task") + &element("state", &state);
        if state == "error" && word != "no-reason" {
            let fault = if word == "already" || task.reason.is_some() {
                invalid_state(&task.target, word_of(&task.target))
            } else {
                Fault::new("GenericVmConfigFault", element("reason", "simulated"))
            };
            info += &fault.localized("error");
        }
        Ok(info)
    }

    /// Advances the tasks of a machine, or of all.
    pub(super) fn advance(&mut self, device: &mut Device, id: Option<&str>) {
        let is_own = |task: &&mut Pending| id.is_none_or(|id| task.vm == id) && !task.is_over;
        for task in self.pending.iter_mut().filter(is_own) {
            task.advance(device);
        }
    }
}
