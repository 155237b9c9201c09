//! `fencebox compile`: writes the compiled form beside each plugin.

use std::io::Write;
use std::path::PathBuf;

use super::candidate::announce;

pub(super) fn run(files: &[PathBuf], out: &mut dyn Write) -> anyhow::Result<()> {
    for file in files {
        announce(file);
        writeln!(out, "{}", crate::plugin::compile(file)?.display())?;
    }
    Ok(())
}
