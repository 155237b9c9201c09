//! Requests that switch instances, and their operations.

use serde_json::{Value, json};

use super::instances::query;
use super::{Project, no_instance, refused};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request};

/// An accepted request. It progresses at each read of its instance and of the operation.
#[derive(Debug)]
pub(super) struct Operation {
    name: String,
    machine: String,
    instance: String,
    zone: String,
    verb: &'static str,
    /// The states that the instance goes through; none if it already has, or if a plan removes the effect.
    truths: Vec<Power>,
    /// The status, step by step: `PENDING`, `RUNNING`, `DONE`; `ERROR` is `DONE` with an error. The last one forever.
    results: Vec<String>,
    next: usize,
    over: bool,
}

impl Operation {
    fn result(&self) -> &str {
        let last = self.results.len().saturating_sub(1);
        self.results.get(self.next.min(last)).map_or("PENDING", String::as_str)
    }

    fn advance(&mut self, device: &mut Device) {
        if self.over {
            return;
        }
        if self.result() == "DONE"
            && let Some(machine) = device.fleet.get_mut(&self.machine)
        {
            machine.operate(self.verb, &self.truths);
        }
        self.over = ["DONE", "ERROR"].contains(&self.result());
        if !self.over {
            self.next += 1;
        }
    }
}

/// The verb, and the states that an instance in this state goes through; an error if the API refuses it.
fn effect(verb: &str, power: &Power) -> Result<Option<(&'static str, Vec<Power>)>, Answer> {
    let is_kept = matches!(power, Power::Paused) || *power == Power::Other("SUSPENDED".to_owned());
    Ok(Some(match (verb, power) {
        ("stop" | "start", _) if is_kept => {
            return Err(refused(
                400,
                "badRequest",
                "Instance is in state SUSPENDED; resume it first.",
            ));
        }
        ("stop", Power::Off) => ("stop", Vec::new()),
        ("stop", _) => ("stop", vec![Power::Off]),
        ("start", Power::Off) => ("start", vec![Power::On]),
        ("start", _) => ("start", Vec::new()),
        ("reset", Power::On) => ("reset", vec![Power::Off, Power::On]),
        ("reset", _) => {
            return Err(refused(
                400,
                "resourceNotReady",
                "The resource 'projects/proj1/…' is not ready",
            ));
        }
        _ => return Ok(None),
    }))
}

impl Project {
    /// `POST …/instances/NAME/VERB`.
    pub(super) fn act(
        &mut self,
        device: &mut Device,
        request: &Request,
        zone: &str,
        name: &str,
        verb: &str,
        fault: Option<&Kind>,
    ) -> Answer {
        let word = fault.map_or("", Kind::word);
        let Some(id) = self.find(device, zone, name) else {
            return no_instance(name);
        };
        let Some(machine) = device.fleet.get(&id) else {
            return no_instance(name);
        };
        match word {
            "refused" => return refused(400, "badRequest", "Instance has local SSD disks attached."),
            "not-ready" => return refused(400, "resourceNotReady", "The resource 'projects/proj1/…' is not ready"),
            _ => {}
        }
        let (verb, truths) = match effect(verb, machine.power()) {
            Ok(Some(effect)) => effect,
            Ok(None) => return refused(404, "notFound", "The requested URL was not found on this server."),
            Err(refusal) => return refusal,
        };
        let instance = machine.name().to_owned();
        let planned = device.faults.strike(Some("operation"), Occasion::Creation);
        let results = match planned.and_then(|plan| plan.kind.text) {
            Some(words) => words.split(',').map(|word| word.trim().to_owned()).collect(),
            None => {
                let running = std::iter::repeat_n("RUNNING", self.settings.operation_polls as usize);
                running.chain(["DONE"]).map(str::to_owned).collect()
            }
        };
        let operation = Operation {
            name: format!("operation-1764486000-{}", request.order),
            machine: id,
            instance,
            zone: zone.to_owned(),
            verb,
            truths: if word == "no-effect" { Vec::new() } else { truths },
            results,
            next: 0,
            over: false,
        };
        let mut record = self.record(&operation);
        // A request that was only accepted.
        record["status"] = json!("PENDING");
        match word {
            "other-target" => {
                record["targetLink"] = json!(self.link("zones/europe-west1-b/instances/node9"));
                record["targetId"] = json!("4510000000000000009");
            }
            "other-type" => record["operationType"] = json!("setLabels"),
            _ => {}
        }
        self.operations.push(operation);
        Answer::json(200, &record)
    }

    /// Advances the operations of an instance.
    pub(super) fn advance(&mut self, device: &mut Device, id: &str) {
        let own = self.operations.iter_mut().filter(|operation| operation.machine == id);
        own.for_each(|operation| operation.advance(device));
    }

    /// The verb of the operation of an instance that runs.
    pub(super) fn verb_of(&self, id: &str) -> Option<&'static str> {
        let mut running = self.operations.iter().filter(|operation| !operation.over);
        running
            .find(|operation| operation.machine == id)
            .map(|operation| operation.verb)
    }

    /// `GET …/operations/NAME`.
    pub(super) fn operation(&mut self, device: &mut Device, name: &str, fault: Option<&Kind>) -> Answer {
        let machine = self.operations.iter().find(|operation| operation.name == name);
        if let Some(machine) = machine.map(|operation| operation.machine.clone()) {
            self.advance(device, &machine);
        }
        let word = fault.map_or("", Kind::word);
        let found = self.operations.iter().find(|operation| operation.name == name);
        let Some(operation) = found.filter(|_| word != "missing") else {
            let message = format!("The resource 'projects/proj1/zones/…/operations/{name}' was not found");
            return refused(404, "notFound", &message);
        };
        let mut record = self.record(operation);
        match word {
            "no-status" => {
                record.as_object_mut().map(|members| members.remove("status"));
            }
            "aborting" => record["status"] = json!("ABORTING"),
            // An operation that has ended, about something else.
            "other-operation" => {
                record["name"] = json!("operation-1764486000-0");
                record["status"] = json!("DONE");
            }
            "other-target" => {
                record["targetLink"] = json!(self.link("zones/europe-west1-b/instances/node9"));
                record["targetId"] = json!("4510000000000000009");
                record["status"] = json!("DONE");
            }
            "http-error" => {
                record["status"] = json!("DONE");
                record["httpErrorStatusCode"] = json!(503);
                record["httpErrorMessage"] = json!("SERVICE UNAVAILABLE");
            }
            _ => {}
        }
        Answer::json(200, &record)
    }

    /// `GET …/operations?filter=…`: those that run, as the Python agent asks for them.
    pub(super) fn running(&self, request: &Request) -> Answer {
        let filter = query(request, "filter").unwrap_or_default();
        let running = self.operations.iter().filter(|operation| {
            let target = format!("/instances/{}\"", operation.instance);
            !operation.over && filter.contains(&target) && filter.contains(&format!("\"{}\"", operation.verb))
        });
        let items: Vec<Value> = running.map(|operation| self.record(operation)).collect();
        let mut list = json!({ "kind": "compute#operationList", "id": "list" });
        if !items.is_empty() {
            list["items"] = Value::Array(items);
        }
        Answer::json(200, &list)
    }

    fn record(&self, operation: &Operation) -> Value {
        // A result is shown only after its effect.
        let status = match (operation.over, operation.result()) {
            (true, _) => "DONE",
            (false, "PENDING") => "PENDING",
            (false, _) => "RUNNING",
        };
        let mut record = json!({
            "kind": "compute#operation",
            "id": "7000000000000000001",
            "name": operation.name,
            "zone": self.link(&format!("zones/{}", operation.zone)),
            "operationType": operation.verb,
            "targetLink": self.link(&format!("zones/{}/instances/{}", operation.zone, operation.instance)),
            "targetId": operation.machine,
            "status": status,
            "user": super::EMAIL,
            "progress": if operation.over { 100 } else { 0 },
            "insertTime": "2026-01-01T00:00:00.000-08:00",
            "startTime": "2026-01-01T00:00:00.100-08:00",
        });
        if operation.over && operation.result() == "ERROR" {
            let message = "The zone 'projects/proj1/zones/europe-west1-b' does not have enough resources.";
            record["error"] = json!({ "errors": [{ "code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": message }] });
            record["httpErrorStatusCode"] = json!(503);
        }
        record
    }
}
