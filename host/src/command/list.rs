//! `fencebox list`: lists the agents that have a plugin.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::json;
use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, PluginInstance, installed};
use crate::policy::AgentPolicy;

/// The list.
#[derive(Serialize)]
struct List {
    agents: Vec<Row>,
}

/// One agent.
#[derive(Serialize)]
struct Row {
    name: String,
    /// The plugin file, with links resolved as far as they lead somewhere.
    plugin: String,
    /// Missing if the plugin has no valid description.
    #[serde(skip_serializing_if = "Option::is_none")]
    shortdesc: Option<String>,
    /// Why every action of the agent fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn run(as_json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let log = Arc::new(Log::new(Box::new(std::io::stderr())));
    let agents = installed().into_iter().map(|(name, path)| row(name, &path, &log));
    if as_json {
        let list = List {
            agents: agents.collect(),
        };
        return json::print("list", &list, out);
    }
    let agents: Vec<Row> = agents.collect();
    let width = agents.iter().map(|agent| agent.name.len()).max().unwrap_or_default();
    for agent in agents {
        let text = match agent.error {
            Some(error) => format!("broken: {error}"),
            None => agent.shortdesc.unwrap_or_default(),
        };
        writeln!(out, "{:<width$}  {text}", agent.name)?;
    }
    Ok(())
}

/// A broken plugin gets a row too, and does not end the list.
fn row(name: String, path: &Path, log: &Arc<Log>) -> Row {
    let real = path.canonicalize();
    let plugin = real.as_deref().unwrap_or(path).display().to_string();
    let agent = real
        .map_err(anyhow::Error::from)
        .and_then(|path| agent(&name, path, log));
    let (shortdesc, error) = match agent {
        Ok(mut agent) => (
            Some(log.masked(&agent.declared.description.shortdesc)),
            agent.load().err().map(|reason| reason.to_string()),
        ),
        Err(cause) => (None, Some(format!("{cause:#}"))),
    };
    Row {
        name,
        plugin: log.masked(&plugin),
        shortdesc,
        error: error.map(|error| log.masked(&error)),
    }
}

fn agent(name: &str, path: PathBuf, log: &Arc<Log>) -> anyhow::Result<PluginInstance> {
    let plugin = Arc::new(Plugin::at(path, AgentPolicy::unrestricted())?);
    Ok(plugin.agent(name, log, Arc::new(SystemClock::start()))?)
}
