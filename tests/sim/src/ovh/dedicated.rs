//! The calls for dedicated servers.

use serde_json::{Value, json};

use super::access::{form, now};
use super::api_error::{ApiError, BAD_REQUEST, CONFLICT, NOT_FOUND};
use super::server::{GOING_DARK, Kept, RESCUE, TYPES};
use super::task::{Done, Effect, Task, takes_effect, words};
use super::{Ovh, list, time};
use crate::fault::Kind;
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request};

impl Ovh {
    pub(super) fn kept(&mut self, id: &str) -> Result<&mut Kept, ApiError> {
        let own = self
            .servers
            .iter_mut()
            .find(|server| server.id.eq_ignore_ascii_case(id));
        own.ok_or(NOT_FOUND.saying(format!("The requested object (serviceName = {id}) does not exist")))
    }

    /// `GET /1.0/dedicated/server`.
    pub(super) fn servers(&self) -> Value {
        self.servers.iter().map(|server| server.id.as_str()).collect()
    }

    /// `GET /1.0/dedicated/server/ID`.
    pub(super) fn server(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let lasting = fault.is_some_and(|fault| fault.word() == "never-dark");
        let kept = self.kept(id)?;
        let machine = device.fleet.get_mut(&kept.id).ok_or(NOT_FOUND)?;
        let going_dark = *machine.power() == Power::Other(GOING_DARK.to_owned());
        match kept.dark_in.filter(|_| going_dark && !lasting) {
            Some(0) => machine.set_power(Power::Off),
            Some(reads) => kept.dark_in = Some(reads - 1),
            None => {}
        }
        let power_state = match machine.read() {
            Power::On => "poweron".to_owned(),
            Power::Off => "poweroff".to_owned(),
            Power::Other(word) if ![RESCUE, GOING_DARK, "network"].contains(&word.as_str()) => word,
            Power::Paused | Power::Other(_) => "poweron".to_owned(),
        };
        let mut server = json!({
            "name": machine.id(),
            "reverse": format!("{}.", machine.id()),
            "displayName": machine.name(),
            "ip": "192.0.2.10",
            "datacenter": "sbg3",
            "serverId": 1_234_567,
            "os": "debian12_64",
            "rack": "S301A01",
            "powerState": power_state,
            "bootId": kept.read_boot(),
            "commercialRange": "advance",
            "supportLevel": "pro",
            "region": "eu-west-sbg",
            "availabilityZone": "eu-west-sbg-a",
            "linkSpeed": null,
            "newUpgradeSystem": true,
            "professionalUse": false,
        });
        for (name, value) in &kept.members {
            server[name] = value.clone();
        }
        Ok(Answer::json(200, &disfigured(server, fault)))
    }

    /// `PUT /1.0/dedicated/server/ID`: writes all members; if one is invalid, none.
    pub(super) fn put(&mut self, id: &str, body: &str, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let lag = self.settings.boot_lag;
        let kept = self.kept(id)?;
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(body) else {
            return Err(BAD_REQUEST.saying("The body must be an object"));
        };
        if members.is_empty() {
            return Err(BAD_REQUEST.saying("The body must have a member"));
        }
        for (name, value) in &members {
            if let Some(wrong) = kept.fault_in(name, value) {
                return Err(BAD_REQUEST.saying(format!("[{name}] {wrong}")));
            }
        }
        if takes_effect(fault) {
            for (name, value) in members {
                match name.as_str() {
                    "bootId" => kept.change_boot(value.as_u64(), lag),
                    name => kept.write(name, value),
                }
            }
        }
        Ok(Answer::json(200, &Value::Null))
    }

    /// `GET /1.0/dedicated/server/ID/boot[?bootType=TYPE]`.
    pub(super) fn boots(&mut self, id: &str, request: &Request, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let wanted = query(request, "bootType");
        if let Some(wanted) = wanted.as_deref().filter(|wanted| !TYPES.contains(wanted)) {
            return Err(BAD_REQUEST.saying(format!("[bootType] {wanted} is not a boot type")));
        }
        let kept = self.kept(id)?;
        let boots = kept
            .boots
            .iter()
            .filter(|boot| wanted.as_ref().is_none_or(|wanted| *wanted == boot.kind));
        let ids: Vec<u64> = boots.map(|boot| boot.id).collect();
        let ids = match fault.map(Kind::word) {
            Some("strings") => ids.iter().map(u64::to_string).collect(),
            Some("negative") => json!([-1]),
            _ => json!(ids),
        };
        Ok(list(ids, fault))
    }

    /// `GET /1.0/dedicated/server/ID/boot/BOOT`.
    pub(super) fn boot(&mut self, id: &str, boot: &str, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let kept = self.kept(id)?;
        let found = kept.boots.iter().find(|own| own.id.to_string() == boot);
        let found = found.ok_or(NOT_FOUND.saying(format!("The requested object (bootId = {boot}) does not exist")))?;
        let kind = match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("type", Some(word))) => word,
            _ => &found.kind,
        };
        let answer = json!({
            "bootId": found.id,
            "bootType": kind,
            "kernel": match kind { "harddisk" => "hd", "power" => "poweroff", _ => "rescue-customer" },
            "description": format!("Simulated {kind}"),
        });
        Ok(Answer::json(200, &answer))
    }

    /// `POST /1.0/dedicated/server/ID/reboot`.
    pub(super) fn reboot(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        let task = self.begin_reboot(device, id, fault)?;
        let task = self.tasks.of(id).find(|own| own.id == task).ok_or(NOT_FOUND)?;
        let mut answer = describe(task, self.settings.utc_offset);
        match fault.map(Kind::word) {
            Some("no-task-id") => drop(answer.as_object_mut().map(|members| members.remove("taskId"))),
            Some("null") => answer = Value::Null,
            Some("task-id-string") => answer["taskId"] = json!(task.id.to_string()),
            _ => {}
        }
        Ok(Answer::json(200, &answer))
    }

    /// Creates the task of a hard reboot, and returns its id.
    pub(super) fn begin_reboot(
        &mut self,
        device: &mut Device,
        id: &str,
        fault: Option<&Kind>,
    ) -> Result<u64, ApiError> {
        let (now, polls) = (now(&self.settings), self.settings.task_polls);
        let pending = self.tasks.pending(id);
        let kept = self.kept(id)?;
        if pending {
            return Err(CONFLICT);
        }
        if kept.members["state"] == "hackedBlocked" {
            return Err(ApiError::named("FORBIDDEN").saying("This server is blocked"));
        }
        if fault.is_some_and(|fault| fault.word() == "boot-reverted") {
            kept.boot = kept.previous;
            kept.stale = None;
        }
        let effect = if takes_effect(fault) {
            Effect::Boot {
                instead: kept.stale.map(|(old, _)| old),
            }
        } else {
            Effect::None
        };
        let function = match fault.map(Kind::word) {
            Some("other-function") => "resetIPMI",
            _ => "hardReboot",
        };
        let words = words("init", Some("todo"), polls);
        let owner = (id, function, "hardReboot");
        let task = self.tasks.add(device, "task", words, owner, effect, now);
        if let Some(done) = self.tasks.settle(task, now) {
            self.take_effect(device, &done);
        }
        Ok(task)
    }

    /// A machine loses power and starts from its boot entry.
    pub(super) fn start(&mut self, device: &mut Device, done: &Done, instead: Option<Option<u64>>) {
        let dark_reads = self.settings.dark_reads;
        let Ok(kept) = self.kept(&done.owner) else { return };
        let Some(machine) = device.fleet.get_mut(&kept.id) else {
            return;
        };
        let kind = kept.kind(instead.unwrap_or(kept.boot)).unwrap_or("harddisk");
        let truth = match kind {
            "rescue" => Power::Other(RESCUE.to_owned()),
            "power" => Power::Other(GOING_DARK.to_owned()),
            "network" => Power::Other("network".to_owned()),
            _ => Power::On,
        };
        let dark_in = (kind == "power").then_some(dark_reads);
        machine.operate(done.operation, &[Power::Off, truth]);
        kept.dark_in = dark_in;
    }

    /// `GET /1.0/dedicated/server/ID/task[?function=…&status=…]`.
    pub(super) fn server_tasks(
        &mut self,
        id: &str,
        request: &Request,
        fault: Option<&Kind>,
    ) -> Result<Answer, ApiError> {
        self.kept(id)?;
        let (function, status) = (query(request, "function"), query(request, "status"));
        let tasks = self
            .tasks
            .of(id)
            .filter(|task| function.as_ref().is_none_or(|function| *function == task.function))
            .filter(|task| status.as_ref().is_none_or(|status| status == task.state()));
        Ok(list(tasks.map(|task| task.id).collect(), fault))
    }

    /// `GET /1.0/dedicated/server/ID/task/TASK`.
    pub(super) fn server_task(&mut self, id: &str, task: &str, fault: Option<&Kind>) -> Result<Answer, ApiError> {
        self.kept(id)?;
        let found = self.tasks.get(id, task).ok_or(NOT_FOUND)?;
        let mut answer = describe(found, self.settings.utc_offset);
        match fault.map(Kind::word) {
            Some("missing") => {
                return Err(NOT_FOUND.saying(format!("The requested object (taskId = {task}) does not exist")));
            }
            Some("other-id") => (answer["taskId"], answer["status"]) = (json!(found.id + 1000), json!("done")),
            Some("other-function") => (answer["function"], answer["status"]) = (json!("resetIPMI"), json!("done")),
            Some("no-status") => drop(answer.as_object_mut().map(|members| members.remove("status"))),
            Some("null-status") => answer["status"] = Value::Null,
            _ => {}
        }
        Ok(Answer::json(200, &answer))
    }
}

/// A task of a dedicated server as the service describes it.
fn describe(task: &Task, utc_offset: i32) -> Value {
    let date = |seconds| time::iso(seconds, utc_offset);
    json!({
        "taskId": task.id,
        "function": task.function,
        "status": task.state(),
        "comment": match task.state() {
            "cancelled" | "customerError" | "ovhError" => Some("Simulated: the intervention failed"),
            _ => None,
        },
        "startDate": date(task.started),
        "lastUpdate": date(task.ended.unwrap_or(task.started)),
        "doneDate": task.ended.filter(|_| task.state() == "done").map(date),
        "needSchedule": false,
        "note": null,
        "tags": null,
        "plannedInterventionId": null,
        "ticketReference": null,
    })
}

/// A server, changed by the fault. An answer that an agent must reject reports `poweroff`, so that a test notices an
/// agent that accepts it.
fn disfigured(mut server: Value, fault: Option<&Kind>) -> Value {
    let Some(fault) = fault else { return server };
    let text = fault.text.as_deref().unwrap_or_default();
    let mut remove = |name| drop(server.as_object_mut().map(|members| members.remove(name)));
    match fault.word() {
        "no-power-state" => remove("powerState"),
        "null-power-state" => server["powerState"] = Value::Null,
        "number-power-state" => server["powerState"] = json!(0),
        "power-state" => server["powerState"] = json!(text),
        "other-server" => {
            (server["name"], server["reverse"]) = (json!("ns999999.ip-192-0-2.eu"), json!("ns999999.ip-192-0-2.eu."));
            server["powerState"] = json!("poweroff");
        }
        "no-boot-id" => remove("bootId"),
        "null-boot-id" => server["bootId"] = Value::Null,
        "health" => server["state"] = json!(text),
        "array" => {
            server["powerState"] = json!("poweroff");
            server = json!([server]);
        }
        "null" => server = Value::Null,
        _ => {}
    }
    server
}

fn query(request: &Request, name: &str) -> Option<String> {
    let (_, query) = request.target.split_once('?')?;
    form(query).find(|(own, _)| own == name).map(|(_, value)| value)
}
