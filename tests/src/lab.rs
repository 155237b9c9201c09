//! A lab in namespaces: machines that are nodes of a real cluster, and the devices that switch them.
//!
//! [`serve`] is what the program `fencebox-lab` does as pid 1 of namespaces of its own; `fencebox_tests::cluster`
//! starts it and talks to it. It has a bridge with everything on it:
//!
//! - `nodeN` at `10.77.0.N`: corosync and pacemakerd in namespaces of their own ([`node`]), which are killed when the
//!   machine is switched off, and started when it is switched on;
//! - a pool that speaks XenAPI over https at `10.77.0.251` to `.253`, and a hypervisor that listens to the group
//!   `225.0.0.12` at `10.77.0.254`. Both have the same machines, `vm-N`, whose power is the life of `nodeN` ([`devices`]).
//!
//! It is told what to do by its standard input, line by line ([`Command`]), and ends with it. All that it makes is in
//! its namespaces and in a file system of its own, so that nothing is left when it ends, however it ends.

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
pub use node::{Event, What};
use node::{Journal, Node};

/// The first three numbers of every address.
pub const NETWORK: &str = "10.77.0";

/// The last number of the address of each member of the pool.
pub const MEMBERS: [u8; 3] = [251, 252, 253];

/// The lab's folder, in its own view of files and in that of every node.
pub const FOLDER: &str = "/run/lab";

/// The certificate of the pool, for whoever believes files.
pub const CERTIFICATE: &str = "/run/lab/pool.pem";

/// The key of the hypervisor.
pub const KEY: &str = "/run/lab/xvm.key";

/// What each run of an agent took, one JSON object a line, where the lab was told to measure that.
pub const RECORD: &str = "/run/lab/record";

/// What a lab is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What its file systems are called, so that they can be told from those of others.
    pub name: String,
    /// How many nodes.
    pub nodes: u8,
    /// Agents by name, and the programs that they are; those of the system are there besides.
    pub agents: Vec<(String, PathBuf)>,
    /// The program `fencebox-record`, to be put before each agent.
    pub recorder: Option<PathBuf>,
    /// Whether the nodes believe the pool's certificate in everything that they do.
    pub trusting: bool,
}

/// What a lab says when it is ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// The SHA-256 of the pool's certificate.
    pub fingerprint: String,
    /// The namespaces of the lab, as their links in `/proc` name them.
    pub namespaces: Vec<String>,
}

/// Everything that there is in it.
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

/// Makes a lab, boots all nodes, says that it is ready, and obeys standard input until it ends.
///
/// # Errors
/// When it cannot be made.
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
