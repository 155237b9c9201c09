//! `fencebox remove`: takes an installed plugin off this machine.

use std::io::Write;

use anyhow::Context;

use crate::installation::{Steps, remove};
use crate::plugin::{Folders, agent_name};

pub(super) fn run(name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let agent = agent_name(name.as_ref()).filter(|agent| agent == name);
    let name = agent.with_context(|| format!("{name:?} is no name of an agent; give one such as fence_clc"))?;
    let folders = Folders::of_this_program().context("where this program is")?;
    remove(&folders, &name, &mut Steps::default())?;
    writeln!(out, "{name} is removed")?;
    Ok(())
}
