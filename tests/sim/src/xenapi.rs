//! XenAPI, the API of XenServer and XCP-ng, over XML-RPC, according to its public documentation.
//!
//! Included: sessions, the VMs with their records and fields, the power operations (also as `Async.`, whose task has
//! ended when the call returns), hosts and their pool. Not included: JSON-RPC, the emergency login on a slave, events.
//!
//! For cases that the documentation does not describe, this simulator does what is hardest for an agent: the read side
//! may lag, a session may expire, a session of the old master is not valid on the new one, UUIDs and labels are
//! compared exactly.

mod arguments;
mod calls;
mod document;
mod failure;
mod faults;
mod inventory;
mod malformed;
mod power;
mod record;
mod value;
mod wrong_answers;

use std::collections::HashMap;
use std::net::SocketAddr;

pub use arguments::Arguments;
pub use faults::{GRAMMAR, every_fault, failures, plan};
pub use inventory::{
    DB01, DB02, Member, ODD, ODD_LABEL, Role, SNAPSHOT, TEMPLATE, TWINS, Vm, WEB01, WEB02, control_domain, further_vm,
    suspended, vms,
};
pub use value::{Style, Value};

use crate::fault::{Grammar, Kind};
use crate::protocol::{Answer, Device, Filler, Protocol, Request, Sessions};
use crate::server::Config;
use crate::wire;
use document::{Call, DECLARATION};
use failure::Failure;

/// The maximum size of a request, in bytes.
const REQUEST_LIMIT: usize = 300 * 1024;

/// The settings of the pool.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one user name that may log in.
    pub login: String,
    /// The password.
    pub password: String,
    /// The VMs; each host also has its control domain.
    pub vms: Vec<Vm>,
    /// The members of the pool, each of which is a host. The living members listen on the same port.
    pub members: Vec<Member>,
    /// The index of the master among the members, from 0.
    pub master: usize,
    /// The number of reads of a VM for which its old state is shown after each change; for VMs without a lag of their
    /// own.
    pub lag: u32,
    /// The number of calls for which a session is valid; unlimited if `None`.
    pub session_calls: Option<u64>,
    /// How values are written.
    pub style: Style,
    /// Whether answers are sent in chunks instead of with a length.
    pub chunked: bool,
}

impl Default for Settings {
    /// User `root`, password `s3cret`, the VMs of [`vms`], one host at 127.0.0.1, no lag, sessions that never expire,
    /// strings without a type, answers with a length.
    fn default() -> Settings {
        Settings {
            login: "root".to_owned(),
            password: "s3cret".to_owned(),
            vms: vms(),
            members: vec![Member::local(1)],
            master: 0,
            lag: 0,
            session_calls: None,
            style: Style::default(),
            chunked: false,
        }
    }
}

impl Settings {
    /// A simulator with these settings on a free port of its living members, without TLS and without faults.
    pub fn config(mut self) -> Config {
        let control_domains = (0..self.members.len()).map(inventory::control_domain_of);
        let vms: Vec<Vm> = std::mem::take(&mut self.vms)
            .into_iter()
            .chain(control_domains)
            .collect();
        let entries = vms.iter().map(|vm| Entry {
            uuid: vm.machine.id().to_owned(),
            label: vm.machine.name().to_owned(),
            role: vm.role,
            host: vm.host,
            forgotten: false,
        });
        let entries = entries.collect();
        let machines = vms.into_iter().map(|vm| match vm.machine.lag() {
            0 => vm.machine.lagging(self.lag),
            _ => vm.machine,
        });
        let machines = machines.collect();
        let mut living = self
            .members
            .iter()
            .filter(|member| member.alive)
            .map(|member| member.address);
        let first = living.next();
        let further = living.collect();
        let chunked = self.chunked;
        let pool = Xenapi {
            master: self.master,
            settings: self,
            entries,
            sessions: HashMap::new(),
            opened: 0,
            tasks: Vec::new(),
        };
        let config = Config::new(pool, machines);
        Config {
            listen: first.map_or(config.listen, |address| SocketAddr::new(address, 0)),
            further,
            chunked,
            ..config
        }
    }
}

/// The pool's data about a VM, other than its power.
#[derive(Clone, Debug)]
struct Entry {
    uuid: String,
    label: String,
    role: Role,
    /// The host on which it runs, or ran last.
    host: usize,
    /// Whether the pool reports it as halted in every case: its state was reset while its host was dead.
    forgotten: bool,
}

/// An operation that was requested with `Async.` and has ended: its failure, if it failed.
#[derive(Clone, Debug)]
struct Task(Option<Failure>);

/// The pool.
struct Xenapi {
    settings: Settings,
    entries: Vec<Entry>,
    master: usize,
    /// Each open session with the number of calls that used it.
    sessions: HashMap<String, u64>,
    opened: u64,
    /// The tasks by their number; `None` for one that was destroyed.
    tasks: Vec<Option<Task>>,
}

impl Xenapi {
    fn master_address(&self) -> String {
        let master = self.settings.members.get(self.master);
        master.map(|member| member.address.to_string()).unwrap_or_default()
    }

    fn is_slave(&self, at: &str) -> bool {
        self.settings.members.len() > 1 && self.master_address() != at
    }

    /// The call in a request; an answer if the request contains no call.
    fn read(&self, request: &Request) -> Result<Call, Answer> {
        if !matches!(request.path(), "/" | "/RPC2") {
            return Err(self.error(404, "404 Not Found"));
        }
        if request.method != "POST" {
            return Err(self.error(405, "405 Method Not Allowed"));
        }
        if request.body.len() > REQUEST_LIMIT {
            return Err(self.error(413, "413 Request Entity Too Large"));
        }
        let call = request.header("content-length").and_then(|_| Call::read(&request.body));
        call.ok_or_else(|| self.error(500, "500 Internal Server Error"))
    }
}

impl Protocol for Xenapi {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        faults::step(&self.read(request).ok()?.method)
    }

    fn answer(&mut self, device: &mut Device, request: &Request, fault: Option<&Kind>) -> Answer {
        let call = match self.read(request) {
            Ok(call) => call,
            Err(answer) => return answer,
        };
        let outcome = match fault.and_then(|fault| self.instead(&call, &request.at, fault)) {
            Some(outcome) => outcome,
            None => {
                let outcome = self.call(device, &call, &request.at, fault);
                match fault {
                    Some(fault) => self.wrong_answer(device, outcome, &call, fault),
                    None => outcome,
                }
            }
        };
        let body = malformed::body(outcome, fault, self.settings.style);
        let header = |name, value: &str| (name, value.to_owned());
        Answer {
            status: 200,
            headers: vec![
                header("content-type", "text/xml"),
                header("access-control-allow-origin", "*"),
                header("access-control-allow-headers", "X-Requested-With"),
                header("cache-control", "no-cache, no-store"),
            ],
            body,
        }
    }

    /// A page, as the service sends it for a request that does not reach the API.
    fn error(&self, status: u16, message: &str) -> Answer {
        let mut page = Answer::html(status, message);
        page.headers.push(("connection", "close".to_owned()));
        page
    }

    /// Blanks after the declaration, or the text of a member that clients do not use.
    fn filler(&self, answer: &Answer, fault: &Kind) -> Option<Filler> {
        let declared = answer.body.starts_with(DECLARATION.as_bytes());
        let after_declaration = if declared { DECLARATION.len() } else { 0 };
        wire::blanks(after_declaration, fault).or_else(|| malformed::filler(&answer.body, fault))
    }

    fn sessions(&self) -> Sessions {
        Sessions {
            opened: self.opened,
            open: self.sessions.len() as u64,
        }
    }

    fn master(&self) -> Option<String> {
        Some(self.master_address())
    }

    fn set_master(&mut self, address: &str) -> bool {
        let mut members = self.settings.members.iter();
        let Some(master) = members.position(|member| member.address.to_string() == address) else {
            return false;
        };
        if master != self.master {
            self.sessions.clear();
        }
        self.master = master;
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod client;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod fault_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod pool_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
