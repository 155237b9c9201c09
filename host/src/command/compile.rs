//! `fencebox compile`: writes the compiled form beside each plugin.

use std::io::Write;
use std::path::PathBuf;

pub(super) fn run(files: &[PathBuf], out: &mut dyn Write) -> anyhow::Result<()> {
    for file in files {
        writeln!(out, "{}", crate::plugin::compile(file)?.display())?;
    }
    Ok(())
}
