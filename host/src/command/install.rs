//! `fencebox install`: checks a plugin, shows what needs approval, and installs it.
//!
//! For a first installation, the command itself is the approval. Administrators often upgrade without reading the
//! output, so an upgrade that needs more than was approved also needs `--grant`.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};

use super::candidate::{self, Candidate};
use super::report;
use crate::agent::log::Log;
use crate::installation::{Package, Previous, Steps, install, previous};
use crate::plugin::{Folders, Installed, Plugin};

/// The options of the command line.
pub(super) struct Choice {
    /// Approve what exceeds the approvals of the installed plugin.
    pub(super) grant: bool,
    /// Also create the links `/usr/sbin/fence_DEVICE`.
    pub(super) programs: bool,
}

pub(super) fn run(file: &Path, choice: &Choice, out: &mut dyn Write) -> anyhow::Result<()> {
    candidate::stem(file)?;
    let wasm = candidate::read(file)?;
    candidate::announce(file);
    let plugin = Plugin::from_bytes(file.to_owned(), &wasm)?;
    let candidate = Candidate::of(&plugin, file);
    let log = Log::new(Box::new(std::io::sink()));
    let clean = |text: &str| log.masked(text);
    if candidate.is_err() {
        report::printed(&plugin.printed(), out, &clean)?;
        out.flush()?;
    }
    let candidate = candidate?;
    let first = candidate.first()?;
    report::names(&first.description, out, &clean)?;
    report::approval(first, &candidate.besides(), out, &clean)?;
    report::printed(&plugin.printed(), out, &clean)?;
    writeln!(out)?;

    let folders = Folders::of_this_program().context("cannot find the path of this program")?;
    let name = &candidate.name;
    let before = previous(&folders, name);
    consent(&before, &candidate, choice, out, &clean)?;

    let mut record = candidate.record(&wasm);
    record.programs = choice.programs;
    record.installed = Some(now());
    let form = plugin.compiled_form()?;
    let package = Package {
        record: &record,
        wasm: &wasm,
        form: &form,
    };
    let new = install(&folders, &package, &mut Steps::default())?;
    let path = folders.own.join(format!("{name}.wasm"));
    let what = match (new, &before) {
        (false, _) => "is installed already",
        (true, Previous::None) => "is installed",
        (true, Previous::Recorded(old)) if old.blake3() == Some(&record.blake3) => "is repaired",
        (true, _) => "is upgraded",
    };
    writeln!(out, "{name} {what}: {} (sha256 {})", path.display(), record.sha256)?;
    if record.programs {
        for name in record.names() {
            writeln!(out, "program: {}", folders.programs().join(name).display())?;
        }
    }
    Ok(())
}

/// Rejects an upgrade that needs more than was approved, unless `--grant` approves it.
fn consent(
    before: &Previous,
    candidate: &Candidate,
    choice: &Choice,
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    let name = &candidate.name;
    let approved = match before {
        Previous::None => return Ok(()),
        Previous::Recorded(recorded) => recorded.approvals(),
        Previous::Unrecorded(_) => None,
    };
    let Some(approved) = approved else {
        if choice.grant {
            return Ok(());
        }
        bail!(
            "{name} is already installed, but its record is missing or damaged, so its approvals are unknown; to \
             approve all of the above and replace the plugin, add --grant"
        );
    };
    let (more, less) = (candidate.exceeding(approved), candidate.released(approved));
    if !less.is_empty() {
        writeln!(out, "no longer needed:")?;
    }
    for line in &less {
        writeln!(out, "  {}", clean(line))?;
    }
    if more.is_empty() {
        return Ok(());
    }
    let state = if choice.grant { "now approved:" } else { "not approved:" };
    writeln!(out, "{state}")?;
    for line in &more {
        writeln!(out, "  {}", clean(line))?;
    }
    if choice.grant {
        return Ok(());
    }
    out.flush()?;
    bail!(
        "{name} is not upgraded: the new plugin needs more than was approved ({}); to approve it, add --grant",
        clean(&more.join("; "))
    )
}

/// The current time and user.
fn now() -> Installed {
    let second = jiff::Timestamp::now().as_second();
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let login_user = std::fs::read_to_string("/proc/self/loginuid");
    let login_user = login_user.ok().and_then(|text| text.trim().parse().ok());
    Installed {
        time: time.to_string(),
        user: std::fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid()),
        // The kernel's value for "no login user".
        login_user: login_user.filter(|user| *user != u32::MAX),
    }
}
