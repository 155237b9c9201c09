//! OpenStack: the identity service (Keystone, API v3) at the first port, and the compute service (Nova, API v2.1) at a
//! further one, as the catalog of the identity service names it.
//!
//! The simulator does what is hardest for an agent if the documentation allows several things: an accepted action may
//! take time and fail, the read side may lag, and the list of servers may come in pages.

mod actions;
mod arguments;
mod faults;
mod identity;
mod servers;

use serde_json::{Value, json};

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use actions::Action;
use identity::Token;

/// The servers `node1` (on), `node2` (off) and `web1` (paused), and two with the name `twin`.
pub const NODE1: &str = "5a1c0de1-0000-4000-8000-000000000001";
/// See [`NODE1`].
pub const NODE2: &str = "5a1c0de1-0000-4000-8000-000000000002";
/// See [`NODE1`].
pub const WEB1: &str = "5a1c0de1-0000-4000-8000-000000000003";
const TWINS: [&str; 2] = [
    "5a1c0de1-0000-4000-8000-000000000004",
    "5a1c0de1-0000-4000-8000-000000000005",
];

/// The settings of both services.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one user name that may log in.
    pub login: String,
    /// The password.
    pub password: String,
    /// The names of the user's and of the project's domain.
    pub domain: String,
    /// The name of the project.
    pub project: String,
    /// The id and the secret of the application credential.
    pub credential: (String, String),
    /// The servers of the project.
    pub machines: Vec<Machine>,
    /// The number of reads of a server for which its old state is shown after each change; for servers without a lag of
    /// their own.
    pub lag: u32,
    /// The number of reads for which an action runs.
    pub action_polls: u32,
    /// The maximum number of servers on one page.
    pub page: usize,
    /// The number of requests for which a token is valid; unlimited if `None`.
    pub token_calls: Option<u64>,
    /// Whether the compute service has no microversions after 2.1, as in 2015.
    pub old_api: bool,
}

impl Default for Settings {
    /// User `fencer`, password `s3cret`, domain `Default`, project `admin`, credential `appcred1`, the servers of
    /// [`machines`], no lag, two polls, 1000 servers on a page, tokens that never expire.
    fn default() -> Settings {
        Settings {
            login: "fencer".to_owned(),
            password: "s3cret".to_owned(),
            domain: "Default".to_owned(),
            project: "admin".to_owned(),
            credential: ("appcred1".to_owned(), "app-s3cret".to_owned()),
            machines: machines(),
            lag: 0,
            action_polls: 2,
            page: 1000,
            token_calls: None,
            old_api: false,
        }
    }
}

impl Settings {
    /// A simulator with these settings on free ports of 127.0.0.1, without TLS and without faults.
    pub fn config(mut self) -> Config {
        let lag = self.lag;
        let machines = std::mem::take(&mut self.machines).into_iter();
        let machines = machines.map(|machine| match machine.lag() {
            0 => machine.lagging(lag),
            _ => machine,
        });
        let machines = machines.collect();
        let cloud = OpenStack {
            settings: self,
            urls: Vec::new(),
            tokens: Vec::new(),
            logins: 0,
            actions: Vec::new(),
        };
        Config {
            services: 1,
            ..Config::new(cloud, machines)
        }
    }
}

/// The default servers.
pub fn machines() -> Vec<Machine> {
    let mut machines = vec![
        Machine::new(NODE1, Power::On).named("node1"),
        Machine::new(NODE2, Power::Off).named("node2"),
        Machine::new(WEB1, Power::Paused).named("web1"),
    ];
    machines.extend(TWINS.map(|id| Machine::new(id, Power::Off).named("twin")));
    machines
}

/// This number of servers `s0`, `s1`, …, all off.
pub fn further(number: u32) -> impl Iterator<Item = Machine> {
    let id = |index| format!("5a1c0de1-0000-4000-9000-{index:012x}");
    (0..number).map(move |index| Machine::new(id(index), Power::Off).named(format!("s{index}")))
}

/// Both services.
struct OpenStack {
    settings: Settings,
    /// The URLs of the identity and of the compute service.
    urls: Vec<String>,
    tokens: Vec<Token>,
    logins: u64,
    actions: Vec<Action>,
}

/// A path of one of the services, with its variable parts.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    IdentityVersions,
    IdentityVersion,
    Login,
    ComputeVersions,
    ComputeVersion,
    Servers { detailed: bool },
    Server(&'a str),
    Action(&'a str),
    InstanceActions(&'a str),
    InstanceAction { server: &'a str, request: &'a str },
}

impl<'a> Route<'a> {
    /// The route of the service at the first port, or at the other one.
    fn of(is_identity: bool, segments: &'a [String]) -> Option<Route<'a>> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let segments = segments.strip_suffix(&[""]).unwrap_or(&segments);
        Some(match (is_identity, segments) {
            (true, []) => Route::IdentityVersions,
            (true, ["v3"]) => Route::IdentityVersion,
            (true, ["v3", "auth", "tokens"]) => Route::Login,
            (false, []) => Route::ComputeVersions,
            (false, ["v2.1"]) => Route::ComputeVersion,
            (false, ["v2.1", "servers"]) => Route::Servers { detailed: false },
            (false, ["v2.1", "servers", "detail"]) => Route::Servers { detailed: true },
            (false, ["v2.1", "servers", id]) => Route::Server(id),
            (false, ["v2.1", "servers", id, "action"]) => Route::Action(id),
            (false, ["v2.1", "servers", id, "os-instance-actions"]) => Route::InstanceActions(id),
            (false, ["v2.1", "servers", server, "os-instance-actions", request]) => {
                Route::InstanceAction { server, request }
            }
            _ => return None,
        })
    }

    fn step(&self) -> &'static str {
        match self {
            Route::Login => "login",
            Route::Servers { .. } => "servers",
            Route::Server(_) => "server",
            Route::Action(_) => "action",
            Route::InstanceAction { .. } => "instance-action",
            _ => "other",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Route::Login | Route::Action(_) => "POST",
            _ => "GET",
        }
    }

    fn is_public(&self) -> bool {
        matches!(
            self,
            Route::IdentityVersions
                | Route::IdentityVersion
                | Route::Login
                | Route::ComputeVersions
                | Route::ComputeVersion
        )
    }
}

impl Protocol for OpenStack {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn listens(&mut self, urls: &[String]) {
        self.urls = urls.to_vec();
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        Route::of(self.is_identity(request), &request.segments()).map(|route| route.step())
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let mut answer = self.route(device, request, fault);
        if !answer.headers.iter().any(|(name, _)| *name == REQUEST_ID) {
            answer.headers.push((REQUEST_ID, request_id(request.order)));
        }
        answer
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        refused(status, message)
    }

    /// Tokens are the sessions.
    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins,
            open: self.tokens.len() as u64,
        }
    }
}

/// The header field with the id of a request, which an action has from then on.
const REQUEST_ID: &str = "x-openstack-request-id";

fn request_id(number: u64) -> String {
    format!("req-5a1c0de1-0000-4000-a000-{number:012x}")
}

impl OpenStack {
    fn is_identity(&self, request: &Request) -> bool {
        let suffix = format!(":{}", request.port);
        self.urls.first().is_some_and(|url| url.ends_with(&suffix))
    }

    fn compute_url(&self) -> &str {
        self.urls.get(1).map_or("", String::as_str)
    }

    fn route(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let segments = request.segments();
        let Some(route) = Route::of(self.is_identity(request), &segments) else {
            return refused(404, "The resource could not be found.");
        };
        if !route.is_public()
            && let Err(refusal) = self.admit(request, fault)
        {
            return refusal;
        }
        if request.method != route.method() {
            return refused(405, "The method is not allowed for this resource.");
        }
        if !route.is_public() && !self.has_microversion(request) {
            return refused(406, "Version is not supported by the API.");
        }
        match route {
            Route::IdentityVersions => self.identity_version(true),
            Route::IdentityVersion => self.identity_version(false),
            Route::Login => self.log_in(&request.body, fault),
            Route::ComputeVersions => self.compute_version(true),
            Route::ComputeVersion => self.compute_version(false),
            Route::Servers { detailed } => self.list(device, request, detailed, fault),
            Route::Server(id) => self.server(device, id, fault),
            Route::Action(id) => self.act(device, id, request, fault),
            Route::InstanceActions(id) => self.instance_actions(device, id),
            Route::InstanceAction { server, request: id } => {
                self.instance_action(device, server, id, microversion(request), fault)
            }
        }
    }

    fn has_microversion(&self, request: &Request) -> bool {
        let most = if self.settings.old_api { 1 } else { MICROVERSION };
        microversion(request) <= most
    }

    fn identity_version(&self, several: bool) -> Answer {
        let url = self.urls.first().map_or("", String::as_str);
        let version = json!({
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{ "rel": "self", "href": format!("{url}/v3/") }],
            "media-types": [{ "base": "application/json", "type": "application/vnd.openstack.identity-v3+json" }],
        });
        if several {
            Answer::json(300, &json!({ "versions": { "values": [version] } }))
        } else {
            Answer::json(200, &json!({ "version": version }))
        }
    }

    fn compute_version(&self, several: bool) -> Answer {
        let most = if self.settings.old_api {
            String::new()
        } else {
            format!("2.{MICROVERSION}")
        };
        let version = json!({
            "id": "v2.1",
            "status": "CURRENT",
            "version": most,
            "min_version": if self.settings.old_api { "" } else { "2.1" },
            "updated": "2013-07-23T11:33:21Z",
            "links": [{ "rel": "self", "href": format!("{}/v2.1/", self.compute_url()) }],
        });
        if several {
            Answer::json(200, &json!({ "versions": [version] }))
        } else {
            Answer::json(200, &json!({ "version": version }))
        }
    }
}

/// The newest microversion, 2.93 as in OpenStack Zed.
const MICROVERSION: u32 = 93;

/// The second number of the microversion that a request asks for.
fn microversion(request: &Request) -> u32 {
    let new = request.header("openstack-api-version");
    let new = new.and_then(|value| value.strip_prefix("compute "));
    let version = new.or_else(|| request.header("x-openstack-nova-api-version"));
    match version {
        Some("latest") => MICROVERSION,
        Some(version) => {
            let second = version.strip_prefix("2.").and_then(|second| second.parse().ok());
            second.unwrap_or(u32::MAX)
        }
        None => 1,
    }
}

/// An error of one of the services: one member, whose name depends on the error.
fn refused(status: u16, message: &str) -> Answer {
    let member = match status {
        400 => "badRequest",
        401 => "error",
        403 => "forbidden",
        404 => "itemNotFound",
        409 => "conflictingRequest",
        413 | 429 => "overLimit",
        _ => "computeFault",
    };
    let error: Value = json!({ "code": status, "message": message });
    Answer::json(status, &json!({ member: error }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
