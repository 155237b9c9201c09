//! `fencebox policy`: checks a policy, and shows how it restricts an agent.

use std::io::Write;
use std::path::Path;

use anyhow::bail;

use crate::plugin::{agent_name, installed};
use crate::policy::{self, Policy};

/// Shows the policy in `file`, or else the policy of this machine: for one agent, or for each agent that has a plugin
/// or a table in the policy.
pub(super) fn run(file: Option<&Path>, agent: Option<&str>, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(name) = agent.filter(|name| agent_name(name.as_ref()).as_deref() != Some(name)) {
        bail!("{name} is not an agent name; write fence_DEVICE");
    }
    let policy = match file {
        Some(file) => policy::read_file(file)?,
        None => of_machine(out)?,
    };
    let known: Vec<String> = installed().into_iter().map(|(name, _)| name).collect();
    if let Some(agent) = agent {
        return show(&policy, agent, &known, out);
    }
    let mut agents: Vec<&str> = known.iter().map(String::as_str).chain(policy.agents()).collect();
    agents.sort_unstable();
    agents.dedup();
    // Restrictions first: they are what an administrator looks for.
    agents.sort_by_cached_key(|agent| policy.for_agent(agent).describe().is_empty());
    agents.iter().try_for_each(|agent| show(&policy, agent, &known, out))
}

/// The policy of this machine. Reports a missing policy with its places, so that a misplaced file is noticed.
fn of_machine(out: &mut dyn Write) -> anyhow::Result<Policy> {
    let places = policy::file_paths()?;
    let policy = policy::read(&places)?;
    if policy::existing(&places)?.is_empty() {
        writeln!(out, "no policy is installed ({})", policy::none_at(&places))?;
    }
    Ok(policy)
}

fn show(policy: &Policy, agent: &str, known: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let note = if known.iter().any(|name| name == agent) {
        ""
    } else {
        " (no plugin is installed for it)"
    };
    let lines = policy.for_agent(agent).describe();
    if lines.is_empty() {
        writeln!(out, "{agent}{note}: not restricted by the policy")?;
        return Ok(());
    }
    writeln!(out, "{agent}{note}: restricted by the policy:")?;
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
