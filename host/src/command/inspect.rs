//! `fencebox inspect`: shows what a plugin is, and what needs approval.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::candidate::announce;
use super::report;
use crate::agent::description::Description;
use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, agent_name, locate};
use crate::policy::AgentPolicy;

/// Prints a report, or with `names` only the names of the plugin, one a line.
pub(super) fn run(plugin: &Path, names: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let (name, path) = find(plugin)?;
    // An installed plugin has a compiled form.
    if path.with_extension("cwasm").symlink_metadata().is_err() {
        announce(&path);
    }
    // A plugin that is not installed yet has no compiled form, so the warning about that is suppressed.
    let log = Arc::new(Log::new(Box::new(std::io::sink())));
    let plugin = Arc::new(Plugin::at(path.clone(), AgentPolicy::unrestricted())?);
    let mut agent = plugin.agent(&name, &log, Arc::new(SystemClock::start()))?;
    // For a plugin without a record, the report also includes what is denied until it is installed.
    let declared = match plugin.recorded().approvals() {
        Some(_) => agent.declared.clone(),
        None => plugin.describe(&name)?,
    };
    let description = &declared.description;
    if names {
        return list_names(description, out);
    }
    let clean = |text: &str| log.masked(text);
    report::names(description, out, &clean)?;
    writeln!(out, "file: {}", path.display())?;
    // The most important line stands before the details.
    if let Err(reason) = agent.load() {
        writeln!(out, "\nevery action fails: {}", clean(&reason.to_string()))?;
    }
    report::approval(&declared, &[], out, &clean)?;
    report::options(description, out, &clean)?;
    report::paragraph(&clean(&description.longdesc), out)?;
    report::printed(&plugin.printed(), out, &clean)?;
    Ok(())
}

/// Prints the names, without those that cannot be the name of an agent, such as a path.
fn list_names(description: &Description, out: &mut dyn Write) -> anyhow::Result<()> {
    let links = description.symlinks.iter().map(|link| &link.name);
    for name in std::iter::once(&description.name).chain(links) {
        if agent_name(name.as_ref()).as_ref() == Some(name) {
            writeln!(out, "{name}")?;
        }
    }
    Ok(())
}

/// The agent's name and plugin file. The argument is an agent's name, or a file that is named after the agent.
fn find(plugin: &Path) -> anyhow::Result<(String, PathBuf)> {
    let bare = plugin.components().count() == 1 && plugin.extension().is_none();
    if let Some(name) = agent_name(plugin.as_os_str()).filter(|_| bare) {
        let path = locate(&name)?;
        return Ok((name, path));
    }
    let path = plugin.canonicalize().with_context(|| plugin.display().to_string())?;
    let name = plugin.file_stem().and_then(agent_name);
    let name = name.with_context(|| format!("{}: rename the plugin file to fence_DEVICE.wasm", plugin.display()))?;
    Ok((name, path))
}
