//! The hosts and VMs of the pool.

use std::net::{IpAddr, Ipv4Addr};

use crate::machine::{Machine, Power};

/// The role of a VM. The API handles all of them as VMs, but only ordinary VMs may be fenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// An ordinary one.
    #[default]
    Ordinary,
    /// A template: never started, only copied.
    Template,
    /// A snapshot of another VM; the API also marks it as a template.
    Snapshot,
    /// The domain that runs a host: to fence it means to fence the host.
    ControlDomain,
}

/// A VM: a machine, whose id is the UUID and whose name is the label, and the API's other data about it.
#[derive(Clone, Debug)]
pub struct Vm {
    pub(super) machine: Machine,
    pub(super) role: Role,
    pub(super) host: usize,
}

impl Vm {
    /// An ordinary VM on the first host.
    pub fn new(machine: Machine) -> Vm {
        Vm {
            machine,
            role: Role::Ordinary,
            host: 0,
        }
    }

    /// The same VM in another role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Vm {
        self.role = role;
        self
    }

    /// The same VM on another host, by its index from 0 in [`super::Settings::members`].
    #[must_use]
    pub fn on(mut self, host: usize) -> Vm {
        self.host = host;
        self
    }
}

/// A member of the pool, which is a host. The hosts are named `h1`, `h2`, … in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The address of its API; all members use the same port.
    pub address: IpAddr,
    /// Whether it is alive. A dead host refuses connections, and its VMs cannot be switched.
    pub alive: bool,
}

impl Member {
    /// A living member at `127.0.0.N`.
    pub fn local(n: u8) -> Member {
        Member {
            address: Ipv4Addr::new(127, 0, 0, n).into(),
            alive: true,
        }
    }

    /// The same member, dead.
    #[must_use]
    pub fn dead(mut self) -> Member {
        self.alive = false;
        self
    }
}

/// The power of a suspended VM: it uses no memory, but it keeps its disks and can be resumed.
pub fn suspended() -> Power {
    Power::Other("Suspended".to_owned())
}

/// The UUID of `db01`, which runs.
pub const DB01: &str = "c0ffee00-0000-4000-8000-000000000001";
/// The UUID of `db02`, which is halted.
pub const DB02: &str = "c0ffee00-0000-4000-8000-000000000002";
/// The UUID of `web01`, which is paused.
pub const WEB01: &str = "c0ffee00-0000-4000-8000-000000000003";
/// The UUID of `web02`, which is suspended.
pub const WEB02: &str = "c0ffee00-0000-4000-8000-000000000004";
/// The UUIDs of two VMs with the label `twin`; the first runs, the second is halted.
pub const TWINS: [&str; 2] = [
    "c0ffee00-0000-4000-8000-000000000005",
    "c0ffee00-0000-4000-8000-000000000006",
];
/// The UUID of the VM with the label [`ODD_LABEL`], which runs.
pub const ODD: &str = "c0ffee00-0000-4000-8000-000000000007";
/// A label with special characters, as people use them.
pub const ODD_LABEL: &str = "Bücher & <Söhne> \"℃\" 'x'=1; ]]>";
/// The UUID of the template `Debian 12`.
pub const TEMPLATE: &str = "c0ffee00-0000-4000-8000-00000000000a";
/// The UUID of the snapshot `db01 before the upgrade`.
pub const SNAPSHOT: &str = "c0ffee00-0000-4000-8000-00000000000b";

/// The default VMs. Every host also has its control domain.
pub fn vms() -> Vec<Vm> {
    let vm = |uuid: &str, label: &str, power| Vm::new(Machine::new(uuid, power).named(label));
    let [twin, other_twin] = TWINS;
    vec![
        vm(DB01, "db01", Power::On),
        vm(DB02, "db02", Power::Off),
        vm(WEB01, "web01", Power::Paused),
        vm(WEB02, "web02", suspended()),
        vm(twin, "twin", Power::On),
        vm(other_twin, "twin", Power::Off),
        vm(ODD, ODD_LABEL, Power::On),
        vm(TEMPLATE, "Debian 12", Power::Off).role(Role::Template),
        vm(SNAPSHOT, "db01 before the upgrade", Power::Off).role(Role::Snapshot),
    ]
}

/// One of any number of further VMs, which is halted.
pub fn further_vm(number: u32) -> Vm {
    let uuid = format!("c0ffee00-0000-4000-9000-{number:012x}");
    Vm::new(Machine::new(&uuid, Power::Off).named(format!("vm{number}")))
}

/// The UUID of a host's control domain, the host counted from 0.
pub fn control_domain(host: usize) -> String {
    format!("c0ffee00-0000-4000-8000-0000000d{:04x}", host + 1)
}

/// The control domain of a host. The pool also reports that of a dead host as running.
pub(super) fn control_domain_of(host: usize) -> Vm {
    let label = format!("Control domain on host: {}", host_name(host));
    let machine = Machine::new(control_domain(host), Power::On).named(label);
    Vm::new(machine).role(Role::ControlDomain).on(host)
}

/// The name of a host, counted from 0.
pub(super) fn host_name(host: usize) -> String {
    format!("h{}", host + 1)
}

/// A class of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Vm = 0xb0,
    Host = 0xa0,
    Pool = 0x90,
    Session = 0x5e55,
    Task = 0x7a50,
    Device = 0xde0,
    Metrics = 0x3e0,
}

/// The reference of an object; it has no meaning for a client.
pub(super) fn reference(class: Class, index: usize) -> String {
    format!("OpaqueRef:{:08x}-0000-4000-8000-{index:012x}", class as u32)
}

/// The index of an object of this class; `None` for a reference of another class, or an invalid one.
pub(super) fn index(class: Class, reference: &str) -> Option<usize> {
    let prefix = format!("OpaqueRef:{:08x}-0000-4000-8000-", class as u32);
    let digits = reference.strip_prefix(&prefix).filter(|digits| digits.len() == 12)?;
    usize::from_str_radix(digits, 16).ok()
}

/// The null reference.
pub(super) const NULL: &str = "OpaqueRef:NULL";
