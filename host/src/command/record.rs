//! `fencebox record`: writes the records of a package's plugins. Such a record is the same on every machine.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::candidate::{self, Candidate};
use crate::plugin::{Plugin, Record};
use crate::policy::AgentPolicy;

pub(super) fn run(files: &[PathBuf], out: &mut dyn Write) -> anyhow::Result<()> {
    for file in files {
        let path = Record::path(file);
        let wasm = candidate::read(file)?;
        let plugin = Plugin::at(file.clone(), AgentPolicy::unrestricted())?;
        let candidate = Candidate::of(&plugin, file)?;
        replace(&path, &candidate.record(&wasm).text()).with_context(|| path.display().to_string())?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

/// Replaces the file as a whole: a failure leaves the old file.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension(format!("json.{}", std::process::id()));
    let written = write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o644).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
