//! `fencebox install`: checks a plugin, shows what it wants to reach, and
//! installs it.
//!
//! Who installs a plugin for the first time is shown what it wants and grants
//! it by that: the command is the consent. An upgrade is often done without
//! looking, so one that wants more has to be granted in so many words.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::candidate::{self, Candidate};
use super::words;
use crate::agent::log::Log;
use crate::installation::{Package, Previous, Steps, install, previous};
use crate::plugin::{Folders, Installed, Plugin};
use crate::policy::Grant;

/// What the command line says.
pub(super) struct Choice {
    /// More than the installed plugin may reach is fine.
    pub(super) grant: bool,
    /// Programs are made too.
    pub(super) programs: bool,
}

pub(super) fn run(file: &Path, choice: &Choice, out: &mut dyn Write) -> anyhow::Result<()> {
    candidate::stem(file)?;
    let wasm = candidate::read(file)?;
    let log = Arc::new(Log::new(Box::new(std::io::sink())));
    let plugin = Plugin::from_bytes(Grant::unrestricted(), file.to_owned(), &wasm)?;
    let candidate = Candidate::of(&plugin, file, &log)?;
    let clean = |text: &str| log.masked(text);
    words::names(&candidate.described, out, &clean)?;
    words::reach(&candidate.described, &candidate.besides, out, &clean)?;
    writeln!(out)?;

    let folders = Folders::of_this_program().context("where this program is")?;
    let name = candidate.described.description.name.clone();
    let before = previous(&folders, &name);
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
        (true, Previous::Recorded(old)) if old.sha256 == record.sha256 => "is repaired",
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

/// Refuses an upgrade that wants more, unless that is granted.
fn consent(
    before: &Previous,
    candidate: &Candidate,
    choice: &Choice,
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    let name = &candidate.described.description.name;
    let more = match before {
        Previous::None => return Ok(()),
        Previous::Unrecorded(_) if choice.grant => return Ok(()),
        Previous::Unrecorded(path) => bail!(
            "{} was put there by hand or its record is broken, so nobody knows what was granted to it; if all of the \
             above is, replace it with --grant",
            path.display()
        ),
        Previous::Recorded(record) => {
            let less = record.grant.beyond(&candidate.reach);
            if !less.is_empty() {
                writeln!(out, "no longer reaches:")?;
            }
            for line in &less {
                writeln!(out, "  {}", clean(line))?;
            }
            candidate.reach.beyond(&record.grant)
        }
    };
    if more.is_empty() {
        return Ok(());
    }
    let state = if choice.grant { "now granted:" } else { "not granted:" };
    writeln!(out, "{state}")?;
    for line in &more {
        writeln!(out, "  {}", clean(line))?;
    }
    if choice.grant {
        return Ok(());
    }
    out.flush()?;
    bail!(
        "{name} stays as it is: the new plugin wants more than was granted ({}); if that is right, install it with \
         --grant",
        clean(&more.join("; "))
    )
}

/// Now, and the user that this runs as.
fn now() -> Installed {
    let second = jiff::Timestamp::now().as_second();
    let time = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let login_user = std::fs::read_to_string("/proc/self/loginuid");
    let login_user = login_user.ok().and_then(|text| text.trim().parse().ok());
    Installed {
        time: time.to_string(),
        user: std::fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid()),
        // The kernel's word for nobody.
        login_user: login_user.filter(|user| *user != u32::MAX),
        fencebox: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
