//! An installed agent for a command, as it would act.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;

use super::observe;
use crate::agent::audit::{Audit, Caller, Sink, daemon};
use crate::agent::late::Late;
use crate::agent::log::{Log, Syslog};
use crate::agent::stream::Lines;
use crate::agent::system_clock::SystemClock;
use crate::confinement;
use crate::plugin::{Plugin, PluginInstance, agent_name};
use crate::policy;
use crate::trial::Attempt;

/// The socket on which systemd's journal receives entries with fields.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// An agent with its log and its clock.
pub(super) struct Installed {
    plugin: Arc<Plugin>,
    pub(super) instance: PluginInstance,
    pub(super) log: Arc<Log>,
    pub(super) clock: Arc<SystemClock>,
}

impl Installed {
    /// The agent with this name, with the policy of this machine. No other process can read its memory from now on.
    pub(super) fn agent(name: &str) -> anyhow::Result<Self> {
        ensure!(
            agent_name(name.as_ref()).as_deref() == Some(name),
            "{name} is not an agent name; write fence_DEVICE (`fencebox list` lists them)"
        );
        let _ = confinement::forbid_core_dumps();
        let policy = policy::read(&policy::file_paths()?)?;
        let plugin = Arc::new(Plugin::installed(name, &policy.for_agent(name))?);
        let log = log(name);
        let clock = Arc::new(SystemClock::start());
        let instance = plugin.agent(name, &log, clock.clone())?;
        Ok(Self {
            plugin,
            instance,
            log,
            clock,
        })
    }

    /// The same, for one action with its audit.
    pub(super) fn attempt(self, name: &str) -> Attempt {
        Attempt {
            name: name.to_owned(),
            plugin: self.plugin,
            log: self.log,
            clock: self.clock,
            audit: audit(name, Caller::of_this_process(None, true)),
        }
    }
}

/// The audit of an agent's actions.
pub(super) fn audit(name: &str, caller: Caller) -> Audit {
    let agent = name.to_owned();
    let journal = Late::new("journal", move || {
        daemon(Path::new(JOURNAL), Path::new(Syslog::SOCKET), &agent)
    });
    let journal = Box::new(journal) as Box<dyn Sink>;
    let sinks = std::iter::once(journal).chain(observe::sinks());
    Audit::new(name, caller, sinks.collect())
}

/// The log of an agent, which shows progress if standard error is a terminal.
pub(super) fn log(name: &str) -> Arc<Log> {
    let log = Log::new(standard_error());
    log.set_agent(name);
    if std::io::stderr().is_terminal() {
        log.set_terminal();
    }
    Arc::new(log)
}

/// The output of the log, where no write blocks.
pub(super) fn standard_error() -> Box<dyn Write + Send> {
    match Lines::standard_error() {
        Ok(lines) => Box::new(lines),
        // The process has no file descriptor left.
        Err(_) => Box::new(std::io::stderr()),
    }
}
