//! Actions of servers.

use serde_json::{Value, json};

use super::{Cloud, refused};
use crate::fault::{Kind, Occasion};
use crate::machine::Power;
use crate::protocol::{Answer, Device};

/// An accepted action. It progresses at each read of its record.
#[derive(Debug)]
pub(super) struct Action {
    id: u64,
    pub(super) server: String,
    command: &'static str,
    /// The states that the server goes through; none if a plan removes the effect.
    truths: Vec<Power>,
    /// The results, step by step; the last one forever.
    results: Vec<String>,
    next: usize,
    pub(super) is_over: bool,
}

impl Action {
    fn result(&self) -> &str {
        let last = self.results.len().saturating_sub(1);
        self.results.get(self.next.min(last)).map_or("running", String::as_str)
    }

    fn advance(&mut self, device: &mut Device) {
        if self.is_over {
            return;
        }
        if self.result() == "success"
            && let Some(machine) = device.fleet.get_mut(&self.server)
        {
            machine.operate(self.command, &self.truths);
        }
        self.is_over = ["success", "error"].contains(&self.result());
        if !self.is_over {
            self.next += 1;
        }
    }

    fn record(&self) -> Value {
        // A result is shown only after its effect.
        let status = if self.is_over || self.result() == "paused" {
            self.result()
        } else {
            "running"
        };
        let failure = json!({ "code": "action_failed", "message": "the host of the server does not answer" });
        json!({
            "id": self.id,
            "command": self.command,
            "status": status,
            "progress": if self.is_over { 100 } else { 0 },
            "started": "2026-01-01T00:00:00+00:00",
            "finished": self.is_over.then_some("2026-01-01T00:00:01+00:00"),
            "resources": [{ "id": number(&self.server), "type": "server" }],
            "error": (status == "error").then_some(failure),
        })
    }
}

/// The id of a server as the API writes it.
pub(super) fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

impl Cloud {
    /// `POST servers/ID/actions/VERB`.
    pub(super) fn act(&mut self, device: &mut Device, id: &str, verb: &str, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        if device.fleet.get(id).is_none() {
            return refused("not_found", &format!("server with ID '{id}' not found"));
        }
        let (command, truths) = match verb {
            "poweron" => ("start_server", vec![Power::On]),
            "poweroff" => ("stop_server", vec![Power::Off]),
            "reset" => ("reset_server", vec![Power::Off, Power::On]),
            _ => return refused("not_found", "the requested resource was not found"),
        };
        match word {
            "locked" => return refused("locked", "server is locked"),
            "conflict" => return refused("conflict", "the server was changed by another request"),
            "protected" => return refused("protected", "the server is protected"),
            "forbidden" => return refused("forbidden", "insufficient permissions"),
            "no-room" => return refused("resource_unavailable", "the resource is unavailable"),
            _ => {}
        }
        if self.running(id).is_some() {
            return refused("locked", "server is locked");
        }
        let planned = device.faults.strike(Some("action"), Occasion::Creation);
        let results = match planned.and_then(|plan| plan.kind.text) {
            Some(words) => words.split(',').map(|word| word.trim().to_owned()).collect(),
            None => {
                let running = std::iter::repeat_n("running", self.settings.polls as usize);
                running.chain(["success"]).map(str::to_owned).collect()
            }
        };
        let action = Action {
            id: 5000 + self.actions.len() as u64,
            server: id.to_owned(),
            command,
            truths: if word == "no-effect" { Vec::new() } else { truths },
            results,
            next: 0,
            is_over: false,
        };
        let mut record = action.record();
        self.actions.push(action);
        match word {
            "no-action" => return Answer::json(201, &json!({ "action": null })),
            "other-server" => record["resources"] = json!([{ "id": 1, "type": "server" }]),
            _ => {}
        }
        Answer::json(201, &json!({ "action": record }))
    }

    /// The action of a server that runs.
    pub(super) fn running(&self, server: &str) -> Option<&Action> {
        self.actions
            .iter()
            .find(|action| !action.is_over && action.server == server)
    }

    /// Advances the actions of a server, also of those whose records are never read.
    pub(super) fn advance(&mut self, device: &mut Device, server: &str) {
        let own = self.actions.iter_mut().filter(|action| action.server == server);
        own.for_each(|action| action.advance(device));
    }

    /// `GET actions/ID`.
    pub(super) fn action(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let found = self.actions.iter_mut().find(|action| action.id == number(id));
        let Some(action) = found.filter(|_| word != "missing") else {
            return refused("not_found", "action not found");
        };
        action.advance(device);
        let mut record = action.record();
        if word == "other-action" {
            record["id"] = json!(4999);
            record["status"] = json!("success");
        }
        Answer::json(200, &json!({ "action": record }))
    }
}
