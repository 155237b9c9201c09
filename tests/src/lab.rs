//! A lab in namespaces: machines that are nodes of a real cluster, and the devices that switch them.
//!
//! [`serve`] is the main function of the program `fencebox-lab`, which runs as pid 1 of its own namespaces;
//! `fencebox_tests::cluster` starts and controls it. The lab has a bridge that connects:
//!
//! - `nodeN` at `10.77.0.N`: corosync and pacemakerd in their own namespaces ([`node`]), killed when the machine is
//!   switched off, and started when it is switched on;
//! - a pool that speaks XenAPI over https at `10.77.0.251` to `.253`, and a hypervisor that listens to the group
//!   `225.0.0.12` at `10.77.0.254`. Both have the same machines, `vm-N`, whose power is the life of `nodeN`
//!   ([`devices`]).
//!
//! It reads commands from its standard input, line by line ([`Command`]), and ends when the input ends. Everything that
//! it creates is in its namespaces and in its own file system, so that nothing is left after its end.

mod command;
mod devices;
mod network;
mod node;
mod rootfs;

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

pub use command::{Command, Ran, Seen, Truth};
use devices::Devices;
pub use network::BRIDGE;
pub use node::{Event, What};
use node::{Journal, Node};

/// The first three numbers of every address.
pub const NETWORK: &str = "10.77.0";

/// The last number of the address of each member of the pool.
pub const MEMBERS: [u8; 3] = [251, 252, 253];

/// The UDP port of the first node's BMC, minus its number; the address is that of the hypervisor.
pub const BMC_PORT: u16 = 6230;

/// The lab's folder, in its own view of files and in that of every node.
pub const FOLDER: &str = "/run/lab";

/// The certificate of the pool, for clients that verify it with a file.
pub const CERTIFICATE: &str = "/run/lab/pool.pem";

/// The key of the hypervisor.
pub const KEY: &str = "/run/lab/xvm.key";

/// The file with one JSON object per line for each run of an agent, if the lab records them.
pub const RECORD: &str = "/run/lab/record";

/// The settings of a lab.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of its file systems, which distinguishes them from others.
    pub name: String,
    /// The number of nodes.
    pub nodes: u8,
    /// Agents by name, with their programs, in addition to the agents of the system.
    pub agents: Vec<(String, PathBuf)>,
    /// The program `fencebox-record`, which then runs each agent.
    pub recorder: Option<PathBuf>,
    /// Whether all programs in the nodes trust the pool's certificate.
    pub trusting: bool,
}

/// The line that a lab prints when it is ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// The SHA-256 of the pool's certificate.
    pub fingerprint: String,
    /// The namespaces of the lab, with the names of their links in `/proc`.
    pub namespaces: Vec<String>,
}

/// The parts of a lab.
struct Lab {
    nodes: Vec<Arc<Node>>,
    journal: Arc<Journal>,
    devices: Devices,
}

impl Lab {
    fn node(&self, name: &str) -> Result<&Arc<Node>> {
        let found = self.nodes.iter().find(|node| node.name() == name);
        found.with_context(|| format!("no node `{name}`"))
    }
}

/// Creates a lab, boots all nodes, reports that it is ready, and executes commands until standard input ends.
///
/// # Errors
/// If it cannot be created.
pub fn serve(settings: &Settings) -> Result<()> {
    rootfs::create_files(settings)?;
    network::bridge()?;
    let journal = Arc::new(Journal::default());
    let nodes: Vec<_> = (1..=settings.nodes)
        .map(|number| Arc::new(Node::new(number, settings.trusting, journal.clone())))
        .collect();
    let devices = Devices::start(&nodes)?;
    let ready = Ready {
        fingerprint: devices.fingerprint(),
        namespaces: node::namespaces("self")?,
    };
    let lab = Lab {
        nodes,
        journal,
        devices,
    };
    lab.devices.boot()?;
    let failures = lab.journal.failures();
    ensure!(failures.is_empty(), "{}", failures.join("; "));
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(&ready)?)?;
    stdout.flush()?;
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str::<Command>(&line?) {
            Ok(command) => lab.obey(command).map_err(|cause| format!("{cause:#}")),
            Err(cause) => Err(cause.to_string()),
        };
        writeln!(stdout, "{}", serde_json::to_string(&answer)?)?;
        stdout.flush()?;
    }
    Ok(())
}
