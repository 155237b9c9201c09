//! The devices of a lab: a pool, a hypervisor and BMCs that have the same machines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::network::BRIDGE;
use super::node::Node;
use super::{BMC_PORT, CERTIFICATE, KEY, MEMBERS};
use fencebox_sim::ipmi;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::xenapi::{self, Member, Vm};
use fencebox_sim::xvm::{self, FenceVirtd};

/// The pool, the hypervisor, and the BMC of each node.
pub(super) struct Devices {
    pool: Simulator,
    hypervisor: FenceVirtd,
    bmcs: Vec<(u8, ipmi::Simulator)>,
}

/// The UUID of a node's machine.
fn uuid(number: u8) -> String {
    format!("5afe0000-0000-4000-8000-0000000000{number:02x}")
}

fn machine(node: &Arc<Node>) -> Machine {
    let number = node.number();
    // The initial state has no effect, because the state of the body is read.
    Machine::new(uuid(number), Power::Off)
        .named(format!("vm-{number}"))
        .of(node.clone())
}

fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, number)
}

impl Devices {
    /// Starts all, with a machine for each node. All nodes are off.
    pub(super) fn start(nodes: &[Arc<Node>]) -> Result<Devices> {
        let members = MEMBERS.map(|number| Member {
            address: address(number).into(),
            alive: true,
        });
        let settings = xenapi::Settings {
            vms: nodes.iter().map(|node| Vm::new(machine(node))).collect(),
            members: members.into(),
            ..xenapi::Settings::default()
        };
        let config = settings.config();
        let pool = Simulator::start(Config {
            listen: SocketAddr::new(config.listen.ip(), 443),
            tls: true,
            ..config
        })?;
        std::fs::write(CERTIFICATE, pool.certificate().unwrap_or_default())?;
        let group = SocketAddr::new(Ipv4Addr::new(225, 0, 0, 12).into(), 1229);
        let hypervisor = FenceVirtd::start(xvm::Settings {
            key: std::fs::read(Path::new(KEY))?,
            machines: nodes.iter().map(machine).collect(),
            group: Some((group, xvm::Interface::V4(address(BRIDGE)))),
            ..xvm::Settings::default()
        })?;
        let bmc = |node: &Arc<Node>| -> Result<_> {
            let port = BMC_PORT + u16::from(node.number());
            let settings = ipmi::Settings {
                listen: (address(BRIDGE), port).into(),
                machine: machine(node),
                ..ipmi::Settings::default()
            };
            Ok((node.number(), ipmi::Simulator::start(settings)?))
        };
        Ok(Devices {
            pool,
            hypervisor,
            bmcs: nodes.iter().map(bmc).collect::<Result<_>>()?,
        })
    }

    /// Switches all machines on.
    pub(super) fn boot(&self) -> Result<()> {
        let machines = self.hypervisor.machines();
        machines
            .iter()
            .try_for_each(|machine| self.set_power(machine.id(), Power::On))
    }

    pub(super) fn fingerprint(&self) -> String {
        self.pool.fingerprint().unwrap_or_default().to_owned()
    }

    pub(super) fn pool(&self) -> &Simulator {
        &self.pool
    }

    /// Switches a machine, as a person at the console would.
    pub(super) fn switch(&self, node: &Node, power: Power) -> Result<()> {
        self.set_power(&uuid(node.number()), power)
    }

    fn set_power(&self, id: &str, power: Power) -> Result<()> {
        self.pool.set_power(id, power)
    }

    /// Sets the number of reads for which the pool shows the old state of a machine after each change.
    pub(super) fn set_lag(&self, node: &Node, reads: u32) -> Result<()> {
        self.pool.set_lag(&uuid(node.number()), reads)
    }

    /// Makes another member the master of the pool.
    pub(super) fn set_master(&self, member: usize) -> Result<()> {
        let number = *MEMBERS.get(member).with_context(|| format!("no member {member}"))?;
        self.pool.set_master(IpAddr::V4(address(number)))
    }

    /// The power operations that took effect on a node's machine, by the pool, by the hypervisor and by its BMC.
    pub(super) fn operations(&self, node: &Node) -> [Vec<String>; 3] {
        let by = |machine: Option<Machine>| machine.map(|machine| machine.operations().to_vec()).unwrap_or_default();
        [
            by(self.pool.machine(&uuid(node.number()))),
            by(self.hypervisor.machine(&format!("vm-{}", node.number()))),
            by(self
                .bmcs
                .iter()
                .find(|(number, _)| *number == node.number())
                .map(|(_, bmc)| bmc.machine())),
        ]
    }
}
