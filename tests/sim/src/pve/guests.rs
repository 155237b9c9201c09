//! The machines as the service shows them.

use serde_json::{Value, json};

use super::login::{error, success};
use super::{Guest, Kind as Type, Pve};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device};

/// The words of `qmpstatus` for a machine with a process.
const QMP_WORDS: [&str; 3] = ["paused", "inmigrate", "prelaunch"];

impl Pve {
    /// `GET cluster/resources`.
    pub(super) fn resources(&self, device: &Device, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        if word == "none" || !self.settings.may_audit {
            return success(&json!([]));
        }
        let row = |guest: &Guest, node: &str| {
            let (machine, is_known) = (self.machine(device, guest), word != "nameless" && self.is_online(node));
            let id = guest.id();
            let vmid: u64 = id.parse().unwrap_or_default();
            let mut row = json!({
                "id": format!("{}/{id}", guest.kind.word()),
                "type": guest.kind.word(),
                "vmid": vmid,
                "node": node,
                // A daemon of the node reports it, up to 20 seconds ago, so it is always the first state here.
                "status": "unknown",
            });
            if is_known {
                let first = machine.and_then(|machine| machine.history().first());
                row["name"] = json!(machine.map(Machine::name));
                row["template"] = json!(u8::from(guest.is_template));
                row["status"] = json!(if first == Some(&Power::Off) {
                    "stopped"
                } else {
                    "running"
                });
            }
            if let Some(lock) = &guest.lock {
                row["lock"] = json!(lock);
            }
            if guest.is_managed {
                row["hastate"] = json!("started");
            }
            row
        };
        let mut rows = Vec::new();
        for guest in &self.settings.guests {
            let other = self.other_node(&guest.node);
            let node = if word == "elsewhere" { &other } else { &guest.node };
            rows.push(row(guest, node));
            if word == "twice" && rows.len() == 1 {
                rows.push(row(guest, &other));
            }
        }
        success(&Value::Array(rows))
    }

    /// `GET nodes/NODE/TYPE`.
    pub(super) fn list(&self, device: &Device, node: &str, kind: Type) -> Answer {
        let guests = self
            .settings
            .guests
            .iter()
            .filter(|guest| guest.node == node && guest.kind == kind);
        let record = |guest: &Guest| {
            Some(record(
                guest,
                self.machine(device, guest)?,
                self.machine(device, guest)?.power(),
            ))
        };
        success(&Value::Array(guests.filter_map(record).collect()))
    }

    /// `GET nodes/NODE/TYPE/VMID/status/current`.
    pub(super) fn current(&mut self, device: &mut Device, node: &str, id: &str, fault: Option<&Kind>) -> Answer {
        match fault.map(Kind::word) {
            Some("expired") => {
                self.tickets.clear();
                return error(401, "permission denied - invalid PVE ticket");
            }
            Some("node-down") => return error(595, "No route to host"),
            Some("moved") => self.move_away(id),
            _ => {}
        }
        self.advance_tasks(device, id);
        let Some(guest) = self.settings.guests.iter().find(|guest| guest.is_at(node, id)) else {
            return missing(node, id);
        };
        if !self.settings.may_audit {
            return error(403, &format!("Permission check failed (/vms/{id}, VM.Audit)"));
        }
        let Some(machine) = device.fleet.get_mut(id) else {
            return missing(node, id);
        };
        let shown = machine.read();
        let mut record = record(guest, machine, &shown);
        if let Some(fault) = fault {
            change(&mut record, fault);
        }
        success(&record)
    }

    fn machine<'d>(&self, device: &'d Device, guest: &Guest) -> Option<&'d Machine> {
        device.fleet.get(guest.id())
    }
}

/// The answer of a node about a machine that it does not have.
pub(super) fn missing(node: &str, id: &str) -> Answer {
    error(500, &no_configuration(node, id))
}

pub(super) fn no_configuration(node: &str, id: &str) -> String {
    format!("Configuration file 'nodes/{node}/qemu-server/{id}.conf' does not exist")
}

/// A machine in this state, as its node describes it.
fn record(guest: &Guest, machine: &Machine, shown: &Power) -> Value {
    let (status, qmpstatus) = match shown {
        Power::On => ("running", "running"),
        Power::Off => ("stopped", "stopped"),
        Power::Paused => ("running", "paused"),
        Power::Other(word) => (word.as_str(), word.as_str()),
    };
    let vmid: u64 = machine.id().parse().unwrap_or_default();
    let mut record = json!({
        "vmid": vmid,
        "name": machine.name(),
        "status": status,
        "cpus": 2,
        "maxmem": 4_294_967_296_u64,
        "uptime": if status == "stopped" { 0 } else { 500 },
        "ha": { "managed": u8::from(guest.is_managed) },
    });
    if status != "stopped" {
        record["pid"] = json!(4711);
    }
    if guest.kind == Type::Qemu {
        record["qmpstatus"] = json!(qmpstatus);
    } else {
        record["type"] = json!("lxc");
    }
    if guest.is_template {
        record["template"] = json!(1);
    }
    if let Some(lock) = &guest.lock {
        record["lock"] = json!(lock);
    }
    record
}

/// Applies a fault to a record. An answer that an agent must reject reports `stopped`, so that a test notices an agent
/// that accepts it.
fn change(record: &mut Value, fault: &Kind) {
    let stop = |record: &mut Value| {
        record["status"] = json!("stopped");
        record["uptime"] = json!(0);
        if let Some(members) = record.as_object_mut() {
            members.remove("pid");
            members.insert("qmpstatus".to_owned(), json!("stopped"));
        }
    };
    match (fault.word(), fault.text.as_deref()) {
        ("no-status", _) => {
            record.as_object_mut().map(|members| members.remove("status"));
        }
        ("null-status", _) => record["status"] = Value::Null,
        ("other-machine", _) => {
            stop(record);
            (record["vmid"], record["name"]) = (json!(998), json!("other"));
        }
        ("contradiction", _) => {
            record["status"] = json!("stopped");
            (record["qmpstatus"], record["pid"]) = (json!("running"), json!(4711));
        }
        ("state", Some(word)) if QMP_WORDS.contains(&word) => {
            (record["status"], record["qmpstatus"]) = (json!("running"), json!(word));
        }
        ("state", Some(word)) => (record["status"], record["qmpstatus"]) = (json!(word), json!(word)),
        ("stopped-with-lock", Some(word)) => {
            stop(record);
            record["lock"] = json!(word);
        }
        _ => {}
    }
}
