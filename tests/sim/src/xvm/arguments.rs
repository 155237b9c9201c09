//! The daemon on the command line.

use std::io::{BufRead as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::{Digest, FenceVirtd, Interface, Plan, Settings, UnrelatedClient};
use crate::machine::{Machine, Power};

/// The settings of the daemon.
#[derive(Args)]
pub struct Arguments {
    /// File with the key [default: no file, and the key `the key`]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Weakest digest for signed requests: none, sha1, sha256 or sha512
    #[arg(long, value_name = "DIGEST", default_value = "sha256")]
    hash: Digest,
    /// Digest with which both sides prove that they have the key
    #[arg(long, value_name = "DIGEST", default_value = "sha256")]
    auth: Digest,
    /// Machine as UUID=POWER[,name=NAME]; POWER is on, off, paused or a libvirt state
    /// number; may be repeated [default: vm-alpha (on), vm-off, vm-paused]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Machine of a second hypervisor in the same group; may be repeated
    #[arg(long = "second-machine", value_name = "MACHINE")]
    second_machines: Vec<Machine>,
    /// Address from which the daemon calls back
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
    /// Address from which the second hypervisor calls back
    #[arg(long, value_name = "ADDRESS")]
    second_source: Option<IpAddr>,
    /// Address and port for TCP requests, those of a guest's channel included
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Multicast group to join
    #[arg(long, value_name = "GROUP:PORT")]
    group: Option<SocketAddr>,
    /// Address of the interface for the group
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    interface: Ipv4Addr,
    /// Number of the interface for an IPv6 group
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    interface_number: u32,
    /// Planned fault, see below; may be repeated
    #[arg(long = "fault", value_name = "PLAN")]
    faults: Vec<Plan>,
    /// Fault of the second hypervisor, instead of those of the first; may be repeated
    #[arg(long = "second-fault", value_name = "PLAN")]
    second_faults: Vec<Plan>,
    /// Run a program that is not a hypervisor and calls back repeatedly; END is how
    /// each of its connections ends: reset, late-reset, close, garbage or silent
    #[arg(long, value_name = "END", requires = "group")]
    unrelated_client: Option<UnrelatedClient>,
    /// Serve until stdin ends instead of until killed
    #[arg(long)]
    until_eof: bool,
}

impl Arguments {
    /// Serves until it is stopped. Prints `listening`, and answers each line of standard input: `machine NAME` with the
    /// real state of that machine or `null`, `running NAME` with the number of hypervisors on which it runs,
    /// `histories NAME` with its states on each of them, and `requests` with the requests that each has accepted.
    ///
    /// # Errors
    /// If an address or a file is not valid.
    pub fn serve(self) -> Result<()> {
        let usual = Settings::default();
        let second = self.second_machines;
        let interface = match self.group.map(|group| group.ip()) {
            Some(IpAddr::V6(_)) => Interface::V6(self.interface_number),
            _ => Interface::V4(self.interface),
        };
        if let (Some(unrelated_client), Some(group)) = (self.unrelated_client, self.group) {
            let target = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), group.port());
            std::thread::spawn(move || unrelated_client.run(target));
        }
        let settings = Settings {
            key: match &self.key_file {
                Some(file) => std::fs::read(file).with_context(|| file.display().to_string())?,
                None => usual.key,
            },
            hash: self.hash,
            auth: self.auth,
            machines: if self.machines.is_empty() {
                usual.machines
            } else {
                self.machines
            },
            faults: self.faults,
            listen: self.listen,
            source: self.source,
            group: self.group.map(|group| (group, interface)),
            clock: None,
        };
        let further = Settings {
            machines: second,
            listen: None,
            source: self.second_source,
            faults: if self.second_faults.is_empty() {
                settings.faults.clone()
            } else {
                self.second_faults
            },
            ..settings.clone()
        };
        let mut daemons = vec![FenceVirtd::start(settings)?];
        if !further.machines.is_empty() {
            daemons.push(FenceVirtd::start(further)?);
        }
        let mut stdout = std::io::stdout().lock();
        match daemons.first().and_then(FenceVirtd::address) {
            Some(address) => writeln!(stdout, "listening on {address}")?,
            None => writeln!(stdout, "listening")?,
        }
        stdout.flush()?;
        for line in std::io::stdin().lock().lines() {
            let line = line.context("standard input")?;
            let (question, name) = line.split_once(' ').unwrap_or((&line, ""));
            let known = daemons.iter().filter_map(|daemon| daemon.machine(name));
            let mut known: Vec<_> = known.collect();
            // Of several machines with one name, use one that runs.
            known.sort_by_key(|machine| *machine.power() != Power::On);
            let running = known.iter().filter(|machine| *machine.power() == Power::On).count();
            match question {
                "machine" => writeln!(stdout, "{}", serde_json::to_string(&known.first())?)?,
                "histories" => {
                    let machines = daemons.iter().filter_map(|daemon| daemon.machine(name));
                    let histories: Vec<_> = machines.map(|machine| machine.history().to_vec()).collect();
                    writeln!(stdout, "{}", serde_json::to_string(&histories)?)?;
                }
                "requests" => {
                    let requests: Vec<_> = daemons.iter().map(FenceVirtd::requests).collect();
                    writeln!(stdout, "{}", serde_json::to_string(&requests)?)?;
                }
                "running" => writeln!(stdout, "{running}")?,
                _ => writeln!(stdout, "null")?,
            }
            stdout.flush()?;
        }
        if self.until_eof {
            return Ok(());
        }
        loop {
            std::thread::park();
        }
    }
}
