//! Servers.

use serde_json::{Value, json};

use super::actions::number;
use super::{Cloud, refused};
use crate::fault::Kind;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Request, percent_decoded};

impl Cloud {
    /// `GET servers/ID`.
    pub(super) fn server(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        self.advance(device, id);
        let Some(mut server) = self.record(device, id) else {
            return refused("not_found", &format!("server with ID '{id}' not found"));
        };
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("gone", _)) => return refused("not_found", &format!("server with ID '{id}' not found")),
            Some(("no-status", _)) => {
                server.as_object_mut().map(|members| members.remove("status"));
            }
            Some(("null-status", _)) => server["status"] = Value::Null,
            Some(("state", Some(word))) => server["status"] = json!(word),
            Some(("other-server", _)) => {
                server["id"] = json!(1);
                server["status"] = json!("off");
            }
            _ => {}
        }
        Answer::json(200, &json!({ "server": server }))
    }

    /// `GET servers`.
    pub(super) fn list(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
            .collect();
        let value = |name: &str| Some(pairs.iter().find(|(own, _)| own == name)?.1.as_str());
        let size = |name: &str| value(name).and_then(|text| text.parse::<usize>().ok());
        let machines = device.fleet.machines().iter();
        let named = machines.filter(|machine| value("name").is_none_or(|name| name == machine.name()));
        let ids: Vec<String> = named.map(|machine| machine.id().to_owned()).collect();
        let (page, most) = (
            size("page").unwrap_or(1).max(1),
            size("per_page").unwrap_or(25).clamp(1, self.settings.page),
        );
        let shown: Vec<&String> = ids.iter().skip((page - 1) * most).take(most).collect();
        let next = match fault.map(Kind::word) {
            Some("endless") => Some(page),
            _ => (page * most < ids.len()).then_some(page + 1),
        };
        let mut servers: Vec<Value> = shown.into_iter().filter_map(|id| self.record(device, id)).collect();
        match fault.map(Kind::word) {
            Some("none") => servers.clear(),
            Some("other-server") => {
                for server in &mut servers {
                    server["id"] = json!(1);
                    server["status"] = json!("off");
                }
            }
            Some("twice") => servers.extend(servers.clone()),
            _ => {}
        }
        let pagination = json!({
            "page": page,
            "per_page": most,
            "previous_page": (page > 1).then(|| page - 1),
            "next_page": next,
            "last_page": ids.len().div_ceil(most).max(1),
            "total_entries": ids.len(),
        });
        Answer::json(
            200,
            &json!({ "servers": servers, "meta": { "pagination": pagination } }),
        )
    }

    /// A server as the API describes it.
    fn record(&self, device: &mut Device, id: &str) -> Option<Value> {
        let machine = device.fleet.get_mut(id)?;
        let shown = machine.read();
        let status = match &shown {
            Power::On => "running",
            Power::Off => "off",
            Power::Paused => "unknown",
            Power::Other(word) => word,
        };
        Some(record(machine, status, self.running(id).is_some()))
    }
}

fn record(machine: &Machine, status: &str, is_locked: bool) -> Value {
    let id = number(machine.id());
    let last = id % 250;
    // Every second server has no IPv4 address.
    let ipv4 = id
        .is_multiple_of(2)
        .then(|| json!({ "id": id, "ip": format!("203.0.113.{last}"), "blocked": false, "dns_ptr": "" }));
    json!({
        "id": id,
        "name": machine.name(),
        "status": status,
        "created": "2026-01-01T00:00:00+00:00",
        "locked": is_locked,
        "labels": {},
        "protection": { "delete": true, "rebuild": true },
        "public_net": {
            "ipv4": ipv4,
            "ipv6": { "id": id, "ip": format!("2001:db8:{last:x}::/64"), "blocked": false, "dns_ptr": [] },
            "floating_ips": [],
            "firewalls": [],
        },
        "private_net": [{ "network": 1, "ip": format!("10.0.0.{last}"), "alias_ips": [format!("10.0.1.{last}")],
                          "mac_address": "86:00:ff:2a:7d:e1" }],
        "server_type": { "id": 1, "name": "cx22", "description": "CX22", "cores": 2, "memory": 4.0, "disk": 40,
                         "deprecated": false, "prices": [], "storage_type": "local", "cpu_type": "shared",
                         "architecture": "x86" },
        "datacenter": null,
        "image": null,
        "iso": null,
        "rescue_enabled": false,
        "backup_window": null,
        "outgoing_traffic": null,
        "ingoing_traffic": null,
        "included_traffic": 0,
        "primary_disk_size": 40,
        "volumes": [],
        "load_balancers": [],
        "placement_group": null,
    })
}
