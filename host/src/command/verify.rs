//! `fencebox verify`: verifies that all files are as they were installed.

use std::io::Write;

use anyhow::{Context, bail};

use crate::installation::verify;
use crate::plugin::Folders;

pub(super) fn run(names: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let folders = Folders::of_this_program().context("cannot find the path of this program")?;
    let (agents, findings) = verify(&folders, names);
    for finding in &findings {
        writeln!(out, "{}: {}", finding.what, finding.wrong)?;
    }
    match findings.len() {
        0 => writeln!(out, "{agents} agents verified")?,
        1 => bail!("1 problem found ({agents} agents checked)"),
        number => bail!("{number} problems found ({agents} agents checked)"),
    }
    Ok(())
}
