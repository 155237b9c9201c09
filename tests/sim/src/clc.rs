//! CenturyLink (Lumen) Cloud, API version 2, according to its public documentation.
//!
//! For cases that the documentation does not describe, this simulator does what is hardest for an agent: a task may
//! take time and fail, the read side may lag, ids are answered in lower case whatever the request was, a token may
//! expire.

mod arguments;
mod directory;
mod faults;
mod operation;

use std::collections::HashMap;

use serde_json::{Value, json};

pub use arguments::Arguments;
pub use faults::{GRAMMAR, every_fault, plan};

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use operation::Task;

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one user name that may log in.
    pub login: String,
    /// The password.
    pub password: String,
    /// The alias of the one account, compared without regard to case.
    pub account: String,
    /// The servers. The first three characters of an id are its data center.
    pub machines: Vec<Machine>,
    /// The number of reads of a server for which its old state is shown after each change; for servers without a lag of
    /// their own.
    pub lag: u32,
    /// The number of polls at which a task is `executing` before it is `succeeded`.
    pub task_polls: u32,
    /// The number of calls for which a token is valid; unlimited if `None`.
    pub token_calls: Option<u64>,
    /// Whether `?serverDetail=detailed` includes the servers themselves in the groups.
    pub server_detail: bool,
}

impl Default for Settings {
    /// User `fencer`, password `s3cret`, account `ACME`, the servers of [`machines`], no lag, two task polls, tokens
    /// that never expire, detailed groups.
    fn default() -> Settings {
        Settings {
            login: "fencer".to_owned(),
            password: "s3cret".to_owned(),
            account: "ACME".to_owned(),
            machines: machines(),
            lag: 0,
            task_polls: 2,
            token_calls: None,
            server_detail: true,
        }
    }
}

impl Settings {
    /// A simulator with these settings on a free port of 127.0.0.1, without TLS and without faults.
    pub fn config(mut self) -> Config {
        let lag = self.lag;
        let machines = std::mem::take(&mut self.machines)
            .into_iter()
            .map(|machine| match machine.lag() {
                0 => machine.lagging(lag),
                _ => machine,
            })
            .collect();
        let service = Clc {
            settings: self,
            tokens: HashMap::new(),
            logins: 0,
            tasks: Vec::new(),
        };
        Config::new(service, machines)
    }
}

/// The default servers: `WA1ACMEDB01` (db01) is on, `WA1ACMEDB02` off, `WA1ACMEWEB01` paused.
pub fn machines() -> Vec<Machine> {
    vec![
        Machine::new("WA1ACMEDB01", Power::On).named("db01"),
        Machine::new("WA1ACMEDB02", Power::Off),
        Machine::new("WA1ACMEWEB01", Power::Paused),
    ]
}

/// The service.
struct Clc {
    settings: Settings,
    /// Each token with the number of calls that used it.
    tokens: HashMap<String, u64>,
    logins: u64,
    tasks: Vec<Task>,
}

/// A path of the service, with its variable parts.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Login,
    Server { alias: &'a str, id: &'a str },
    DataCenters { alias: &'a str },
    DataCenter { alias: &'a str, id: &'a str },
    Group { alias: &'a str, id: &'a str },
    Operation { alias: &'a str, operation: &'a str },
    Task { alias: &'a str, id: &'a str },
}

impl<'a> Route<'a> {
    fn of(segments: &'a [String]) -> Option<Route<'a>> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match *segments {
            ["v2", "authentication", "login"] => Route::Login,
            ["v2", "servers", alias, id] => Route::Server { alias, id },
            ["v2", "datacenters", alias] => Route::DataCenters { alias },
            ["v2", "datacenters", alias, id] => Route::DataCenter { alias, id },
            ["v2", "groups", alias, id] => Route::Group { alias, id },
            ["v2", "operations", alias, "servers", operation] => Route::Operation { alias, operation },
            ["v2", "operations", alias, "status", id] => Route::Task { alias, id },
            _ => return None,
        })
    }

    fn step(&self) -> &'static str {
        match self {
            Route::Login => "login",
            Route::Server { .. } => "server",
            Route::DataCenters { .. } => "datacenters",
            Route::DataCenter { .. } => "datacenter",
            Route::Group { .. } => "group",
            Route::Operation { .. } => "operation",
            Route::Task { .. } => "task",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Route::Login | Route::Operation { .. } => "POST",
            _ => "GET",
        }
    }

    /// The account in the path; the login path has none.
    fn alias(&self) -> Option<&'a str> {
        match self {
            Route::Login => None,
            Route::Server { alias, .. }
            | Route::DataCenters { alias }
            | Route::DataCenter { alias, .. }
            | Route::Group { alias, .. }
            | Route::Operation { alias, .. }
            | Route::Task { alias, .. } => Some(alias),
        }
    }
}

impl Protocol for Clc {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        Route::of(&request.segments()).map(|route| route.step())
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let segments = request.segments();
        let Some(route) = Route::of(&segments) else {
            return Answer::message(404, "no such resource");
        };
        if request.method != route.method() {
            return Answer::message(405, "the requested resource does not support this method");
        }
        if let Some(alias) = route.alias() {
            if let Err(refusal) = self.admit(request, fault) {
                return refusal;
            }
            if !alias.eq_ignore_ascii_case(&self.settings.account) {
                return Answer::message(403, "you do not have permission to this account");
            }
        }
        match route {
            Route::Login => self.log_in(&request.body, fault),
            Route::Server { id, .. } => self.server(device, id, fault),
            Route::DataCenters { .. } => directory::data_centers(&device.fleet, &self.settings.account),
            Route::DataCenter { id, .. } => {
                let links = request.asks("groupLinks", "true");
                directory::data_center(&device.fleet, &self.settings.account, id, links)
            }
            Route::Group { id, .. } => {
                let detailed = self.settings.server_detail && request.asks("serverDetail", "detailed");
                directory::group(&mut device.fleet, &self.settings.account, id, detailed)
            }
            Route::Operation { operation, .. } => self.operate(device, operation, &request.body, fault),
            Route::Task { id, .. } => self.task(device, id, fault),
        }
    }

    /// Tokens are the sessions; the API cannot give a token back.
    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins,
            open: self.tokens.len() as u64,
        }
    }
}

impl Clc {
    /// `POST /v2/authentication/login`: wrong credentials are answered with 400, not 401.
    fn log_in(&mut self, body: &str, fault: Option<&Kind>) -> Answer {
        let Ok(body) = serde_json::from_str::<Value>(body) else {
            return Answer::message(400, "the body is not JSON");
        };
        let given = (body["username"].as_str(), body["password"].as_str());
        let wanted = (
            Some(self.settings.login.as_str()),
            Some(self.settings.password.as_str()),
        );
        let fault = fault.map(Kind::word);
        if given != wanted || fault == Some("denied") {
            return Answer::message(400, "we didn't recognize the username or password you entered");
        }
        let account = &self.settings.account;
        let mut answer = json!({
            "userName": format!("{}@{}.example", self.settings.login, account.to_ascii_lowercase()),
            "accountAlias": account,
            "locationAlias": "WA1",
            "roles": ["ServerAdmin"],
        });
        if fault != Some("no-token") {
            self.logins += 1;
            let token = format!("eyJ0eXAi.SIMULATED.{}", self.logins);
            answer["bearerToken"] = json!(token);
            self.tokens.insert(token, 0);
        }
        Answer::json(200, &answer)
    }

    /// Checks the bearer token, and counts one call for it.
    fn admit(&mut self, request: &Request, fault: Option<&Kind>) -> Result<(), Answer> {
        let refusal = || Answer::message(401, "the bearer token is missing, unknown or expired");
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(refusal)?;
        let calls = self.tokens.get_mut(token).ok_or_else(refusal)?;
        *calls += 1;
        let worn_out = self.settings.token_calls.is_some_and(|most| *calls > most);
        if worn_out || fault.is_some_and(|fault| fault.word() == "expired") {
            self.tokens.remove(token);
            return Err(refusal());
        }
        Ok(())
    }

    /// `GET /v2/servers/ALIAS/ID`.
    fn server(&mut self, device: &mut Device, id: &str, fault: Option<&Kind>) -> Answer {
        // Tasks also progress if no client polls them: each read of the server advances them by one step.
        self.advance_tasks(device, id);
        let group = directory::group_of(&device.fleet, id).unwrap_or_default();
        let Some(machine) = device.fleet.get_mut(id) else {
            return Answer::message(404, "server not found");
        };
        let shown = machine.read();
        let mut server = server(machine, &shown, &self.settings.account, &group);
        let details = &mut server["details"];
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("no-power-state", _)) => {
                details.as_object_mut().map(|members| members.remove("powerState"));
            }
            Some(("null-power-state", _)) => details["powerState"] = Value::Null,
            Some(("state", Some(word))) => details["powerState"] = json!(word),
            // An answer that an agent must reject reports `stopped`, so that a test notices an agent that accepts it.
            Some(("other-id", _)) => {
                details["powerState"] = json!("stopped");
                (server["id"], server["name"]) = (json!("wa1acmeother99"), json!("wa1acmeother99"));
            }
            Some(("archived", _)) => {
                details["powerState"] = json!("stopped");
                server["status"] = json!("archived");
            }
            Some(("template", _)) => {
                details["powerState"] = json!("stopped");
                server["isTemplate"] = json!(true);
            }
            _ => {}
        }
        Answer::json(200, &server)
    }
}

/// A server as the service describes it, with the power status that is shown.
fn server(machine: &Machine, shown: &Power, account: &str, group: &str) -> Value {
    let id = machine.id().to_ascii_lowercase();
    let power_state = match shown {
        Power::On => "started",
        Power::Off => "stopped",
        Power::Paused => "paused",
        Power::Other(word) => word,
    };
    json!({
        "id": id,
        "name": id,
        "displayName": machine.name(),
        "description": "",
        "groupId": group,
        "isTemplate": false,
        "locationId": directory::data_center_of(machine),
        "osType": "Debian 12 64-bit",
        "status": "active",
        "details": {
            "ipAddresses": [{ "internal": "10.0.0.5" }],
            "cpu": 2,
            "memoryMB": 4096,
            "storageGB": 60,
            "inMaintenanceMode": false,
            "powerState": power_state,
            "snapshots": [],
            "customFields": [],
        },
        "type": "standard",
        "storageType": "standard",
        "links": [link("self", &format!("/v2/servers/{}/{id}", account.to_ascii_lowercase()), &id)],
    })
}

fn link(rel: &str, href: &str, id: &str) -> Value {
    json!({ "rel": rel, "href": href, "id": id })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod fault_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
