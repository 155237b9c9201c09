//! `fencebox inspect`: shows what a plugin is, and what needs approval.

mod report;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::candidate::announce;
use super::json;
use super::report as text;
use crate::agent::description::Description;
use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Declared, Plugin, PluginInstance, agent_name, locate};
use crate::policy::AgentPolicy;

/// How the result is printed.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A report for people.
    Text,
    /// The same as JSON.
    Json,
    /// Only the names of the plugin, one a line.
    Names,
}

/// Prints what a plugin is.
pub(super) fn run(plugin: &Path, form: Form, out: &mut dyn Write) -> anyhow::Result<()> {
    let as_json = matches!(form, Form::Json);
    let mut found = json::outcome("inspect", as_json, Inspected::of(plugin), out)?;
    let description = &found.declared.description;
    match form {
        Form::Names => list_names(description, out),
        Form::Json => {
            let error = found.agent.load().err().map(|reason| reason.to_string());
            let report = report::collect(&found.plugin, &found.path, &found.declared, error, &json::clean);
            let report = json::outcome("inspect", true, report, out)?;
            json::print("inspect", &report, out)
        }
        Form::Text => print(found, out),
    }
}

/// A plugin and its description.
struct Inspected {
    path: PathBuf,
    plugin: Arc<Plugin>,
    agent: PluginInstance,
    declared: Declared,
}

impl Inspected {
    fn of(plugin: &Path) -> anyhow::Result<Self> {
        let (name, path) = find(plugin)?;
        // An installed plugin has a compiled form.
        if path.with_extension("cwasm").symlink_metadata().is_err() {
            announce(&path);
        }
        // A plugin that is not installed yet has no compiled form, so the warning about that is suppressed.
        let log = Arc::new(Log::new(Box::new(std::io::sink())));
        let plugin = Arc::new(Plugin::at(path.clone(), AgentPolicy::unrestricted())?);
        let agent = plugin.agent(&name, &log, Arc::new(SystemClock::start()))?;
        // For a plugin without a record, the report also includes what is denied until it is installed.
        let declared = match plugin.recorded().approvals() {
            Some(_) => agent.declared.clone(),
            None => plugin.describe(&name)?,
        };
        Ok(Self {
            path,
            plugin,
            agent,
            declared,
        })
    }
}

fn print(mut found: Inspected, out: &mut dyn Write) -> anyhow::Result<()> {
    let (declared, clean) = (&found.declared, &json::clean);
    let description = &declared.description;
    text::names(description, out, clean)?;
    writeln!(out, "file: {}", found.path.display())?;
    // The most important line stands before the details.
    if let Err(reason) = found.agent.load() {
        writeln!(out, "\nevery action fails: {}", clean(&reason.to_string()))?;
    }
    text::approval(declared, &[], out, clean)?;
    text::options(description, out, clean)?;
    text::paragraph(&clean(&description.longdesc), out)?;
    text::printed(&found.plugin.printed(), out, clean)?;
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
