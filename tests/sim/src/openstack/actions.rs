//! Actions on servers, and their records.

use serde_json::{Value, json};

use super::servers::vm_state;
use super::{OpenStack, REQUEST_ID, refused, request_id};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request};

/// An accepted action. It progresses at each read of its server and of its record.
#[derive(Debug)]
pub(super) struct Action {
    request: String,
    machine: String,
    name: &'static str,
    /// The states that the server goes through; none if it already has, or if a plan removes the effect.
    truths: Vec<Power>,
    /// The results, step by step: `none` before an event, `running`, `Success` or `Error`; the last one forever.
    results: Vec<String>,
    next: usize,
    over: bool,
}

impl Action {
    fn result(&self) -> &str {
        let last = self.results.len().saturating_sub(1);
        self.results.get(self.next.min(last)).map_or("none", String::as_str)
    }

    fn advance(&mut self, device: &mut Device) {
        if self.over {
            return;
        }
        if self.result() == "Success"
            && let Some(machine) = device.fleet.get_mut(&self.machine)
        {
            machine.operate(self.name, &self.truths);
        }
        self.over = ["Success", "Error"].contains(&self.result());
        if !self.over {
            self.next += 1;
        }
    }

    fn record(&self, with_events: bool) -> Value {
        // A result is shown only after its effect.
        let result = Some(self.result()).filter(|_| self.over);
        let events = match (self.result(), result) {
            ("none", _) => json!([]),
            (_, result) => json!([{
                "event": format!("compute_{}_instance", self.name),
                "start_time": "2026-01-01T00:00:00.000000",
                "finish_time": result.map(|_| "2026-01-01T00:00:01.000000"),
                "result": result,
            }]),
        };
        let mut record = json!({
            "action": self.name,
            "instance_uuid": self.machine,
            "request_id": self.request,
            "user_id": "u1",
            "project_id": "p1",
            "start_time": "2026-01-01T00:00:00.000000",
            "message": (result == Some("Error")).then_some("Error"),
        });
        if with_events {
            record["events"] = events;
        }
        record
    }
}

/// The name of an action, and the states that a server in this state goes through; `None` if Nova rejects it.
fn effect(body: &Value, power: &Power) -> Option<(&'static str, Option<Vec<Power>>)> {
    let member = body.as_object()?.keys().next()?.as_str();
    let is_error = |power: &Power| *power == Power::Other("ERROR".to_owned());
    Some(match member {
        "os-stop" => {
            let accepted = *power == Power::On || is_error(power);
            ("stop", accepted.then(|| vec![Power::Off]))
        }
        "os-start" => ("start", (*power == Power::Off).then(|| vec![Power::On])),
        "reboot" if body["reboot"]["type"] == "HARD" => {
            let rejected = ["RESCUE", "SHELVED", "SHELVED_OFFLOADED", "BUILD"];
            let accepted = !rejected.iter().any(|word| *power == Power::Other((*word).to_owned()));
            ("reboot", accepted.then(|| vec![Power::Off, Power::On]))
        }
        "pause" => ("pause", (*power == Power::On).then(|| vec![Power::Paused])),
        "unpause" => ("unpause", (*power == Power::Paused).then(|| vec![Power::On])),
        "resume" => {
            let accepted = *power == Power::Other("SUSPENDED".to_owned());
            ("resume", accepted.then(|| vec![Power::On]))
        }
        _ => return None,
    })
}

impl OpenStack {
    /// `POST /v2.1/servers/ID/action`.
    pub(super) fn act(&mut self, device: &mut Device, id: &str, request: &Request, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let Some(machine) = device.fleet.get(id) else {
            return refused(404, &format!("Instance {id} could not be found."));
        };
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let Some((name, truths)) = effect(&body, machine.power()) else {
            return refused(400, "There is no such action");
        };
        let state = vm_state(machine.power());
        let conflict = |what: &str| refused(409, &format!("Cannot '{name}' instance {id} while it is in {what}"));
        match word {
            "locked" => return refused(409, &format!("Instance {id} is locked")),
            "conflict" => return conflict(&format!("vm_state {state}")),
            "in-task" => return conflict("task_state powering-off"),
            "policy" => {
                let policy = format!("Policy doesn't allow os_compute_api:servers:{name} to be performed.");
                return refused(403, &policy);
            }
            "limit" => {
                let mut refusal = refused(429, "This request was rate-limited.");
                refusal.headers.push(("retry-after", "1".to_owned()));
                return refusal;
            }
            _ => {}
        }
        if let Some(task) = self.task_state(id) {
            return conflict(&format!("task_state {task}"));
        }
        let Some(truths) = truths else {
            return conflict(&format!("vm_state {state}"));
        };
        let truths = if word == "no-effect" { Vec::new() } else { truths };
        let accepted = request_id(request.order);
        let results = self.results(device);
        self.actions.push(Action {
            request: accepted.clone(),
            machine: machine_id(device, id),
            name,
            truths,
            results,
            next: 0,
            over: false,
        });
        let mut headers = vec![("content-type", "application/json".to_owned())];
        // An empty id still stands for the field that the services always send.
        let id = if word == "no-request-id" {
            String::new()
        } else {
            accepted
        };
        headers.push((REQUEST_ID, id));
        Answer {
            status: 202,
            headers,
            body: Vec::new(),
        }
    }

    /// The results of a new action.
    fn results(&self, device: &mut Device) -> Vec<String> {
        let planned = device.faults.strike(Some("instance-action"), Occasion::Creation);
        if let Some(words) = planned.and_then(|plan| plan.kind.text) {
            return words.split(',').map(|word| word.trim().to_owned()).collect();
        }
        let running = std::iter::repeat_n("running", self.settings.action_polls as usize);
        let results = running.chain(["Success"]).map(str::to_owned);
        results.collect()
    }

    /// Advances the actions of a server.
    pub(super) fn advance(&mut self, device: &mut Device, id: &str) {
        let own = self
            .actions
            .iter_mut()
            .filter(|action| action.machine.eq_ignore_ascii_case(id));
        own.for_each(|action| action.advance(device));
    }

    /// The task state of a server whose action runs.
    pub(super) fn task_state(&self, id: &str) -> Option<&'static str> {
        let mut running = self.actions.iter().filter(|action| !action.over);
        let action = running.find(|action| action.machine.eq_ignore_ascii_case(id))?;
        Some(match action.name {
            "stop" => "powering-off",
            "start" => "powering-on",
            "reboot" => "rebooting_hard",
            _ => "pausing",
        })
    }

    /// `GET /v2.1/servers/ID/os-instance-actions`.
    pub(super) fn instance_actions(&self, device: &Device, id: &str) -> Answer {
        if device.fleet.get(id).is_none() {
            return refused(404, &format!("Instance {id} could not be found."));
        }
        let own = self
            .actions
            .iter()
            .filter(|action| action.machine.eq_ignore_ascii_case(id));
        let records: Vec<Value> = own.rev().map(|action| action.record(false)).collect();
        Answer::json(200, &json!({ "instanceActions": records }))
    }

    /// `GET /v2.1/servers/ID/os-instance-actions/REQUEST`. Users see the events since microversion 2.51.
    pub(super) fn instance_action(
        &mut self,
        device: &mut Device,
        server: &str,
        request: &str,
        microversion: u32,
        fault: Option<&Kind>,
    ) -> Answer {
        self.advance(device, server);
        let word = fault.map_or("", Kind::word);
        let missing = || {
            refused(
                404,
                &format!("Action for request_id {request} on instance {server} not found"),
            )
        };
        if word == "policy" {
            let policy = "Policy doesn't allow os_compute_api:os-instance-actions:show to be performed.";
            return refused(403, policy);
        }
        let mut own = self
            .actions
            .iter()
            .filter(|action| action.machine.eq_ignore_ascii_case(server));
        let Some(action) = own
            .find(|action| action.request == request)
            .filter(|_| word != "missing")
        else {
            return missing();
        };
        let mut record = action.record(microversion >= 51 && word != "no-events");
        if word == "other-action" {
            record["request_id"] = json!(request_id(0));
            record["message"] = Value::Null;
            record["events"] = json!([{ "event": "compute_stop_instance", "result": "Success", "finish_time": "x" }]);
        }
        Answer::json(200, &json!({ "instanceAction": record }))
    }
}

fn machine_id(device: &Device, id: &str) -> String {
    device
        .fleet
        .get(id)
        .map_or_else(|| id.to_owned(), |machine| machine.id().to_owned())
}
