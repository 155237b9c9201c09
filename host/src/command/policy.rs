//! `fencebox policy`: checks a policy, and shows how it restricts an agent.

mod restriction;

use std::io::Write;
use std::path::Path;

use anyhow::bail;
use serde::Serialize;

use super::json;
use crate::plugin::{agent_name, installed};
use crate::policy::{self, Policy};
use restriction::Restriction;

/// The policy, for each agent.
#[derive(Serialize)]
struct Report {
    /// The files that apply.
    files: Vec<String>,
    agents: Vec<Agent>,
    /// If there is no policy: the places where agents look.
    #[serde(skip)]
    none_at: Option<String>,
}

/// The policy of one agent.
#[derive(Serialize)]
struct Agent {
    name: String,
    /// Whether it has a plugin.
    installed: bool,
    restrictions: Vec<Restriction>,
}

/// Shows the policy in `file`, or else the policy of this machine: for one agent, or for each agent that has a plugin
/// or a table in the policy.
pub(super) fn run(file: Option<&Path>, agent: Option<&str>, as_json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let report = json::outcome("policy", as_json, report(file, agent), out)?;
    if as_json {
        return json::print("policy", &report, out);
    }
    // Reports a missing policy with its places, so that a misplaced file is noticed.
    if let Some(places) = &report.none_at {
        writeln!(out, "no policy is installed ({places})")?;
    }
    report.agents.iter().try_for_each(|agent| show(agent, out))
}

fn report(file: Option<&Path>, agent: Option<&str>) -> anyhow::Result<Report> {
    if let Some(name) = agent.filter(|name| agent_name(name.as_ref()).as_deref() != Some(name)) {
        bail!("{name} is not an agent name; write fence_DEVICE");
    }
    let mut none_at = None;
    let (policy, files) = match file {
        Some(file) => (policy::read_file(file)?, vec![json::clean(&file.display().to_string())]),
        None => {
            let places = policy::file_paths()?;
            let policy = policy::read(&places)?;
            let existing = policy::existing(&places)?;
            if existing.is_empty() {
                none_at = Some(policy::none_at(&places));
            }
            let files = existing.iter().map(|path| json::clean(&path.display().to_string()));
            (policy, files.collect())
        }
    };
    let known: Vec<String> = installed().into_iter().map(|(name, _)| name).collect();
    let agents = match agent {
        Some(agent) => vec![agent],
        None => names(&policy, &known),
    };
    let of = |name: &str| Agent {
        name: name.to_owned(),
        installed: known.iter().any(|known| known == name),
        restrictions: policy.for_agent(name).restrictions().map(Restriction::from).collect(),
    };
    Ok(Report {
        files,
        agents: agents.into_iter().map(of).collect(),
        none_at,
    })
}

/// The agents with a plugin or a table. Restrictions first: they are what an administrator looks for.
fn names<'a>(policy: &'a Policy, known: &'a [String]) -> Vec<&'a str> {
    let mut agents: Vec<&str> = known.iter().map(String::as_str).chain(policy.agents()).collect();
    agents.sort_unstable();
    agents.dedup();
    agents.sort_by_cached_key(|agent| policy.for_agent(agent).restrictions().next().is_none());
    agents
}

fn show(agent: &Agent, out: &mut dyn Write) -> anyhow::Result<()> {
    let note = if agent.installed {
        ""
    } else {
        " (no plugin is installed for it)"
    };
    let name = &agent.name;
    if agent.restrictions.is_empty() {
        writeln!(out, "{name}{note}: not restricted by the policy")?;
        return Ok(());
    }
    writeln!(out, "{name}{note}: restricted by the policy:")?;
    for restriction in &agent.restrictions {
        writeln!(out, "  {}", restriction.text)?;
    }
    Ok(())
}
