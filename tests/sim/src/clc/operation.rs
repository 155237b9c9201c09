//! Power operations, and the tasks that they create.

use serde_json::{Value, json};

use super::{Clc, link};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device};

/// An accepted operation, which progresses step by step: at each poll of it, and at each read of its server.
#[derive(Debug)]
pub(super) struct Task {
    id: String,
    /// The server; `None` if the device answers for a server that does not exist.
    machine: Option<String>,
    operation: String,
    /// The states that the server goes through when the task succeeds; `None` if a plan removes the effect.
    truths: Option<Vec<Power>>,
    /// The words of the task, step by step; the last one forever.
    states: Vec<String>,
    /// The index of the next word.
    next: usize,
    /// Whether the task has ended, with success or not.
    over: bool,
}

impl Task {
    /// Advances the task by one step and returns the word for it.
    fn advance(&mut self, device: &mut Device) -> &str {
        let last = self.states.len().saturating_sub(1);
        let state = self.states.get(self.next.min(last)).map_or("unknown", String::as_str);
        self.next += 1;
        if !self.over && state == "succeeded" {
            let machine = self.machine.as_deref().and_then(|id| device.fleet.get_mut(id));
            if let (Some(machine), Some(truths)) = (machine, &self.truths) {
                machine.operate(&self.operation, truths);
            }
        }
        self.over |= state == "succeeded" || state == "failed";
        state
    }

    fn concerns(&self, server: &str) -> bool {
        self.machine
            .as_deref()
            .is_some_and(|id| id.eq_ignore_ascii_case(server))
    }
}

/// The states that a server in this state goes through; `None` if the operation is refused.
fn truths(operation: &str, power: &Power) -> Option<Vec<Power>> {
    match (operation, power) {
        ("powerOn", Power::On) | ("powerOff" | "reset", Power::Off) => None,
        ("powerOn", _) => Some(vec![Power::On]),
        ("powerOff", _) | ("shutDown", Power::On) => Some(vec![Power::Off]),
        ("reset", _) => Some(vec![Power::Off, Power::On]),
        ("pause", Power::On) => Some(vec![Power::Paused]),
        // The operating system restarts; the machine keeps its power all the time.
        ("reboot", Power::On) => Some(Vec::new()),
        _ => None,
    }
}

impl Clc {
    /// `POST /v2/operations/ALIAS/servers/OPERATION`.
    pub(super) fn operate(&mut self, device: &mut Device, operation: &str, body: &str, fault: Option<&Kind>) -> Answer {
        if !["powerOn", "powerOff", "reset", "reboot", "shutDown", "pause"].contains(&operation) {
            return Answer::message(404, "no such operation");
        }
        let servers = match serde_json::from_str::<Vec<String>>(body) {
            Ok(servers) if !servers.is_empty() => servers,
            _ => {
                let wrong = json!({ "body": ["an array of server ids is required"] });
                return Answer::json(
                    400,
                    &json!({ "message": "the request is invalid.", "modelState": wrong }),
                );
            }
        };
        let fault = fault.map(Kind::word);
        let mut elements = match fault {
            Some("none") => Vec::new(),
            Some("other-server") => vec![self.queue(device, None, operation, None)],
            _ => servers
                .iter()
                .map(|server| self.element(device, server, operation, fault))
                .collect(),
        };
        if fault == Some("object") {
            return Answer::json(202, &elements.swap_remove(0));
        }
        Answer::json(202, &Value::Array(elements))
    }

    /// The answer for one server; creates its task if the operation is accepted.
    fn element(&mut self, device: &mut Device, server: &str, operation: &str, fault: Option<&str>) -> Value {
        let truths = device
            .fleet
            .get(server)
            .and_then(|machine| truths(operation, machine.power()));
        let (Some(truths), true) = (truths, fault != Some("refuse")) else {
            return json!({
                "server": server.to_ascii_lowercase(),
                "isQueued": false,
                "errorMessage": "cannot be queued: server not found or in a wrong state",
            });
        };
        let truths = Some(truths).filter(|_| fault != Some("no-effect"));
        let mut element = self.queue(device, Some(server), operation, truths);
        if fault == Some("no-links") {
            element.as_object_mut().map(|members| members.remove("links"));
        }
        element
    }

    /// Creates a task and the element that describes it; without a server, for a server that does not exist.
    fn queue(
        &mut self,
        device: &mut Device,
        server: Option<&str>,
        operation: &str,
        truths: Option<Vec<Power>>,
    ) -> Value {
        let planned = device
            .faults
            .strike(Some("task"), Occasion::Creation)
            .and_then(|plan| plan.kind.text);
        let states = match planned {
            Some(words) => words.split(',').map(|word| word.trim().to_owned()).collect(),
            None => {
                let executing = std::iter::repeat_n("executing", self.settings.task_polls as usize);
                ["notStarted"]
                    .into_iter()
                    .chain(executing)
                    .chain(["succeeded"])
                    .map(str::to_owned)
                    .collect()
            }
        };
        let id = format!("wa1-{}", 40_001 + self.tasks.len());
        let href = format!(
            "/v2/operations/{}/status/{id}",
            self.settings.account.to_ascii_lowercase()
        );
        let element = json!({
            "server": server.unwrap_or("wa1acmeother99").to_ascii_lowercase(),
            "isQueued": true,
            "links": [link("status", &href, &id)],
        });
        let (machine, operation) = (server.map(str::to_owned), operation.to_owned());
        self.tasks.push(Task {
            id,
            machine,
            operation,
            truths,
            states,
            next: 0,
            over: false,
        });
        element
    }

    /// `GET /v2/operations/ALIAS/status/ID`.
    pub(super) fn task(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        let missing = fault.is_some_and(|fault| fault.word() == "missing");
        match self.tasks.iter_mut().find(|task| task.id.eq_ignore_ascii_case(id)) {
            Some(task) if !missing => Answer::json(200, &json!({ "status": task.advance(device) })),
            _ => Answer::message(404, "no such task"),
        }
    }

    /// Advances every task of a server by one step, without an answer.
    pub(super) fn advance_tasks(&mut self, device: &mut Device, server: &str) {
        for task in self.tasks.iter_mut().filter(|task| !task.over && task.concerns(server)) {
            task.advance(device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_of_an_operation_depends_on_the_state() {
        use Power::{Off, On, Paused};
        assert_eq!(truths("powerOn", &Paused), Some(vec![On]), "powerOn resumes");
        assert_eq!(truths("powerOn", &On), None);
        assert_eq!(truths("powerOff", &Paused), Some(vec![Off]));
        assert_eq!(truths("powerOff", &Off), None);
        assert_eq!(truths("reset", &On), Some(vec![Off, On]));
        assert_eq!(truths("reset", &Off), None);
        assert_eq!(truths("reboot", &On), Some(vec![]));
        assert_eq!(truths("shutDown", &Paused), None);
        assert_eq!(truths("pause", &On), Some(vec![Paused]));
        assert_eq!(truths("powerOff", &Power::Other("migrating".into())), Some(vec![Off]));
    }
}
