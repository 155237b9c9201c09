//! A cluster of Proxmox VE, according to its API viewer.
//!
//! It always has TLS. Each machine is at one node, and only this node answers for it. A request to switch a machine is
//! accepted before it is executed, and only its task has the error of the worker.

mod arguments;
mod faults;
mod guests;
mod login;
mod switch;

use serde_json::json;

pub use arguments::Arguments;
pub use faults::{GRAMMAR, plan};

use crate::fault;
use crate::fault::Grammar;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request, Sessions};
use crate::server::Config;
use login::{Ticket, error, success};
use switch::Task;

/// Virtual machine or container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A virtual machine.
    Qemu,
    /// A container.
    Lxc,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Qemu => "qemu",
            Kind::Lxc => "lxc",
        }
    }
}

/// A machine of the cluster.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The machine; its id is the VMID.
    pub machine: Machine,
    /// Virtual machine or container.
    pub kind: Kind,
    /// The node on which it is.
    pub node: String,
    /// The lock of a task, such as `backup`.
    pub lock: Option<String>,
    /// It is a template.
    pub is_template: bool,
    /// The cluster's HA manages it.
    pub is_managed: bool,
}

impl Guest {
    /// A machine at the node `pve1`.
    pub fn new(machine: Machine, kind: Kind) -> Guest {
        Guest {
            machine,
            kind,
            node: "pve1".to_owned(),
            lock: None,
            is_template: false,
            is_managed: false,
        }
    }

    /// The same machine at this node.
    #[must_use]
    pub fn at(self, node: &str) -> Guest {
        Guest {
            node: node.to_owned(),
            ..self
        }
    }

    /// The same machine with this lock.
    #[must_use]
    pub fn locked(self, lock: &str) -> Guest {
        Guest {
            lock: Some(lock.to_owned()),
            ..self
        }
    }

    fn id(&self) -> &str {
        self.machine.id()
    }

    fn is_at(&self, node: &str, id: &str) -> bool {
        self.node == node && self.id() == id
    }
}

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one user that may log in, with its realm.
    pub login: String,
    /// The password.
    pub password: String,
    /// The one API token, as `USER@REALM!TOKENID=SECRET`.
    pub token: String,
    /// The machines.
    pub guests: Vec<Guest>,
    /// Nodes that do not answer.
    pub offline: Vec<String>,
    /// The number of reads of a machine for which its old state is shown after each change; for machines without a lag
    /// of their own.
    pub lag: u32,
    /// The number of polls at which a task is `running`.
    pub task_polls: u32,
    /// The number of reads of a machine before a request to HA takes effect.
    pub ha_reads: u32,
    /// The number of requests for which a ticket is valid; unlimited if `None`.
    pub ticket_calls: Option<u64>,
    /// It is older than the parameter `overrule-shutdown`.
    pub is_old: bool,
    /// The account has VM.Audit.
    pub may_audit: bool,
    /// The account has VM.PowerMgmt.
    pub may_switch: bool,
}

impl Default for Settings {
    /// User `fencer@pve` with password `s3cret`, a token `fencer@pve!node`, the machines of [`guests`], two task polls.
    fn default() -> Settings {
        Settings {
            login: "fencer@pve".to_owned(),
            password: "s3cret".to_owned(),
            token: "fencer@pve!node=s3cret-token".to_owned(),
            guests: guests(),
            offline: Vec::new(),
            lag: 0,
            task_polls: 2,
            ha_reads: 3,
            ticket_calls: None,
            is_old: false,
            may_audit: true,
            may_switch: true,
        }
    }
}

/// The default machines, at the nodes `pve1` and `pve2`.
pub fn guests() -> Vec<Guest> {
    let guest =
        |id: &str, power, name: &str, kind, node| Guest::new(Machine::new(id, power).named(name), kind).at(node);
    vec![
        guest("100", Power::On, "node1", Kind::Qemu, "pve1"),
        guest("101", Power::Off, "node2", Kind::Qemu, "pve2"),
        guest("200", Power::On, "ct1", Kind::Lxc, "pve2"),
        Guest {
            is_template: true,
            ..guest("9000", Power::Off, "debian", Kind::Qemu, "pve1")
        },
    ]
}

/// This number of virtual machines `1000`, `1001`, …, all off.
pub fn further(number: u32) -> impl Iterator<Item = Guest> {
    (0..number).map(|index| {
        let machine = Machine::new((1000 + index).to_string(), Power::Off).named(format!("further{index}"));
        Guest::new(machine, Kind::Qemu)
    })
}

impl Settings {
    /// A simulator with these settings on a free port of 127.0.0.1, with TLS and without faults.
    pub fn config(self) -> Config {
        let lag = self.lag;
        let machines = self.guests.iter().map(|guest| guest.machine.clone());
        let machines = machines.map(|machine| {
            if machine.lag() == 0 {
                machine.lagging(lag)
            } else {
                machine
            }
        });
        let machines = machines.collect();
        let service = Pve {
            settings: self,
            tickets: Vec::new(),
            opened: 0,
            tasks: Vec::new(),
            started: 0,
        };
        Config {
            tls: true,
            ..Config::new(service, machines)
        }
    }
}

/// The service.
struct Pve {
    settings: Settings,
    tickets: Vec<Ticket>,
    opened: u64,
    tasks: Vec<Task>,
    started: u64,
}

/// A path of the service, with its variable parts.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Ticket,
    Permissions,
    Version,
    Resources,
    Nodes,
    Guests(&'a str, Kind),
    Current(&'a str, Kind, &'a str),
    Switch(&'a str, Kind, &'a str, &'static str),
    Task(&'a str, &'a str),
}

impl<'a> Route<'a> {
    fn of(segments: &'a [String]) -> Option<Route<'a>> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["api2", "json", rest @ ..] = segments.as_slice() else {
            return None;
        };
        let kind = |word: &str| [Kind::Qemu, Kind::Lxc].into_iter().find(|kind| kind.word() == word);
        let verb = |word: &str| ["start", "stop", "reset"].into_iter().find(|verb| *verb == word);
        Some(match *rest {
            ["access", "ticket"] => Route::Ticket,
            ["access", "permissions"] => Route::Permissions,
            ["version"] => Route::Version,
            ["cluster", "resources"] => Route::Resources,
            ["nodes"] => Route::Nodes,
            ["nodes", node, "tasks", upid, "status"] => Route::Task(node, upid),
            ["nodes", node, word] => Route::Guests(node, kind(word)?),
            ["nodes", node, word, id, "status", "current"] => Route::Current(node, kind(word)?, id),
            ["nodes", node, word, id, "status", action] => match (kind(word)?, verb(action)?) {
                // Containers have no reset.
                (Kind::Lxc, "reset") => return None,
                (kind, verb) => Route::Switch(node, kind, id, verb),
            },
            _ => return None,
        })
    }

    fn step(&self) -> &'static str {
        match self {
            Route::Ticket => "login",
            Route::Permissions => "permissions",
            Route::Resources => "resources",
            Route::Guests(..) => "guests",
            Route::Current(..) => "current",
            Route::Switch(..) => "switch",
            Route::Task(..) => "task",
            Route::Version | Route::Nodes => "other",
        }
    }

    fn method(&self) -> &'static str {
        match self {
            Route::Ticket | Route::Switch(..) => "POST",
            _ => "GET",
        }
    }

    /// The node that answers the request.
    fn node(&self) -> Option<&'a str> {
        match self {
            Route::Guests(node, _) | Route::Current(node, ..) | Route::Switch(node, ..) | Route::Task(node, _) => {
                Some(node)
            }
            _ => None,
        }
    }
}

impl Protocol for Pve {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        Route::of(&request.segments()).map(|route| route.step())
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&fault::Kind>) -> Answer {
        let segments = request.segments();
        let route = Route::of(&segments).filter(|route| route.method() == request.method);
        let Some(route) = route else {
            let (method, path) = (&request.method, request.path());
            return error(501, &format!("Method '{method} {path}' not implemented"));
        };
        if route == Route::Ticket {
            return self.log_in(&request.body, fault);
        }
        let sender = match self.admit(request) {
            Ok(sender) => sender,
            Err(refusal) => return refusal,
        };
        if let Some(refusal) = route.node().and_then(|node| self.unreachable(node)) {
            return refusal;
        }
        match route {
            Route::Ticket | Route::Version => success(&json!({ "version": "8.2.4", "release": "8.2" })),
            Route::Permissions => self.permissions(request),
            Route::Resources => self.resources(device, fault),
            Route::Nodes => self.nodes(),
            Route::Guests(node, kind) => self.list(device, node, kind),
            Route::Current(node, kind, id) if self.has_other_kind(id, kind) => guests::missing(node, id),
            Route::Switch(node, kind, id, _) if self.has_other_kind(id, kind) => guests::missing(node, id),
            Route::Current(node, _, id) => self.current(device, node, id, fault),
            Route::Switch(node, _, id, verb) => self.switch(device, (node, id, verb), (sender, &request.body), fault),
            Route::Task(_, upid) => self.task(device, upid, fault),
        }
    }

    fn error(&self, status: u16, message: &str) -> Answer {
        error(status, message)
    }

    /// Tickets are the sessions; the API cannot give a ticket back.
    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.opened,
            open: self.tickets.len() as u64,
        }
    }
}

impl Pve {
    /// `GET nodes`.
    fn nodes(&self) -> Answer {
        let mut names: Vec<&str> = self.settings.guests.iter().map(|guest| guest.node.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let node = |name: &&str| {
            let status = if self.is_online(name) { "online" } else { "offline" };
            json!({ "node": name, "id": format!("node/{name}"), "type": "node", "status": status })
        };
        success(&names.iter().map(node).collect())
    }

    fn is_online(&self, node: &str) -> bool {
        !self.settings.offline.iter().any(|offline| offline == node)
    }

    /// The answer of the host that cannot reach this node.
    fn unreachable(&self, node: &str) -> Option<Answer> {
        if !self.is_online(node) {
            return Some(error(595, "No route to host"));
        }
        let is_node = ["pve1", "pve2"].contains(&node) || self.settings.guests.iter().any(|guest| guest.node == node);
        let reason = format!("hostname lookup '{node}' failed - failed to get address info for: {node}");
        (!is_node).then(|| error(500, &reason))
    }

    fn has_other_kind(&self, id: &str, kind: Kind) -> bool {
        self.settings
            .guests
            .iter()
            .any(|guest| guest.id() == id && guest.kind != kind)
    }

    /// The node that a machine of this node migrates to.
    fn other_node(&self, node: &str) -> String {
        (if node == "pve1" { "pve2" } else { "pve1" }).to_owned()
    }

    /// Migrates a machine.
    fn move_away(&mut self, id: &str) {
        if let Some(index) = self.settings.guests.iter().position(|guest| guest.id() == id) {
            self.settings.guests[index].node = self.other_node(&self.settings.guests[index].node);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
