//! A VMware vCenter, or an ESXi host, with one of its two APIs: REST (vSphere Automation API) or SOAP (vSphere Web
//! Services API, `urn:vim25`).
//!
//! It always has TLS. Both APIs have the same machines. The identifier of a machine is that of its managed object:
//! `vm-101`.

mod arguments;
mod document;
mod faults;
mod power;
mod properties;
mod rest;
mod soap;

pub use arguments::Arguments;
pub use document::WSDL;
pub use faults::{REST, SOAP, rest_plan, soap_plan};

use crate::machine::{Machine, Power};
use crate::protocol::Device;
use crate::server::Config;
use rest::Rest;
use soap::Soap;

/// A virtual machine with what only vSphere has.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Its power, its identifier and its name.
    pub machine: Machine,
    /// The folder in the inventory: `DC1/vm` or a folder below.
    pub folder: String,
    /// Whether it is a template.
    pub is_template: bool,
    /// The connection state, if it is not `connected`; then the device shows this power, which is an old one.
    pub lost: Option<(String, Power)>,
    /// The machine that this one is a copy of, with the same UUID of its BIOS.
    pub copy_of: Option<String>,
}

impl Vm {
    /// A connected machine in the folder of the data center.
    pub fn new(machine: Machine) -> Vm {
        Vm {
            machine,
            folder: "DC1/vm".to_owned(),
            is_template: false,
            lost: None,
            copy_of: None,
        }
    }

    /// The same machine in another folder.
    #[must_use]
    pub fn in_folder(self, folder: &str) -> Vm {
        Vm {
            folder: folder.to_owned(),
            ..self
        }
    }

    fn uuid(&self) -> String {
        uuid("4200", self.copy_of.as_deref().unwrap_or(self.machine.id()))
    }

    fn instance_uuid(&self) -> String {
        uuid("5000", self.machine.id())
    }

    /// The name in the form of vSphere, which has three characters encoded.
    fn name(&self) -> String {
        encoded(self.machine.name())
    }
}

/// A UUID that is made of the number of a machine.
fn uuid(prefix: &str, id: &str) -> String {
    let number: u64 = id
        .trim_start_matches(|letter: char| !letter.is_ascii_digit())
        .parse()
        .unwrap_or_default();
    format!("{prefix}c0de-0000-4000-8000-{number:012}")
}

fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2f").replace('\\', "%5c")
}

/// The machines of the default inventory.
pub fn vms() -> Vec<Vm> {
    let vm = |number: u32, name: &str, power| Vm::new(Machine::new(format!("vm-{number}"), power).named(name));
    let mut vms = vec![
        vm(101, "db01", Power::On),
        vm(102, "db02", Power::Off),
        vm(103, "web01", Power::Paused),
        vm(104, "twin", Power::On).in_folder("DC1/vm/a"),
        vm(105, "twin", Power::Off).in_folder("DC1/vm/b"),
        vm(106, "golden", Power::Off),
        vm(107, "lost", Power::On),
        vm(108, "a/b 100%", Power::On),
        vm(109, "copy", Power::On),
    ];
    vms[5].is_template = true;
    vms[6].lost = Some(("disconnected".to_owned(), Power::Off));
    vms[8].copy_of = Some("vm-108".to_owned());
    vms
}

/// This number of machines `s0`, `s1`, …, all off.
pub fn further(number: u32) -> impl Iterator<Item = Vm> {
    (0..number)
        .map(|index| Vm::new(Machine::new(format!("vm-{}", 10_000 + index), Power::Off).named(format!("s{index}"))))
}

/// The settings of the device.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one user name that may log in.
    pub login: String,
    /// The password.
    pub password: String,
    /// The machines.
    pub vms: Vec<Vm>,
    /// The number of reads of a machine for which its old state is shown after each change.
    pub lag: u32,
    /// SOAP: the number of polls at which a task is `running` before it is `success`.
    pub task_polls: u32,
    /// SOAP: the maximum number of objects on one page.
    pub page: usize,
    /// SOAP: an ESXi host, whose managed objects have other identifiers.
    pub is_esxi: bool,
    /// REST: the maximum number of rows in the list.
    pub rows: usize,
    /// The maximum number of sessions.
    pub sessions: usize,
    /// The number of requests for which a session is valid; unlimited if `None`.
    pub session_calls: Option<u64>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            login: "fencer".to_owned(),
            password: "s3cret".to_owned(),
            vms: vms(),
            lag: 0,
            task_polls: 1,
            page: 1_000,
            is_esxi: false,
            rows: 4_000,
            sessions: 100,
            session_calls: None,
        }
    }
}

impl Settings {
    /// A simulator of the REST API on a free port of 127.0.0.1, with TLS and without faults.
    pub fn rest(self) -> Config {
        let machines = self.machines();
        tls(Config::new(Rest::new(self), machines))
    }

    /// The same for the SOAP API.
    pub fn soap(self) -> Config {
        let machines = self.machines();
        tls(Config::new(Soap::new(self), machines))
    }

    fn machines(&self) -> Vec<Machine> {
        let machines = self.vms.iter().map(|vm| vm.machine.clone());
        let lagging = |machine: Machine| {
            if machine.lag() == 0 {
                machine.lagging(self.lag)
            } else {
                machine
            }
        };
        machines.map(lagging).collect()
    }

    /// The machine with this identifier.
    fn vm(&self, id: &str) -> Option<&Vm> {
        self.vms.iter().find(|vm| vm.machine.id() == id)
    }
}

fn tls(config: Config) -> Config {
    Config { tls: true, ..config }
}

/// What the device shows as the power of a machine.
fn shown(device: &mut Device, vm: &Vm) -> Power {
    match (&vm.lost, device.fleet.get_mut(vm.machine.id())) {
        (Some((_, power)), _) => power.clone(),
        (None, Some(machine)) => machine.read(),
        (None, None) => Power::Other("missing".to_owned()),
    }
}

/// A session of one login.
#[derive(Debug)]
struct Session {
    token: String,
    calls: u64,
}

/// The sessions of the device.
#[derive(Debug, Default)]
struct Logins {
    open: Vec<Session>,
    opened: u64,
}

impl Logins {
    /// Opens a session; `None` if there are too many.
    fn open(&mut self, most: usize) -> Option<String> {
        if self.open.len() >= most {
            return None;
        }
        self.opened += 1;
        let token = format!("SIMULATED-token-{:08}", self.opened);
        self.open.push(Session {
            token: token.clone(),
            calls: 0,
        });
        Some(token)
    }

    /// Counts a request of a session; `false` if there is no such session.
    fn admit(&mut self, token: Option<&str>, most: Option<u64>) -> bool {
        let Some(session) = self
            .open
            .iter_mut()
            .find(|session| Some(session.token.as_str()) == token)
        else {
            return false;
        };
        session.calls += 1;
        if most.is_some_and(|most| session.calls > most) {
            self.open.retain(|session| Some(session.token.as_str()) != token);
            return false;
        }
        true
    }

    fn close(&mut self, token: Option<&str>) {
        self.open.retain(|session| Some(session.token.as_str()) != token);
    }
}
