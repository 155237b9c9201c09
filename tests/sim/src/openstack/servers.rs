//! The servers of the compute service.

use serde_json::{Value, json};

use super::{OpenStack, refused};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Request, percent_decoded};

impl OpenStack {
    /// `GET /v2.1/servers/ID`.
    pub(super) fn server(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        self.advance(device, id);
        let task = self.task_state(id);
        let Some(machine) = device.fleet.get_mut(id) else {
            return refused(404, &format!("Instance {id} could not be found."));
        };
        let shown = machine.read();
        let mut server = self.record(machine, &shown, task);
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("gone", _)) => return refused(404, &format!("Instance {id} could not be found.")),
            Some(("no-status", _)) => {
                server.as_object_mut().map(|members| members.remove("status"));
            }
            Some(("null-status", _)) => server["status"] = Value::Null,
            Some(("state", Some(word))) => server["status"] = json!(word),
            // Answers that an agent must not take as off.
            Some(("no-power-state", _)) => {
                show_off(&mut server);
                if let Some(members) = server.as_object_mut() {
                    members.retain(|name, _| !name.starts_with("OS-EXT-STS"));
                }
            }
            Some(("disagree", _)) => {
                show_off(&mut server);
                server["OS-EXT-STS:power_state"] = json!(1);
            }
            Some(("starting", _)) => {
                show_off(&mut server);
                server["OS-EXT-STS:task_state"] = json!("powering-on");
            }
            Some(("other-server", _)) => {
                show_off(&mut server);
                server["id"] = json!("5a1c0de1-0000-4000-8000-00000000ffff");
            }
            Some(("deleted", _)) => {
                show_off(&mut server);
                (server["status"], server["OS-EXT-STS:vm_state"]) = (json!("DELETED"), json!("deleted"));
            }
            _ => {}
        }
        Answer::json(200, &json!({ "server": server }))
    }

    /// `GET /v2.1/servers` and `/v2.1/servers/detail`.
    pub(super) fn list(&self, device: &mut Device, request: &Request, detailed: bool, fault: Option<&Kind>) -> Answer {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
            .collect();
        let value = |name: &str| Some(pairs.iter().find(|(own, _)| own == name)?.1.as_str());
        let word = fault.map_or("", Kind::word);
        let machines = device.fleet.machines().iter();
        let named = machines.filter(|machine| value("name").is_none_or(|name| is_match(name, machine.name())));
        let mut machines: Vec<Machine> = named.cloned().collect();
        if let Some(marker) = value("marker") {
            let Some(at) = machines.iter().position(|machine| machine.id() == marker) else {
                return refused(400, &format!("marker [{marker}] not found"));
            };
            machines.drain(..=at);
        }
        let limit = value("limit")
            .and_then(|limit| limit.parse().ok())
            .unwrap_or(usize::MAX);
        let limit = limit.min(self.settings.page);
        let is_more = machines.len() > limit;
        machines.truncate(limit);
        if word == "none" {
            machines.clear();
        }
        let path = if detailed { "servers/detail" } else { "servers" };
        let next = match (word, machines.last()) {
            ("endless", _) => Some(format!("{}{}", self.compute_url(), request.target)),
            ("elsewhere", _) => fault.and_then(|fault| fault.text.clone()),
            (_, Some(last)) if is_more => {
                let rest = pairs.iter().filter(|(name, _)| name != "marker");
                let rest: String = rest.map(|(name, value)| format!("{name}={value}&")).collect();
                Some(format!("{}/v2.1/{path}?{rest}marker={}", self.compute_url(), last.id()))
            }
            _ => None,
        };
        let shown = machines.iter().map(|machine| {
            let shown = device.fleet.get_mut(machine.id()).map_or(Power::Off, Machine::read);
            if detailed {
                self.record(machine, &shown, self.task_state(machine.id()))
            } else {
                json!({ "id": machine.id(), "name": machine.name(), "links": [] })
            }
        });
        let mut list = json!({ "servers": shown.collect::<Vec<_>>() });
        if let Some(next) = next {
            list["servers_links"] = json!([{ "rel": "next", "href": next }]);
        }
        Answer::json(200, &list)
    }

    /// A server as Nova describes it, with the power status that is shown.
    fn record(&self, machine: &Machine, shown: &Power, task: Option<&str>) -> Value {
        let (status, power_state, vm_state) = words(shown);
        let id = machine.id();
        let link = format!("{}/v2.1/servers/{id}", self.compute_url());
        json!({
            "id": id,
            "name": machine.name(),
            "status": status,
            "tenant_id": "p1",
            "user_id": "u1",
            "hostId": "5a1c0de15a1c0de1",
            "metadata": {},
            "addresses": {},
            "image": "",
            "flavor": { "id": "1", "links": [] },
            "created": "2026-01-01T00:00:00Z",
            "updated": "2026-01-01T00:00:00Z",
            "links": [{ "rel": "self", "href": link }],
            "accessIPv4": "",
            "accessIPv6": "",
            "config_drive": "",
            "key_name": null,
            "OS-DCF:diskConfig": "MANUAL",
            "OS-EXT-AZ:availability_zone": "nova",
            "OS-EXT-STS:task_state": task,
            "OS-EXT-STS:vm_state": vm_state,
            "OS-EXT-STS:power_state": power_state,
        })
    }
}

/// Status, power state and vm_state of a server.
fn words(power: &Power) -> (&str, u8, String) {
    match power {
        Power::On => ("ACTIVE", 1, "active".to_owned()),
        Power::Off => ("SHUTOFF", 4, "stopped".to_owned()),
        Power::Paused => ("PAUSED", 3, "paused".to_owned()),
        Power::Other(word) => {
            let power_state = match word.as_str() {
                // Its memory is on disk.
                "SUSPENDED" | "SHELVED" | "SHELVED_OFFLOADED" => 4,
                "ERROR" | "BUILD" => 0,
                _ => 1,
            };
            (word, power_state, word.to_ascii_lowercase())
        }
    }
}

pub(super) fn vm_state(power: &Power) -> String {
    words(power).2
}

fn show_off(server: &mut Value) {
    server["status"] = json!("SHUTOFF");
    server["OS-EXT-STS:vm_state"] = json!("stopped");
    server["OS-EXT-STS:power_state"] = json!(4);
    server["OS-EXT-STS:task_state"] = Value::Null;
}

/// The part of regular expressions that clients use for names: anchors, and a dot for any character.
fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, starts) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    let (pattern, ends) = pattern.strip_suffix('$').map_or((pattern, false), |rest| (rest, true));
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    if pattern.len() > name.len() {
        return false;
    }
    let fits = |at: usize| {
        pattern
            .iter()
            .zip(&name[at..])
            .all(|(own, other)| *own == '.' || own == other)
    };
    let last = name.len() - pattern.len();
    (0..=last).any(|at| (!starts || at == 0) && (!ends || at == last) && fits(at))
}
