//! Requests that switch machines, and their operations.

use serde_json::json;

use super::{SUBSCRIPTION, Subscription, deallocated, no_machine, refused, request_id};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device, Request};

/// An accepted request. It progresses at each read of its machine and of the operation.
#[derive(Debug)]
pub(super) struct Operation {
    id: String,
    machine: String,
    verb: &'static str,
    /// The states that the machine goes through; none if it already has, or if a plan removes the effect.
    truths: Vec<Power>,
    /// The status, step by step; the last one forever.
    results: Vec<String>,
    next: usize,
    over: bool,
}

impl Operation {
    fn result(&self) -> &str {
        let last = self.results.len().saturating_sub(1);
        self.results
            .get(self.next.min(last))
            .map_or("InProgress", String::as_str)
    }

    fn advance(&mut self, device: &mut Device) {
        if self.over {
            return;
        }
        if self.result() == "Succeeded"
            && let Some(machine) = device.fleet.get_mut(&self.machine)
        {
            machine.operate(self.verb, &self.truths);
        }
        self.over = ["Succeeded", "Failed", "Canceled"].contains(&self.result());
        if !self.over {
            self.next += 1;
        }
    }
}

/// The verb, and the states that a machine in this state goes through; an error if Azure refuses it.
fn effect(verb: &str, name: &str, power: &Power) -> Result<(&'static str, Vec<Power>), Answer> {
    Ok(match verb {
        "powerOff" if *power == deallocated() => return Err(refused(409, "OperationNotAllowed", &no_host(name))),
        "powerOff" if *power == Power::Off => ("powerOff", Vec::new()),
        "powerOff" => ("powerOff", vec![Power::Off]),
        "deallocate" => ("deallocate", vec![deallocated()]),
        "start" if *power == Power::On => ("start", Vec::new()),
        "start" => ("start", vec![Power::On]),
        "restart" => ("restart", vec![Power::Off, Power::On]),
        _ => return Err(refused(404, "NotFound", "The action does not exist.")),
    })
}

fn no_host(name: &str) -> String {
    format!(
        "Operation 'powerOff' is not allowed on VM '{name}' since the VM is either deallocated or marked to be deallocated."
    )
}

impl Subscription {
    /// `POST …/virtualMachines/NAME/VERB`.
    pub(super) fn act(
        &mut self,
        device: &mut Device,
        request: &Request,
        name: &str,
        verb: &str,
        fault: Option<&Kind>,
    ) -> Answer {
        let word = fault.map_or("", Kind::word);
        let Some(machine) = device.fleet.get(name) else {
            return no_machine(name);
        };
        let id = machine.id().to_owned();
        match word {
            "conflict" => {
                return refused(
                    409,
                    "Conflict",
                    "The request failed due to conflict with a concurrent request.",
                );
            }
            "not-allowed" => {
                let message =
                    format!("Operation '{verb}' is not allowed on VM '{id}' since the VM is marked for deletion.");
                return refused(409, "OperationNotAllowed", &message);
            }
            "deallocated" => return refused(409, "OperationNotAllowed", &no_host(&id)),
            "no-capacity" => return refused(409, "AllocationFailed", "Allocation failed. There is no capacity."),
            _ => {}
        }
        let (verb, truths) = match effect(verb, &id, machine.power()) {
            Ok(effect) => effect,
            Err(refusal) => return refusal,
        };
        if truths.is_empty() && self.settings.at_once {
            return Answer {
                status: 200,
                ..Answer::default()
            };
        }
        let planned = device.faults.strike(Some("operation"), Occasion::Creation);
        let results = match planned.and_then(|plan| plan.kind.text) {
            Some(words) => words.split(',').map(|word| word.trim().to_owned()).collect(),
            None => {
                let running = std::iter::repeat_n("InProgress", self.settings.operation_polls as usize);
                running.chain(["Succeeded"]).map(str::to_owned).collect()
            }
        };
        let operation = Operation {
            id: request_id(request.order),
            machine: id,
            verb,
            truths: if word == "no-effect" { Vec::new() } else { truths },
            results,
            next: 0,
            over: false,
        };
        let path = format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/operations/{}",
            operation.id
        );
        self.operations.push(operation);
        let base = match (word, fault.and_then(|fault| fault.text.as_deref())) {
            ("elsewhere", Some(url)) => url,
            _ => self.url.as_str(),
        };
        let url = format!("{base}{path}?p=5a1c0de1&api-version=2024-07-01");
        let mut answer = Answer {
            status: 202,
            headers: vec![
                ("retry-after", "10".to_owned()),
                ("location", format!("{url}&monitor=true")),
            ],
            body: Vec::new(),
        };
        if word != "no-operation" {
            answer.headers.push(("azure-asyncoperation", url));
        }
        answer
    }

    /// Advances the operations of a machine.
    pub(super) fn advance(&mut self, device: &mut Device, name: &str) {
        let own = self
            .operations
            .iter_mut()
            .filter(|operation| operation.machine.eq_ignore_ascii_case(name));
        own.for_each(|operation| operation.advance(device));
    }

    /// The verb of the operation of a machine that runs.
    pub(super) fn verb_of(&self, name: &str) -> Option<&'static str> {
        let mut running = self.operations.iter().filter(|operation| !operation.over);
        running
            .find(|operation| operation.machine.eq_ignore_ascii_case(name))
            .map(|operation| operation.verb)
    }

    /// `GET …/operations/ID`.
    pub(super) fn operation(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        let machine = self.operations.iter().find(|operation| operation.id == id);
        if let Some(machine) = machine.map(|operation| operation.machine.clone()) {
            self.advance(device, &machine);
        }
        let word = fault.map_or("", Kind::word);
        let found = self.operations.iter().find(|operation| operation.id == id);
        let Some(operation) = found.filter(|_| word != "missing") else {
            return refused(404, "NotFound", "The operation was not found.");
        };
        // A result is shown only after its effect.
        let status = if operation.over {
            operation.result()
        } else {
            "InProgress"
        };
        let mut record = json!({
            "name": operation.id,
            "status": status,
            "startTime": "2026-01-01T00:00:00.0000000+00:00",
        });
        if status == "Failed" {
            let message = "Allocation failed. We do not have sufficient capacity in this region.";
            record["error"] = json!({ "code": "AllocationFailed", "message": message });
        }
        match word {
            "no-status" => {
                record.as_object_mut().map(|members| members.remove("status"));
            }
            "other-status" => record["status"] = json!("Resolving"),
            // An operation that has succeeded, about something else.
            "other-operation" => {
                record["name"] = json!(request_id(0));
                record["status"] = json!("Succeeded");
            }
            _ => {}
        }
        Answer::json(200, &record)
    }
}
