//! `fencebox list`: lists the agents that have a plugin.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, PluginInstance, installed};
use crate::policy::AgentPolicy;

pub(super) fn run(out: &mut dyn Write) -> anyhow::Result<()> {
    let log = Arc::new(Log::new(Box::new(std::io::stderr())));
    let installed = installed();
    let width = installed.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, path) in installed {
        // A broken plugin gets a line too, and does not end the list.
        let row = match agent(&name, path, &log) {
            Ok(mut agent) => match agent.load() {
                Err(reason) => log.masked(&format!("broken: {reason}")),
                Ok(()) => log.masked(&agent.declared.description.shortdesc),
            },
            Err(cause) => format!("broken: {cause:#}"),
        };
        writeln!(out, "{name:<width$}  {row}")?;
    }
    Ok(())
}

fn agent(name: &str, path: PathBuf, log: &Arc<Log>) -> anyhow::Result<PluginInstance> {
    let plugin = Arc::new(Plugin::at(path.canonicalize()?, AgentPolicy::unrestricted())?);
    Ok(plugin.agent(name, log, Arc::new(SystemClock::start()))?)
}
