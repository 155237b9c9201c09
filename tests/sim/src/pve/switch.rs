//! Requests that switch a machine, and their tasks.

use serde_json::{Value, json};

use super::guests::{missing, no_configuration};
use super::login::{Sender, error, form, success};
use super::{Guest, Kind as Type, Pve};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device};

/// A task. It progresses at each poll, and at each read of its machine.
#[derive(Debug)]
pub(super) struct Task {
    upid: String,
    id: String,
    verb: &'static str,
    /// The states that the machine goes through at the end.
    effect: Vec<Power>,
    /// How it ends.
    end: String,
    /// The number of polls at which it still runs; forever if `None`.
    polls: Option<u32>,
    /// It is done, or has failed.
    is_over: bool,
    /// The number of reads of the machine before the effect, after the task is over, as with HA.
    reads_before: Option<u32>,
}

impl Pve {
    /// `POST nodes/NODE/TYPE/VMID/status/VERB`.
    pub(super) fn switch(
        &mut self,
        device: &mut Device,
        (node, id, verb): (&str, &str, &'static str),
        (sender, body): (Sender, &str),
        fault: Option<&Kind>,
    ) -> Answer {
        let word = fault.map_or("", Kind::word);
        match word {
            "refuse" => return error(500, "VM quit/powerdown failed"),
            "forbidden" => return error(403, &format!("Permission check failed (/vms/{id}, VM.PowerMgmt)")),
            "no-quorum" => return error(500, "cluster not ready - no quorum?"),
            "node-down" => return error(595, "No route to host"),
            "gone" => self.move_away(id),
            _ => {}
        }
        if !self.settings.may_switch {
            return error(403, &format!("Permission check failed (/vms/{id}, VM.PowerMgmt)"));
        }
        let form = form(body);
        if let Err(refusal) = self.check(form.keys().map(String::as_str), sender) {
            return refusal;
        }
        let Some(guest) = self.settings.guests.iter().find(|guest| guest.is_at(node, id)).cloned() else {
            return missing(node, id);
        };
        let Some(machine) = device.fleet.get(id) else {
            return missing(node, id);
        };
        let (mut effect, mut end) = outcome(&guest, verb, machine.power());
        let ignores_lock = form.get("skiplock").is_some_and(|value| value == "1");
        if let Some(lock) = guest
            .lock
            .as_ref()
            .filter(|lock| !ignores_lock && (verb, lock.as_str()) != ("start", "suspended"))
        {
            (effect, end) = (Vec::new(), format!("VM is locked ({lock})"));
        }
        match word {
            "migrates" => {
                self.move_away(id);
                (effect, end) = (Vec::new(), no_configuration(node, id));
            }
            "no-effect" => effect = Vec::new(),
            _ => {}
        }
        let upid = self.begin(device, &guest, verb, effect, end);
        match word {
            "no-task" => success(&Value::Null),
            "other-task" => success(&json!(upid.replace(&format!(":{id}:"), ":998:"))),
            "node-lost" => error(596, "Connection timed out"),
            _ => success(&json!(upid)),
        }
    }

    /// Refuses parameters that do not exist, or that the sender may not use.
    fn check<'a>(&self, names: impl Iterator<Item = &'a str>, sender: Sender) -> Result<(), Answer> {
        for name in names {
            let problem = match name {
                "skiplock" if sender == Sender::Root => continue,
                "skiplock" => "Only root may use this option.",
                "overrule-shutdown" if !self.settings.is_old => continue,
                "timeout" | "keepActive" => continue,
                _ => "property is not defined in schema and the schema does not allow additional properties",
            };
            let mut refusal = json!({ "data": null, "message": "Parameter verification failed.\n", "errors": {} });
            refusal["errors"][name] = json!(problem);
            return Err(Answer::json(400, &refusal));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        device: &mut Device,
        guest: &Guest,
        verb: &'static str,
        effect: Vec<Power>,
        end: String,
    ) -> String {
        self.started += 1;
        let is_of_ha = guest.is_managed && verb != "reset";
        let prefix = match (is_of_ha, guest.kind) {
            (true, _) => "ha",
            (false, Type::Qemu) => "qm",
            (false, Type::Lxc) => "vz",
        };
        let (node, id, login) = (&guest.node, guest.id(), &self.settings.login);
        let upid = format!(
            "UPID:{node}:{:08X}:000A1B2C:6B0CE84A:{prefix}{verb}:{id}:{login}:",
            self.started
        );
        let mut task = Task {
            upid: upid.clone(),
            id: id.to_owned(),
            verb,
            effect,
            end,
            polls: Some(self.settings.task_polls),
            is_over: false,
            reads_before: is_of_ha.then_some(self.settings.ha_reads),
        };
        let planned = device
            .faults
            .strike(Some("task"), Occasion::Creation)
            .map(|plan| plan.kind);
        match planned.as_ref().map(|kind| (kind.word(), kind.text.clone())) {
            Some(("ends", text)) => (task.effect, task.end) = (Vec::new(), text.unwrap_or_default()),
            Some(("endless", _)) => (task.effect, task.polls) = (Vec::new(), None),
            Some(("warns", _)) => task.end = "WARNINGS: 1".to_owned(),
            _ => {}
        }
        self.tasks.push(task);
        upid
    }

    /// Advances the tasks of a machine by one step.
    pub(super) fn advance_tasks(&mut self, device: &mut Device, id: &str) {
        for task in self.tasks.iter_mut().filter(|task| task.id == id) {
            task.advance(device);
            if let (true, Some(reads)) = (task.is_over, task.reads_before) {
                task.reads_before = reads.checked_sub(1);
                if reads == 0 {
                    task.take_effect(device);
                }
            }
        }
    }

    /// `GET nodes/NODE/tasks/UPID/status`.
    pub(super) fn task(&mut self, device: &mut Device, upid: &str, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let Some(task) = self
            .tasks
            .iter_mut()
            .find(|task| task.upid == upid)
            .filter(|_| word != "missing")
        else {
            return error(500, "no such task");
        };
        task.advance(device);
        let status = if task.is_over { "stopped" } else { "running" };
        let mut record = json!({ "upid": upid, "id": task.id, "status": status, "pid": 4712 });
        if task.is_over {
            record["exitstatus"] = json!(task.end);
        }
        match word {
            "no-exit" => record = json!({ "upid": upid, "id": task.id, "status": "stopped", "pid": 4712 }),
            "other-task" => {
                let other = upid.replacen("UPID:", "UPID:x", 1);
                record = json!({ "upid": other, "id": "998", "status": "stopped", "exitstatus": "OK" });
            }
            _ => {}
        }
        success(&record)
    }
}

impl Task {
    fn advance(&mut self, device: &mut Device) {
        match self.polls {
            _ if self.is_over => {}
            None => {}
            Some(0) => {
                self.is_over = true;
                if self.reads_before.is_none() {
                    self.take_effect(device);
                }
            }
            Some(polls) => self.polls = Some(polls - 1),
        }
    }

    fn take_effect(&mut self, device: &mut Device) {
        let effect = std::mem::take(&mut self.effect);
        if let Some(machine) = device.fleet.get_mut(&self.id)
            && !effect.is_empty()
        {
            machine.operate(self.verb, &effect);
        }
    }
}

/// What a request leads to: the states, and the end of the task.
fn outcome(guest: &Guest, verb: &str, power: &Power) -> (Vec<Power>, String) {
    let (id, ok) = (guest.id(), || "OK".to_owned());
    match (verb, power) {
        ("start", Power::Off) => (vec![Power::On], ok()),
        ("start", _) => (Vec::new(), format!("VM {id} already running")),
        ("stop", Power::Off) if guest.kind == Type::Lxc => (Vec::new(), format!("CT {id} not running")),
        ("stop", _) => (vec![Power::Off], ok()),
        ("reset", Power::Off) => (Vec::new(), format!("VM {id} not running")),
        // It keeps its process, and a paused one stays paused.
        (_, power) => (vec![Power::Off, power.clone()], ok()),
    }
}
