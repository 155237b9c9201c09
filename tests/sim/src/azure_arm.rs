//! Azure Resource Manager with the virtual machines of a subscription, Microsoft Entra ID, which issues tokens, and the
//! metadata service of a machine, all at one port.
//!
//! The simulator does what is hardest for an agent if the documentation allows several things: an accepted request runs
//! for a while and may fail, the view of a machine may lag, and lists may come in pages.

mod arguments;
mod faults;
mod login;
mod machines;
mod operations;

use serde_json::json;

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};

use crate::fault::{Grammar, Kind};
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use login::Token;
use operations::Operation;

/// The ID of the subscription.
pub const SUBSCRIPTION: &str = "5a1c0de1-0000-4000-8000-00000000aaaa";
/// The ID of the tenant.
pub const TENANT: &str = "5a1c0de1-0000-4000-8000-00000000bbbb";
/// The client ID of the application.
pub const CLIENT: &str = "5a1c0de1-0000-4000-8000-00000000cccc";
/// The client ID of the user-assigned identity.
pub const IDENTITY: &str = "5a1c0de1-0000-4000-8000-00000000dddd";
/// The resource group of the machines.
pub const GROUP: &str = "cluster-rg";

/// The settings of the subscription.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The client secret of the application.
    pub secret: String,
    /// The machines of the resource group: `node1` (on), `node2` (stopped) and `web1` (deallocated).
    pub machines: Vec<Machine>,
    /// The number of reads of a machine for which its old state is shown after each change; for machines without a lag
    /// of their own.
    pub lag: u32,
    /// The number of reads for which an operation runs.
    pub operation_polls: u32,
    /// The maximum number of machines on one page.
    pub page: usize,
    /// The number of requests for which a token is valid; unlimited if `None`.
    pub token_calls: Option<u64>,
    /// What the account may do, with wildcards.
    pub actions: Vec<String>,
    /// Whether a request that has nothing to do is answered with 200 and without an operation.
    pub at_once: bool,
}

impl Default for Settings {
    /// Secret `s3cret`, the machines of [`machines`], no lag, two polls, 100 machines on a page, tokens that never
    /// expire, every action.
    fn default() -> Settings {
        Settings {
            secret: "s3cret".to_owned(),
            machines: machines(),
            lag: 0,
            operation_polls: 2,
            page: 100,
            token_calls: None,
            actions: vec!["Microsoft.Compute/virtualMachines/*".to_owned(), "*/read".to_owned()],
            at_once: false,
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
        Config::new(Subscription::new(self), machines)
    }
}

/// The default machines.
pub fn machines() -> Vec<Machine> {
    vec![
        Machine::new("node1", Power::On),
        Machine::new("node2", Power::Off),
        Machine::new("web1", deallocated()),
    ]
}

/// The state of a machine without a host. [`Power::Off`] is the state of one that is stopped and keeps its host.
pub fn deallocated() -> Power {
    Power::Other("deallocated".to_owned())
}

/// Whether a machine is certainly off.
pub fn is_off(power: &Power) -> bool {
    *power == Power::Off || *power == deallocated()
}

/// The subscription.
struct Subscription {
    settings: Settings,
    url: String,
    tokens: Vec<Token>,
    logins: u64,
    operations: Vec<Operation>,
}

impl Subscription {
    fn new(settings: Settings) -> Subscription {
        Subscription {
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
    Discovery,
    Token(&'a str),
    Identity,
    Place,
    Machines,
    Machine(&'a str),
    InstanceView(&'a str),
    Permissions(&'a str),
    Action { name: &'a str, verb: &'a str },
    Operation(&'a str),
}

/// Where a path is.
#[derive(Default)]
struct Place<'a> {
    subscription: Option<&'a str>,
    group: Option<&'a str>,
}

impl<'a> Route<'a> {
    fn of(segments: &'a [&'a str]) -> Option<(Route<'a>, Place<'a>)> {
        let open = |route| Some((route, Place::default()));
        match segments {
            [_, "v2.0", ".well-known", "openid-configuration"] | ["common", "discovery", "instance"] => {
                open(Route::Discovery)
            }
            [tenant, "oauth2", "v2.0", "token"] => open(Route::Token(tenant)),
            ["metadata", "identity", "oauth2", "token"] => open(Route::Identity),
            ["metadata", "instance", "compute"] => open(Route::Place),
            ["subscriptions", subscription, rest @ ..] => {
                let subscription = Some(*subscription);
                // Names of groups, providers and types do not depend on case.
                if let ["providers", provider, "locations", _, "operations", id] = rest
                    && provider.eq_ignore_ascii_case("Microsoft.Compute")
                {
                    let place = Place {
                        subscription,
                        group: None,
                    };
                    return Some((Route::Operation(id), place));
                }
                let [groups, group, "providers", provider, machines, rest @ ..] = rest else {
                    return None;
                };
                if !groups.eq_ignore_ascii_case("resourceGroups")
                    || !provider.eq_ignore_ascii_case("Microsoft.Compute")
                    || !machines.eq_ignore_ascii_case("virtualMachines")
                {
                    return None;
                }
                let route = match *rest {
                    [] => Route::Machines,
                    [name] => Route::Machine(name),
                    [name, "instanceView"] => Route::InstanceView(name),
                    [name, "providers", "Microsoft.Authorization", "permissions"] => Route::Permissions(name),
                    [name, verb] => Route::Action { name, verb },
                    _ => return None,
                };
                let group = Some(*group);
                Some((route, Place { subscription, group }))
            }
            _ => None,
        }
    }

    fn step(&self) -> &'static str {
        match self {
            Route::Discovery => "other",
            Route::Token(_) => "token",
            Route::Identity => "identity",
            Route::Place => "place",
            Route::Machines => "machines",
            Route::Machine(_) | Route::InstanceView(_) => "machine",
            Route::Permissions(_) => "permissions",
            Route::Action { .. } => "action",
            Route::Operation(_) => "operation",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Route::Token(_) | Route::Action { .. } => "POST",
            _ => "GET",
        }
    }
}

impl Protocol for Subscription {
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
        let mut answer = self.route(device, request, fault);
        answer.headers.push(("x-ms-request-id", request_id(request.order)));
        answer
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        refused(status, "Simulated", message)
    }

    /// Tokens are the sessions.
    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.logins,
            open: self.tokens.len() as u64,
        }
    }
}

fn request_id(number: u64) -> String {
    format!("5a1c0de1-0000-4000-a000-{number:012x}")
}

impl Subscription {
    fn route(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let Some((route, place)) = Route::of(&segments) else {
            return refused(404, "NotFound", "The resource does not exist.");
        };
        if request.method != route.method() {
            return refused(405, "MethodNotAllowed", "The method is not allowed.");
        }
        match route {
            Route::Discovery => return self.discovery(),
            Route::Token(tenant) => return self.issue(tenant, &request.body, fault),
            Route::Identity => return self.identity(request, fault),
            Route::Place => return place_of(request, fault),
            _ => {}
        }
        let refusal = self.admit(request, fault).err().or_else(|| common(fault));
        if let Some(refusal) = refusal.or_else(|| missing(request, &place)) {
            return refusal;
        }
        match route {
            Route::Machines => self.list(device, request, fault),
            Route::Machine(name) | Route::InstanceView(name) => self.machine(device, request, name, fault),
            Route::Permissions(name) => self.permissions(device, name, fault),
            Route::Action { name, verb } => self.act(device, request, name, verb, fault),
            Route::Operation(id) => self.operation(device, id, fault),
            _ => refused(404, "NotFound", "The resource does not exist."),
        }
    }
}

/// Why the place of a path does not exist.
fn missing(request: &Request, place: &Place<'_>) -> Option<Answer> {
    if !request.target.contains("api-version=") {
        return Some(refused(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let other = |given: Option<&str>, own: &str| given.is_some_and(|given| !given.eq_ignore_ascii_case(own));
    if other(place.subscription, SUBSCRIPTION) {
        let message = format!(
            "The subscription '{}' could not be found.",
            place.subscription.unwrap_or_default()
        );
        return Some(refused(404, "SubscriptionNotFound", &message));
    }
    if other(place.group, GROUP) {
        let message = format!(
            "Resource group '{}' could not be found.",
            place.group.unwrap_or_default()
        );
        return Some(refused(404, "ResourceGroupNotFound", &message));
    }
    None
}

/// `GET /metadata/instance/compute`.
fn place_of(request: &Request, fault: Option<&Kind>) -> Answer {
    if request.header("metadata") != Some("true") {
        return refused(400, "BadRequest", "The header Metadata: true is missing.");
    }
    let mut place = json!({
        "name": "node9",
        "location": "westeurope",
        "resourceGroupName": GROUP,
        "subscriptionId": SUBSCRIPTION,
        "vmId": request_id(0),
    });
    if fault.is_some_and(|fault| fault.word() == "no-group") {
        place["resourceGroupName"] = json!("");
    }
    Answer::json(200, &place)
}

/// Faults of every request with a token.
fn common(fault: Option<&Kind>) -> Option<Answer> {
    match fault.map_or("", Kind::word) {
        "throttled" => {
            let mut refusal = refused(
                429,
                "TooManyRequests",
                "The request is being throttled (HighCostGet3Min).",
            );
            refusal.headers.push(("retry-after", "2".to_owned()));
            Some(refusal)
        }
        "forbidden" => {
            let message = "The client does not have authorization to perform action \
                           'Microsoft.Compute/virtualMachines/powerOff/action' over scope '/subscriptions/…'.";
            Some(refused(403, "AuthorizationFailed", message))
        }
        _ => None,
    }
}

fn no_machine(name: &str) -> Answer {
    let message = format!(
        "The Resource 'Microsoft.Compute/virtualMachines/{name}' under resource group '{GROUP}' was not found."
    );
    refused(404, "ResourceNotFound", &message)
}

/// An error as Azure Resource Manager writes it.
fn refused(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
