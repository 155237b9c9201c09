//! Hetzner Cloud: its API v1, with servers and their actions.
//!
//! An action is accepted before it is executed, and its record shows how it ended. While it runs, the server is locked,
//! and further actions are refused.

mod actions;
mod arguments;
mod faults;
mod servers;

use serde_json::json;

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request};
use crate::server::Config;
use actions::Action;

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The token with the permission Read & Write.
    pub token: String,
    /// The token with the permission Read.
    pub read_token: String,
    /// The servers; their ids are numbers.
    pub machines: Vec<Machine>,
    /// The number of reads of a server for which its old state is shown after each change; for servers without a lag of
    /// their own.
    pub lag: u32,
    /// The number of reads of an action at which it is `running`.
    pub polls: u32,
    /// The maximum number of servers on one page.
    pub page: usize,
}

impl Default for Settings {
    /// Token `s3cret`, read-only token `s3cret-read`, the servers of [`machines`], two polls, 50 servers on a page.
    fn default() -> Settings {
        Settings {
            token: "s3cret".to_owned(),
            read_token: "s3cret-read".to_owned(),
            machines: machines(),
            lag: 0,
            polls: 2,
            page: 50,
        }
    }
}

/// The default servers: `node1` (on) and `node2` (off).
pub fn machines() -> Vec<Machine> {
    vec![
        Machine::new("42", Power::On).named("node1"),
        Machine::new("43", Power::Off).named("node2"),
    ]
}

/// This number of servers `s1000`, `s1001`, …, all off.
pub fn further(number: u32) -> impl Iterator<Item = Machine> {
    (0..number).map(|index| Machine::new((1000 + index).to_string(), Power::Off).named(format!("s{}", 1000 + index)))
}

impl Settings {
    /// A simulator with these settings on a free port of 127.0.0.1, without TLS and without faults.
    pub fn config(mut self) -> Config {
        let lag = self.lag;
        let machines = std::mem::take(&mut self.machines).into_iter();
        let machines = machines.map(|machine| match machine.lag() {
            0 => machine.lagging(lag),
            _ => machine,
        });
        let machines = machines.collect();
        Config::new(Cloud::new(self), machines)
    }
}

/// The service.
struct Cloud {
    settings: Settings,
    actions: Vec<Action>,
}

/// A path of the service, with its variable parts.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Servers,
    Server(&'a str),
    Act(&'a str, &'a str),
    Action(&'a str),
    Types,
}

impl<'a> Route<'a> {
    fn of(segments: &'a [String]) -> Option<Route<'a>> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match segments[..] {
            ["v1", "servers"] => Route::Servers,
            ["v1", "servers", id] => Route::Server(id),
            ["v1", "servers", id, "actions", verb] if verb.starts_with(char::is_alphabetic) => Route::Act(id, verb),
            ["v1", "servers", _, "actions", id] | ["v1", "servers", "actions", id] | ["v1", "actions", id] => {
                Route::Action(id)
            }
            ["v1", "server_types"] => Route::Types,
            _ => return None,
        })
    }

    fn step(&self) -> &'static str {
        match self {
            Route::Servers => "servers",
            Route::Server(_) => "server",
            Route::Act(..) => "act",
            Route::Action(_) => "action",
            Route::Types => "other",
        }
    }
}

impl Protocol for Cloud {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        Route::of(&request.segments()).map(|route| route.step())
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let segments = request.segments();
        let Some(route) = Route::of(&segments) else {
            return refused("not_found", "the requested resource was not found");
        };
        let given = request
            .header("authorization")
            .and_then(|field| field.strip_prefix("Bearer "));
        let may_write = match given {
            Some(token) if token == self.settings.token => true,
            Some(token) if token == self.settings.read_token => false,
            _ => return refused("unauthorized", "unable to authenticate"),
        };
        let is_post = request.method == "POST";
        if is_post != matches!(route, Route::Act(..)) || !is_post && request.method != "GET" {
            return refused("not_found", "the requested resource was not found");
        }
        if is_post && !may_write {
            return refused("token_readonly", "the token is only allowed to perform GET requests");
        }
        match fault.map_or("", Kind::word) {
            "unauthorized" => refused("unauthorized", "unable to authenticate"),
            "limit" => refused("rate_limit_exceeded", "limit of 3600 requests per hour reached"),
            "maintenance" => refused("maintenance", "the service is under maintenance"),
            _ => match route {
                Route::Servers => self.list(device, request, fault),
                Route::Server(id) => self.server(device, id, fault),
                Route::Act(id, verb) => self.act(device, id, verb, fault),
                Route::Action(id) => self.action(device, id, fault),
                Route::Types => Answer::json(200, &json!({ "server_types": [] })),
            },
        }
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        let code = match status {
            400 | 422 => "invalid_input",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            409 => "conflict",
            412 => "resource_unavailable",
            423 => "locked",
            429 => "rate_limit_exceeded",
            503 => "maintenance",
            504 => "timeout",
            _ => "server_error",
        };
        error(status, code, message)
    }
}

impl Cloud {
    fn new(settings: Settings) -> Cloud {
        Cloud {
            settings,
            actions: Vec::new(),
        }
    }
}

/// An error with the status that belongs to its code.
fn refused(code: &str, message: &str) -> Answer {
    let status = match code {
        "unauthorized" => 401,
        "forbidden" | "token_readonly" | "protected" => 403,
        "not_found" => 404,
        "conflict" => 409,
        "resource_unavailable" | "placement_error" => 412,
        "invalid_input" => 422,
        "locked" => 423,
        "rate_limit_exceeded" => 429,
        "maintenance" => 503,
        _ => 500,
    };
    error(status, code, message)
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "error": { "code": code, "message": message, "details": null } }),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
