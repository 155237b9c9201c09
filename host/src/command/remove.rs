//! `fencebox remove`: removes an installed plugin from this machine.

use std::io::Write;

use anyhow::Context;

use crate::installation::{Steps, remove};
use crate::plugin::{Folders, agent_name};

pub(super) fn run(name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let agent = agent_name(name.as_ref()).filter(|agent| agent == name);
    let name = agent.with_context(|| format!("{name:?} is not an agent name; give a name such as fence_clc"))?;
    let folders = Folders::of_this_program().context("cannot find the path of this program")?;
    remove(&folders, &name, &mut Steps::default())?;
    writeln!(out, "{name} is removed")?;
    Ok(())
}
