//! The REST API, in both of its forms: `/rest` wraps values and has long names of queries, `/api` does not.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::faults::REST;
use super::{Logins, Settings, Vm, shown};
use crate::fault::{Grammar, Kind};
use crate::machine::Power;
use crate::protocol::{Answer, Device, Protocol, Request, Sessions, percent_decoded};

/// The service.
pub(super) struct Rest {
    settings: Settings,
    logins: Logins,
}

/// A resource.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Session,
    Machines,
    Machine(String),
    Power(String, String),
}

/// The form of the API, and the resource.
fn route(request: &Request) -> Option<(bool, Route)> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let is_new = segments.first() == Some(&"api");
    let route = match (&segments[..], request.method.as_str()) {
        (["rest", "com", "vmware", "cis", "session"] | ["api", "session"], "POST" | "DELETE") => Route::Session,
        (["rest" | "api", "vcenter", "vm"], "GET") => Route::Machines,
        (["rest" | "api", "vcenter", "vm", id], "GET") => Route::Machine((*id).to_owned()),
        (["rest", "vcenter", "vm", id, "power", word @ ("start" | "stop")], "POST") => {
            Route::Power((*id).to_owned(), (*word).to_owned())
        }
        (["api", "vcenter", "vm", id, "power"], "POST") => {
            let word = ["start", "stop"]
                .into_iter()
                .find(|word| request.asks("action", word))?;
            Route::Power((*id).to_owned(), word.to_owned())
        }
        _ => return None,
    };
    Some((is_new, route))
}

impl Protocol for Rest {
    fn grammar(&self) -> &'static Grammar {
        &REST
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        Some(match route(request)?.1 {
            Route::Session if request.method == "POST" => "login",
            Route::Session => "logout",
            Route::Machines => "find",
            Route::Machine(_) => "record",
            Route::Power(..) => "power",
        })
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let Some((is_new, route)) = route(request) else {
            return refused(false, 404, "not_found");
        };
        let word = fault.map_or("", Kind::word);
        if let (Route::Session, "POST") = (&route, request.method.as_str()) {
            return self.log_in(request, is_new, word);
        }
        if word == "expired" {
            self.logins.open.clear();
        }
        let token = request.header("vmware-api-session-id");
        if !self.logins.admit(token, self.settings.session_calls) {
            return refused(is_new, 401, "unauthenticated");
        }
        if let Some((status, name)) = planned(word) {
            return refused(is_new, status, name);
        }
        match route {
            Route::Session => {
                self.logins.close(token);
                done(is_new)
            }
            Route::Machines => self.machines(device, request, is_new, word),
            Route::Machine(id) => self.machine(device, &id, is_new, fault),
            Route::Power(id, action) => self.power(device, &id, &action, is_new, word),
        }
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        with_message(false, status, "error", message)
    }

    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins.opened,
            open: self.logins.open.len() as u64,
        }
    }
}

impl Rest {
    pub(super) fn new(settings: Settings) -> Rest {
        Rest {
            settings,
            logins: Logins::default(),
        }
    }

    fn log_in(&mut self, request: &Request, is_new: bool, word: &str) -> Answer {
        let expected = BASE64_STANDARD.encode(format!("{}:{}", self.settings.login, self.settings.password));
        let given = request
            .header("authorization")
            .and_then(|field| field.strip_prefix("Basic "));
        if given != Some(expected.as_str()) || word == "denied" {
            return refused(is_new, 401, "unauthenticated");
        }
        let most = if word == "limit" { 0 } else { self.settings.sessions };
        let Some(token) = self.logins.open(most) else {
            return refused(is_new, 503, "service_unavailable");
        };
        let token = if word == "no-token" { "" } else { &token };
        let mut answer = value(is_new, &json!(token));
        answer.status = if is_new { 201 } else { 200 };
        answer
    }

    /// `GET vcenter/vm`.
    fn machines(&mut self, device: &mut Device, request: &Request, is_new: bool, word: &str) -> Answer {
        let query = Query::of(request, is_new);
        let mut rows = Vec::new();
        for vm in self.settings.vms.iter().filter(|vm| !vm.is_template) {
            let power = shown(device, vm);
            let selected = match word {
                "none" => false,
                "other-vm" => !query.selects(vm, &power) && power == Power::Off,
                "every" => true,
                _ => query.selects(vm, &power),
            };
            if selected {
                rows.push(json!({
                    "memory_size_MiB": 4096,
                    "vm": vm.machine.id(),
                    "name": vm.name(),
                    "power_state": state(&power),
                    "cpu_count": 2,
                }));
            }
        }
        if word == "other-vm" {
            rows.truncate(1);
        }
        if rows.len() > self.settings.rows || word == "too-many" {
            return refused(is_new, 400, "unable_to_allocate_resource");
        }
        value(is_new, &Value::Array(rows))
    }

    /// `GET vcenter/vm/ID`. A machine whose host is disconnected has no record.
    fn machine(&mut self, device: &mut Device, id: &str, is_new: bool, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let vms = &self.settings.vms;
        let other = |vm: &&Vm| vm.machine.id() != id && *vm.machine.power() == Power::Off && !vm.is_template;
        let found = if word == "other-vm" {
            vms.iter().find(other)
        } else {
            self.settings.vm(id)
        };
        let Some(vm) = found else {
            return refused(is_new, 404, "not_found");
        };
        if vm.lost.is_some() {
            return refused(is_new, 503, "service_unavailable");
        }
        let power = shown(device, vm);
        let mut record = json!({
            "name": vm.name(),
            "power_state": state(&power),
            "guest_OS": "OTHER_LINUX_64",
            "hardware": { "version": "VMX_13", "upgrade_policy": "NEVER", "upgrade_status": "NONE" },
            "memory": { "size_MiB": 4096, "hot_add_enabled": false },
            "cpu": { "count": 2, "cores_per_socket": 1 },
        });
        match (word, record.as_object_mut()) {
            ("no-power-state", Some(members)) => drop(members.remove("power_state")),
            ("null-power-state", _) => record["power_state"] = Value::Null,
            ("state", _) => record["power_state"] = json!(fault.and_then(|fault| fault.text.clone())),
            _ => {}
        }
        value(is_new, &record)
    }

    /// Switches a machine. The answer comes after that.
    fn power(&mut self, device: &mut Device, id: &str, action: &str, is_new: bool, word: &str) -> Answer {
        let found = self.settings.vm(id).filter(|vm| !vm.is_template);
        let (Some(vm), Some(machine)) = (found, device.fleet.get_mut(id)) else {
            return refused(is_new, 404, "not_found");
        };
        if vm.lost.is_some() {
            return refused(is_new, 503, "service_unavailable");
        }
        let target = if action == "start" { Power::On } else { Power::Off };
        if *machine.power() == target && word != "no-effect" {
            return refused(is_new, 400, "already_in_desired_state");
        }
        if word != "no-effect" {
            machine.operate(action, &[target]);
        }
        done(is_new)
    }
}

/// The query of the list.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Request, is_new: bool) -> Query {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.filter_map(|(name, value)| {
            let name = if is_new { name } else { name.strip_prefix("filter.")? };
            let name = name.split_once('.').map_or(name, |(name, _)| name);
            Some((name.to_owned(), percent_decoded(value)))
        });
        Query(pairs.collect())
    }

    /// Values of one name are alternatives; all names have to fit.
    fn selects(&self, vm: &Vm, power: &Power) -> bool {
        let fits = |name: &str, own: &str| {
            let mut given = self.0.iter().filter(|(other, _)| other == name).peekable();
            given.peek().is_none() || given.any(|(_, value)| value == own)
        };
        fits("names", &vm.name()) && fits("vms", vm.machine.id()) && fits("power_states", &state(power))
    }
}

fn state(power: &Power) -> String {
    match power {
        Power::On => "POWERED_ON".to_owned(),
        Power::Off => "POWERED_OFF".to_owned(),
        Power::Paused => "SUSPENDED".to_owned(),
        Power::Other(word) => word.clone(),
    }
}

/// The refusals that plans make, without an effect.
fn planned(word: &str) -> Option<(u16, &'static str)> {
    Some(match word {
        "inaccessible" => (500, "resource_inaccessible"),
        "lost" => (503, "service_unavailable"),
        "removed" => (404, "not_found"),
        "already" => (400, "already_in_desired_state"),
        "not-allowed" => (400, "not_allowed_in_current_state"),
        "resource-busy" => (400, "resource_busy"),
        "no-resources" => (400, "unable_to_allocate_resource"),
        "privilege" => (403, "unauthorized"),
        "refuse" => (500, "error"),
        _ => return None,
    })
}

fn value(is_new: bool, value: &Value) -> Answer {
    if is_new {
        Answer::json(200, value)
    } else {
        Answer::json(200, &json!({ "value": value }))
    }
}

/// A success without a value.
fn done(is_new: bool) -> Answer {
    Answer {
        status: if is_new { 204 } else { 200 },
        ..Answer::default()
    }
}

fn refused(is_new: bool, status: u16, name: &str) -> Answer {
    with_message(is_new, status, name, "A localized text that explains the error.")
}

fn with_message(is_new: bool, status: u16, name: &str, message: &str) -> Answer {
    let messages = json!([{ "id": format!("com.vmware.api.vcenter.{name}"), "default_message": message, "args": [] }]);
    let body = if is_new {
        json!({ "error_type": name.to_ascii_uppercase(), "messages": messages })
    } else {
        json!({ "type": format!("com.vmware.vapi.std.errors.{name}"), "value": { "messages": messages } })
    };
    Answer::json(status, &body)
}
