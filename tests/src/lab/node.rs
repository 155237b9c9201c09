//! A node: a machine that runs corosync and Pacemaker in its own namespaces, and can lose its power.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::{CERTIFICATE, FOLDER, NETWORK, network};
use crate::isolation::isolated;
use fencebox_sim::machine::{Body, Power};

/// The timeout for the creation of a node's namespaces.
const WAIT_LIMIT: Duration = Duration::from_secs(20);

/// An event of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was switched on.
    Booted,
    /// It was switched off: all of its processes are dead.
    Killed,
    /// It had ended by itself.
    Ended,
    /// Its cable was disconnected.
    Cut,
    /// Its cable was connected again.
    Plugged,
}

/// An event, with its time and node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When, in seconds since the lab began.
    pub at: f64,
    /// The node.
    pub node: String,
    /// The event.
    pub what: What,
}

/// All events, in order.
#[derive(Debug)]
pub(super) struct Journal {
    began: Instant,
    events: Mutex<Vec<Event>>,
    /// Why nodes did not start.
    failures: Mutex<Vec<String>>,
}

impl Default for Journal {
    fn default() -> Journal {
        Journal {
            began: Instant::now(),
            events: Mutex::default(),
            failures: Mutex::default(),
        }
    }
}

impl Journal {
    /// Seconds since the lab began.
    pub(super) fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why nodes did not start.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_failure(&self, node: &str, cause: &anyhow::Error) {
        let stderr = std::fs::read_to_string(format!("{FOLDER}/nodes/{node}.stderr")).unwrap_or_default();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push(format!("{node} does not start: {cause:#} {}", stderr.trim()));
    }

    fn note(&self, node: &str, what: What) {
        let (at, node) = (self.now(), node.to_owned());
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(Event { at, node, what });
    }
}

/// The body of a machine: its namespaces and all processes in them.
#[derive(Debug)]
pub(super) struct Node {
    number: u8,
    name: String,
    trusting: bool,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    cut: bool,
    isolated: bool,
}

#[derive(Debug)]
struct Running {
    /// `unshare`, which ends when `init` has ended.
    parent: Child,
    /// Pid 1 of the node, with its number in the lab. The kernel ends everything in the node before this process is
    /// gone.
    init: Pid,
}

impl Node {
    pub(super) fn new(number: u8, trusting: bool, journal: Arc<Journal>) -> Node {
        Node {
            number,
            name: format!("node{number}"),
            trusting,
            journal,
            state: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn number(&self) -> u8 {
        self.number
    }

    /// The process id of its pid 1, while it runs.
    pub(super) fn init(&self) -> Option<u32> {
        let state = self.state();
        let running = state.running.as_ref()?;
        u32::try_from(running.init.as_raw_nonzero().get()).ok()
    }

    /// Ends it without a record.
    pub(super) fn crash(&self) -> Result<()> {
        let state = self.state();
        let running = state
            .running
            .as_ref()
            .with_context(|| format!("{} is off", self.name))?;
        Ok(kill_process(running.init, Signal::KILL)?)
    }

    /// Disconnects its cable, or connects it again; this stays in effect after a reboot.
    pub(super) fn set_cut(&self, cut: bool) -> Result<()> {
        let mut state = self.state();
        state.cut = cut;
        if state.running.is_some() {
            network::set_plugged(&self.name, !cut)?;
        }
        self.journal
            .note(&self.name, if cut { What::Cut } else { What::Plugged });
        Ok(())
    }

    /// Stops it at its next start, or lets it continue.
    pub(super) fn set_held(&self, held: bool) -> Result<()> {
        let file = format!("{FOLDER}/held/{}", self.name);
        if held {
            std::fs::write(&file, "")
        } else {
            std::fs::remove_file(&file)
        }
        .context(file)
    }

    /// Isolates it from all other isolated nodes, but not from the devices; this stays in effect after a reboot.
    pub(super) fn set_isolated(&self, isolated: bool) -> Result<()> {
        let mut state = self.state();
        state.isolated = isolated;
        match state.running {
            Some(_) => network::set_isolated(&self.name, isolated),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn boot(&self, state: &mut State) -> Result<()> {
        network::remove(&self.name);
        let namespaces = [
            "--mount",
            "--net",
            "--uts",
            "--ipc",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ];
        let mut command = isolated("unshare");
        command
            .args(namespaces)
            .arg(format!("{FOLDER}/node.sh"))
            .args([&self.name, &self.number.to_string()])
            .env("LAB", FOLDER)
            .env("NETWORK", NETWORK)
            .env("TRUSTED", if self.trusting { CERTIFICATE } else { "" })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(format!("{FOLDER}/nodes/{}.stderr", self.name))?);
        let mut parent = command.spawn().context("unshare")?;
        let init = match first_child(&mut parent) {
            Ok(init) => init,
            Err(cause) => {
                // This also ends what the process may have started.
                let _ = parent.kill();
                let _ = parent.wait();
                return Err(cause);
            }
        };
        let number = u32::try_from(init.as_raw_nonzero().get())?;
        state.running = Some(Running { parent, init });
        network::cable(&self.name, number)?;
        network::set_isolated(&self.name, state.isolated)?;
        network::set_plugged(&self.name, !state.cut)
    }

    /// Ends everything in it. When this returns, none of its processes runs.
    fn kill(&self, state: &mut State) {
        if let Some(mut running) = state.running.take() {
            // A process that has just ended is dead, too.
            let _ = kill_process(running.init, Signal::KILL);
            let _ = running.parent.wait();
            network::remove(&self.name);
        }
    }

    /// Whether it runs; records an end by itself.
    fn look(&self, state: &mut State) -> Power {
        let Some(running) = &mut state.running else {
            return Power::Off;
        };
        if matches!(running.parent.try_wait(), Ok(None)) {
            return Power::On;
        }
        self.kill(state);
        self.journal.note(&self.name, What::Ended);
        Power::Off
    }
}

impl Body for Node {
    fn power(&self) -> Power {
        self.look(&mut self.state())
    }

    fn switch(&self, power: &Power) -> Power {
        let mut state = self.state();
        let now = self.look(&mut state);
        match (power, &now) {
            (Power::Off, Power::On) => {
                self.kill(&mut state);
                self.journal.note(&self.name, What::Killed);
                Power::Off
            }
            (Power::On, Power::Off) => {
                if let Err(cause) = self.boot(&mut state) {
                    self.kill(&mut state);
                    self.journal.note_failure(&self.name, &cause);
                    return Power::Off;
                }
                self.journal.note(&self.name, What::Booted);
                Power::On
            }
            // It cannot be paused.
            _ => now,
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.kill(&mut state);
    }
}

/// The first process in the namespaces that this process creates, as soon as it has its own network.
fn first_child(parent: &mut Child) -> Result<Pid> {
    let (began, own) = (Instant::now(), network_of("self")?);
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    while began.elapsed() < WAIT_LIMIT {
        if let Some(status) = parent.try_wait()? {
            bail!("unshare ended: {status}");
        }
        let child = std::fs::read_to_string(&children).unwrap_or_default();
        if let Some(child) = child.split_whitespace().next()
            && network_of(child).is_ok_and(|network| network != own)
        {
            return Pid::from_raw(child.parse()?).context("a process without a number");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    bail!("a node has no namespaces after {} s", WAIT_LIMIT.as_secs())
}

fn network_of(process: &str) -> Result<String> {
    let link = std::fs::read_link(format!("/proc/{process}/ns/net"))?;
    Ok(link.display().to_string())
}

/// The namespaces of a process, with the names of their links in `/proc`, such as `net:[4026531840]`.
pub(super) fn namespaces(process: &str) -> Result<Vec<String>> {
    let links =
        ["mnt", "net", "pid", "ipc", "uts"].map(|kind| std::fs::read_link(format!("/proc/{process}/ns/{kind}")));
    let names = links.into_iter().map(|link| Ok(link?.display().to_string()));
    names.collect()
}
