//! Programs of other packages with the name of one of our agents. They are never overwritten. With `--divert`, they are
//! diverted in the way of Debian packages: dpkg records the new name of the file, so that an upgrade of the other
//! package writes to the new name and does not replace our agent.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use atomic_fs::Steps;

use super::Place;

/// The new path of the other program.
pub(super) fn aside(program: &Path) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(".distrib");
    name.into()
}

/// Rejects `--divert` if dpkg is missing, because only dpkg prevents the other package from replacing our agent.
pub(super) fn check(place: &Place) -> Result<()> {
    let database = place.destdir.as_deref().unwrap_or(Path::new("/")).join("var/lib/dpkg");
    let program = Command::new("dpkg-divert").arg("--version").output();
    ensure!(
        database.is_dir() && program.is_ok_and(|output| output.status.success()),
        "--divert needs dpkg-divert and {}; remove the package of these programs, or use another --prefix",
        database.display()
    );
    Ok(())
}

/// Diverts a program. It also keeps its old name until our agent replaces it, so that an agent exists at every moment.
pub(super) fn put(place: &Place, program: &Path, steps: &mut Steps) -> Result<()> {
    run(
        divert(place, program).arg("--add").arg(named(place, program)),
        program,
        steps,
    )?;
    let aside = aside(program);
    match aside.symlink_metadata() {
        // An upgrade of the other package has already written the new name.
        Ok(_) => Ok(()),
        Err(_) => Ok(steps.hard_link(program, &aside)?),
    }
}

/// Restores a diverted program in place of our agent, and removes the diversion from dpkg.
pub(super) fn restore(place: &Place, program: &Path, is_ours: bool, steps: &mut Steps) -> Result<()> {
    let aside = aside(program);
    match (aside.symlink_metadata(), program.symlink_metadata()) {
        // It still has its old name.
        (Ok(one), Ok(other)) if (one.dev(), one.ino()) == (other.dev(), other.ino()) => steps.discard(&aside)?,
        (Ok(_), _) => steps.rename(&aside, program)?,
        // Its package was removed.
        (Err(_), Ok(_)) if is_ours => steps.discard(program)?,
        (Err(_), _) => {}
    }
    run(
        divert(place, program).arg("--remove").arg(named(place, program)),
        program,
        steps,
    )
}

/// Runs dpkg-divert as one step.
fn run(command: &mut Command, program: &Path, steps: &mut Steps) -> Result<()> {
    let step = || {
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        let reason = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        Err(std::io::Error::other(format!("dpkg-divert: {reason}")))
    };
    Ok(steps.take(program, step)?)
}

fn divert(place: &Place, program: &Path) -> Command {
    let mut command = Command::new("dpkg-divert");
    if let Some(root) = &place.destdir {
        command.arg("--root").arg(root);
    }
    command.args(["--quiet", "--local", "--no-rename", "--divert"]);
    command.arg(aside(&named(place, program)));
    command
}

/// The path in dpkg's database, without `--destdir`.
fn named(place: &Place, program: &Path) -> PathBuf {
    match place
        .destdir
        .as_deref()
        .and_then(|root| program.strip_prefix(root).ok())
    {
        Some(below) => Path::new("/").join(below),
        None => program.to_owned(),
    }
}
