//! `fencebox verify`: whether everything is as it was installed.

use std::io::Write;

use anyhow::{Context, bail};

use crate::installation::verify;
use crate::plugin::Folders;

pub(super) fn run(names: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let folders = Folders::of_this_program().context("where this program is")?;
    let (agents, findings) = verify(&folders, names);
    for finding in &findings {
        writeln!(out, "{}: {}", finding.what, finding.wrong)?;
    }
    match findings.len() {
        0 => writeln!(out, "{agents} agents verified")?,
        1 => bail!("1 thing is wrong; {agents} agents were looked at"),
        number => bail!("{number} things are wrong; {agents} agents were looked at"),
    }
    Ok(())
}
