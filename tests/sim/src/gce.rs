//! Google Compute Engine: version 1 of its REST API at `/compute/v1`, the service that issues tokens at `/token`, and the
//! metadata service of a machine of the project at `/computeMetadata/v1`, all at one port.
//!
//! The simulator does what is hardest for an agent if the documentation allows several things: an accepted request runs
//! for a while and may fail, the read side may lag, and lists may come in pages.

mod arguments;
mod faults;
mod instances;
mod operations;
mod tokens;

use serde_json::{Value, json};

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use operations::Operation;
use tokens::Token;

/// The instances `node1` (on), `node2` (off) and `web1` (suspended), and two with the name `twin`, in two zones. The IDs
/// are those that the service gives.
pub const NODE1: &str = "4510000000000000001";
/// See [`NODE1`].
pub const NODE2: &str = "4510000000000000002";
/// See [`NODE1`].
pub const WEB1: &str = "4510000000000000003";
const TWINS: [&str; 2] = ["4510000000000000004", "4510000000000000005"];
/// The zone of the instances.
pub const ZONE: &str = "europe-west1-b";
/// The zone of the instances in [`Settings::elsewhere`].
pub const OTHER_ZONE: &str = "europe-west1-c";
/// The address of the service account.
pub const EMAIL: &str = "fencer@proj1.iam.gserviceaccount.com";
/// The key of the service account: the one that RFC 7515 publishes in its appendix A.2, as PKCS #8.
pub const PRIVATE_KEY: &str = include_str!("gce/rfc7515-a2.pem");

/// The settings of the project.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ID of the project.
    pub project: String,
    /// The instances of the project.
    pub machines: Vec<Machine>,
    /// The IDs of those that are in [`OTHER_ZONE`].
    pub elsewhere: Vec<String>,
    /// The number of reads of an instance for which its old state is shown after each change; for instances without a
    /// lag of their own.
    pub lag: u32,
    /// The number of reads for which an operation runs.
    pub operation_polls: u32,
    /// The maximum number of instances on one page.
    pub page: usize,
    /// The number of requests for which a token is valid; unlimited if `None`.
    pub token_calls: Option<u64>,
    /// How far the time in an assertion may be from that of the service, in seconds.
    pub time_window: i64,
    /// How far the clock of the service is ahead, in seconds.
    pub ahead: i64,
    /// The privileges of the account.
    pub permissions: Vec<String>,
}

impl Default for Settings {
    /// Project `proj1`, the instances of [`machines`], no lag, two polls, 500 instances on a page, tokens that never
    /// expire, a window of five minutes, a correct clock, every privilege.
    fn default() -> Settings {
        Settings {
            project: "proj1".to_owned(),
            machines: machines(),
            elsewhere: vec![TWINS[1].to_owned()],
            lag: 0,
            operation_polls: 2,
            page: 500,
            token_calls: None,
            time_window: 300,
            ahead: 0,
            permissions: ["get", "list", "reset", "start", "stop"]
                .map(|verb| format!("compute.instances.{verb}"))
                .into(),
        }
    }
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
        Config::new(Project::new(self), machines)
    }
}

/// The default instances.
pub fn machines() -> Vec<Machine> {
    let mut machines = vec![
        Machine::new(NODE1, Power::On).named("node1"),
        Machine::new(NODE2, Power::Off).named("node2"),
        Machine::new(WEB1, Power::Other("SUSPENDED".to_owned())).named("web1"),
    ];
    machines.extend(TWINS.map(|id| Machine::new(id, Power::Off).named("twin")));
    machines
}

/// This number of instances `s0`, `s1`, …, all off.
pub fn further(number: u32) -> impl Iterator<Item = Machine> {
    (0..number).map(|index| Machine::new(format!("46{index:017}"), Power::Off).named(format!("s{index}")))
}

/// The key file of the service account, whose tokens are issued at this URL.
pub fn key_file(token_uri: &str) -> String {
    let file = json!({
        "type": "service_account",
        "project_id": "proj1",
        "private_key_id": "k1",
        "private_key": PRIVATE_KEY,
        "client_email": EMAIL,
        "client_id": "100000000000000000001",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
    });
    file.to_string()
}

/// The project.
struct Project {
    settings: Settings,
    url: String,
    tokens: Vec<Token>,
    logins: u64,
    operations: Vec<Operation>,
}

impl Project {
    fn new(settings: Settings) -> Project {
        Project {
            settings,
            url: String::new(),
            tokens: Vec::new(),
            logins: 0,
            operations: Vec::new(),
        }
    }
}

/// A path, with its variable parts.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Token,
    Metadata(&'a [&'a str]),
    Aggregated,
    Instances {
        zone: &'a str,
    },
    Instance {
        zone: &'a str,
        name: &'a str,
    },
    Permissions {
        zone: &'a str,
        name: &'a str,
    },
    Action {
        zone: &'a str,
        name: &'a str,
        verb: &'a str,
    },
    Operations,
    Operation {
        zone: &'a str,
        name: &'a str,
    },
}

impl<'a> Route<'a> {
    /// The route and, in a project, its ID.
    fn of(segments: &'a [&'a str]) -> Option<(Route<'a>, &'a str)> {
        // Clients with an address of their own leave out the base path.
        let below = segments.strip_prefix(&["compute", "v1"]).unwrap_or(segments);
        Some(match below {
            ["token"] => (Route::Token, ""),
            ["computeMetadata", "v1", rest @ ..] => (Route::Metadata(rest), ""),
            ["projects", project, "aggregated", "instances"] => (Route::Aggregated, project),
            ["projects", project, "zones", zone, rest @ ..] => {
                let route = match *rest {
                    ["instances"] => Route::Instances { zone },
                    ["instances", name] => Route::Instance { zone, name },
                    ["instances", name, "testIamPermissions"] => Route::Permissions { zone, name },
                    ["instances", name, verb] => Route::Action { zone, name, verb },
                    ["operations"] => Route::Operations,
                    ["operations", name] => Route::Operation { zone, name },
                    _ => return None,
                };
                (route, project)
            }
            _ => return None,
        })
    }

    fn step(&self) -> &'static str {
        match self {
            Route::Token => "token",
            Route::Metadata(_) => "metadata",
            Route::Aggregated => "aggregated",
            Route::Instances { .. } => "instances",
            Route::Instance { .. } => "instance",
            Route::Permissions { .. } => "permissions",
            Route::Action { .. } => "action",
            Route::Operation { .. } => "operation",
            Route::Operations => "other",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Route::Token | Route::Permissions { .. } | Route::Action { .. } => "POST",
            _ => "GET",
        }
    }

    fn zone(&self) -> Option<&str> {
        match self {
            Route::Instances { zone }
            | Route::Instance { zone, .. }
            | Route::Permissions { zone, .. }
            | Route::Action { zone, .. }
            | Route::Operation { zone, .. } => Some(zone),
            _ => None,
        }
    }
}

impl Protocol for Project {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn listens(&mut self, urls: &[String]) {
        self.url = urls.first().cloned().unwrap_or_default();
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Route::of(&segments).map(|(route, _)| route.step())
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let Some((route, project)) = Route::of(&segments) else {
            return refused(404, "notFound", "The requested URL was not found on this server.");
        };
        if request.method != route.method() {
            return refused(405, "httpMethodNotAllowed", "The method is not allowed.");
        }
        match route {
            Route::Token => return self.issue(request, fault),
            Route::Metadata(path) => return self.metadata(path, request, fault),
            _ => {}
        }
        let refusal = self.admit(request, fault).err().or_else(|| common(fault));
        if let Some(refusal) = refusal.or_else(|| self.missing(project, &route)) {
            return refusal;
        }
        match route {
            Route::Aggregated => self.aggregated(device, request, fault),
            Route::Instances { zone } => self.list(device, request, zone, fault),
            Route::Instance { zone, name } => self.instance(device, zone, name, fault),
            Route::Permissions { zone, name } => self.permissions(device, request, zone, name),
            Route::Action { zone, name, verb } => self.act(device, request, zone, name, verb, fault),
            Route::Operation { name, .. } => self.operation(device, name, fault),
            _ => self.running(request),
        }
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        refused(status, "simulated", message)
    }

    /// Tokens are the sessions.
    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins,
            open: self.tokens.len() as u64,
        }
    }
}

impl Project {
    /// Why the project or the zone of a route does not exist.
    fn missing(&self, project: &str, route: &Route<'_>) -> Option<Answer> {
        let missing = |what: String| refused(404, "notFound", &format!("The resource '{what}' was not found"));
        if project != self.settings.project {
            return Some(missing(format!("projects/{project}")));
        }
        let zone = route.zone()?;
        let is_known = [ZONE, OTHER_ZONE].contains(&zone);
        (!is_known).then(|| missing(format!("projects/{project}/zones/{zone}")))
    }

    /// The zone of an instance.
    fn zone_of(&self, id: &str) -> &'static str {
        let is_elsewhere = self.settings.elsewhere.iter().any(|other| other == id);
        if is_elsewhere { OTHER_ZONE } else { ZONE }
    }

    /// The ID of the instance of this name or ID in a zone.
    fn find(&self, device: &Device, zone: &str, name: &str) -> Option<String> {
        let mut machines = device.fleet.machines().iter();
        let is_it =
            |machine: &&Machine| (machine.name() == name || machine.id() == name) && self.zone_of(machine.id()) == zone;
        machines.find(is_it).map(|machine| machine.id().to_owned())
    }

    fn link(&self, path: &str) -> String {
        format!(
            "https://www.googleapis.com/compute/v1/projects/{}/{path}",
            self.settings.project
        )
    }
}

/// Faults of every request with a token.
fn common(fault: Option<&Kind>) -> Option<Answer> {
    match fault.map_or("", Kind::word) {
        "throttled" => Some(refused(403, "rateLimitExceeded", "Rate Limit Exceeded")),
        "quota" => Some(refused(
            429,
            "rateLimitExceeded",
            "Quota exceeded for quota metric 'Queries'",
        )),
        "forbidden" => {
            let message = "Required 'compute.instances.stop' permission for 'projects/proj1/zones/…'";
            Some(refused(403, "forbidden", message))
        }
        "scopes" => {
            let message = "Request had insufficient authentication scopes.";
            Some(refused(403, "insufficientPermissions", message))
        }
        _ => None,
    }
}

fn no_instance(name: &str) -> Answer {
    let message = format!("The resource 'projects/proj1/zones/{ZONE}/instances/{name}' was not found");
    refused(404, "notFound", &message)
}

/// An error as the API writes it.
fn refused(status: u16, reason: &str, message: &str) -> Answer {
    let error = json!({ "message": message, "domain": "global", "reason": reason });
    let error: Value = json!({ "code": status, "message": message, "errors": [error] });
    Answer::json(status, &json!({ "error": error }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
