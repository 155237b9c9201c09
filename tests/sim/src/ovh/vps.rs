//! Virtual private servers.

use serde_json::{Value, json};

use super::access::now;
use super::api_error::{ApiError, BAD_REQUEST, CONFLICT, NOT_FOUND};
use super::task::{Effect, Task, takes_effect, words};
use super::{Ovh, list, time};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Request};

/// The task of an operation, and the states that a VPS in this state goes through; `None` if it is refused.
fn plan(operation: &str, power: &Power) -> Option<(&'static str, &'static str, Vec<Power>)> {
    Some(match (operation, power) {
        ("stop", Power::Off) | ("start", Power::On) => return None,
        ("stop", _) => ("stop", "stopVm", vec![Power::Off]),
        ("start", _) => ("start", "startVm", vec![Power::On]),
        (_, Power::Off) => return None,
        _ => ("reboot", "rebootVm", vec![Power::Off, Power::On]),
    })
}

impl Ovh {
    fn own_vps<'a>(&self, device: &'a mut Device, id: &str) -> Result<&'a mut Machine, ApiError> {
        let own = self.vps.iter().any(|own| own.eq_ignore_ascii_case(id));
        let machine = device.fleet.get_mut(id).filter(|_| own);
        machine.ok_or(NOT_FOUND.saying(format!("The requested object (serviceName = {id}) does not exist")))
    }

    /// `GET /1.0/vps/ID`.
    pub(super) fn vps(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let machine = self.own_vps(device, id)?;
        let shown = machine.read();
        let pending = self.tasks.of(id).find(|task| task.pending());
        let state = match (&shown, pending.map(|task| task.function.as_str())) {
            (Power::On, Some("stopVm")) => "stopping",
            (Power::On, Some("rebootVm")) => "rebooting",
            (Power::On, _) => "running",
            (Power::Off, _) => "stopped",
            (Power::Paused, _) => "maintenance",
            (Power::Other(word), _) => word,
        };
        let mut vps = json!({
            "name": machine.id(),
            "displayName": machine.name(),
            "state": state,
            "zone": "Region OpenStack: os-gra1",
            "cluster": "",
            "netbootMode": "local",
            "vcore": 2,
            "memoryLimit": 4096,
            "offerType": "ssd",
            "model": { "name": "vps-comfort", "vcore": 2, "memory": 4096, "disk": 80 },
            "keymap": null,
            "lockStatus": null,
            "monitoringIpBlocks": [],
            "slaMonitoring": true,
        });
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("no-state", _)) => drop(vps.as_object_mut().map(|members| members.remove("state"))),
            Some(("null-state", _)) => vps["state"] = Value::Null,
            Some(("state", Some(word))) => vps["state"] = json!(word),
            // An answer that an agent must reject reports `stopped`, so that a test notices an agent that accepts it.
            Some(("other-vps", _)) => {
                (vps["name"], vps["state"]) = (json!("vps-99999999.vps.ovh.net"), json!("stopped"))
            }
            _ => {}
        }
        Ok(Answer::json(200, &vps))
    }

    /// `POST /1.0/vps/ID/stop`, `/start`, `/reboot`.
    pub(super) fn operate_vps(
        &mut self,
        device: &mut Device,
        id: &str,
        operation: &str,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        let power = self.own_vps(device, id)?.power().clone();
        if self.tasks.pending(id) {
            return Err(CONFLICT);
        }
        let wrong = BAD_REQUEST.saying(format!("This VPS cannot {operation} in its present state"));
        let (operation, function, truths) = plan(operation, &power).ok_or(wrong)?;
        let effect = if takes_effect(fault) {
            Effect::Truths(truths)
        } else {
            Effect::None
        };
        let now = now(&self.settings);
        let words = words("todo", None, self.settings.task_polls);
        let owner = (id, function, operation);
        let task = self.tasks.add(device, "vps-task", words, owner, effect, now);
        if let Some(done) = self.tasks.settle(task, now) {
            self.take_effect(device, &done);
        }
        let task = self.tasks.of(id).find(|own| own.id == task).ok_or(NOT_FOUND)?;
        let mut answer = describe(task, self.settings.utc_offset);
        match fault.map(Kind::word) {
            Some("no-task-id") => drop(answer.as_object_mut().map(|members| members.remove("id"))),
            Some("null") => answer = Value::Null,
            _ => {}
        }
        Ok(Answer::json(200, &answer))
    }

    /// `GET /1.0/vps/ID/tasks[?state=…&type=…]`.
    pub(super) fn vps_tasks(
        &mut self,
        device: &mut Device,
        id: &str,
        request: &Request,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        self.own_vps(device, id)?;
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let wanted: Vec<(String, String)> = super::access::form(query).collect();
        let fits = |task: &&Task| {
            wanted.iter().all(|(name, value)| match name.as_str() {
                "state" => value == task.state(),
                "type" => *value == task.function,
                _ => true,
            })
        };
        let ids = self.tasks.of(id).filter(fits).map(|task| task.id);
        Ok(list(ids.collect(), fault))
    }

    /// `GET /1.0/vps/ID/tasks/TASK`.
    pub(super) fn vps_task(
        &mut self,
        device: &mut Device,
        id: &str,
        task: &str,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        self.own_vps(device, id)?;
        let found = self.tasks.get(id, task).ok_or(NOT_FOUND)?;
        let mut answer = describe(found, self.settings.utc_offset);
        match fault.map(Kind::word) {
            Some("missing") => return Err(NOT_FOUND),
            Some("other-id") => (answer["id"], answer["state"]) = (json!(found.id + 1000), json!("done")),
            Some("other-type") => (answer["type"], answer["state"]) = (json!("createSnapshot"), json!("done")),
            Some("null-state") => answer["state"] = Value::Null,
            _ => {}
        }
        Ok(Answer::json(200, &answer))
    }
}

/// A task of a VPS as the service describes it.
fn describe(task: &Task, utc_offset: i32) -> Value {
    json!({
        "id": task.id,
        "type": task.function,
        "state": task.state(),
        "progress": if task.state() == "done" { 100 } else { 0 },
        "date": time::iso(task.started, utc_offset),
    })
}
