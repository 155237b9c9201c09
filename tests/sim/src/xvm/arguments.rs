//! The daemon on the command line.

use std::io::{BufRead as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::{Digest, FenceVirtd, Interface, Plan, Settings, Stranger};
use crate::machine::{Machine, Power};

/// The knobs of the daemon.
#[derive(Args)]
pub struct Arguments {
    /// The file with the key [default: no file, and the key `the key`]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The weakest digest by which requests may be signed: none, sha1, sha256 or sha512
    #[arg(long, value_name = "DIGEST", default_value = "sha256")]
    hash: Digest,
    /// The digest by which both sides prove that they have the key
    #[arg(long, value_name = "DIGEST", default_value = "sha256")]
    auth: Digest,
    /// A machine: UUID=POWER[,name=NAME], where POWER is on, off, paused or a number of libvirt's; may be given several
    /// times [default: vm-alpha (on), vm-off, vm-paused]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// A machine of a second hypervisor in the same group; may be given several times
    #[arg(long = "second-machine", value_name = "MACHINE")]
    second_machines: Vec<Machine>,
    /// The address from which it calls back
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
    /// That of the second hypervisor
    #[arg(long, value_name = "ADDRESS")]
    second_source: Option<IpAddr>,
    /// Take requests by TCP at this address and port, those of the channel of a guest too
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Join this multicast group
    #[arg(long, value_name = "GROUP:PORT")]
    group: Option<SocketAddr>,
    /// Join it by the interface that has this address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    interface: Ipv4Addr,
    /// Join a group of IPv6 by the interface of this number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    interface_number: u32,
    /// A planned fault, see below; may be given several times
    #[arg(long = "fault", value_name = "PLAN")]
    faults: Vec<Plan>,
    /// A fault of the second hypervisor, in the place of those of the first; may be given several times
    #[arg(long = "second-fault", value_name = "PLAN")]
    second_faults: Vec<Plan>,
    /// Somebody who is not a hypervisor calls back, too, again and again: reset, late-reset, close, garbage or silent
    /// says how each connection ends
    #[arg(long, value_name = "END", requires = "group")]
    stranger: Option<Stranger>,
    /// Serve until stdin ends, instead of until killed
    #[arg(long)]
    until_eof: bool,
}

impl Arguments {
    /// Serves until it is told to stop. Says `listening`, and for each line `machine NAME` of standard input the truth
    /// of that machine, or `null`, for `running NAME` on how many hypervisors it runs, for `histories NAME` what it
    /// was on each of them, and for `requests` the requests that each has taken.
    ///
    /// # Errors
    /// Where an address or a file is not what it should be.
    pub fn serve(self) -> Result<()> {
        let usual = Settings::default();
        let second = self.second_machines;
        let interface = match self.group.map(|group| group.ip()) {
            Some(IpAddr::V6(_)) => Interface::V6(self.interface_number),
            _ => Interface::V4(self.interface),
        };
        if let (Some(stranger), Some(group)) = (self.stranger, self.group) {
            let target = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), group.port());
            std::thread::spawn(move || stranger.run(target));
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
            // Of one that several have, the one that runs.
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
