//! Programs that somebody else's package brought under the name of one of our
//! agents. They are never overwritten. Where it is asked for they are put
//! aside as Debian has packages do it: dpkg is told that the file has another
//! name now, so that an upgrade of the other package goes there too, and leaves
//! ours alone.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use atomic_fs::Steps;

use super::Place;

/// Where the other program is from now on.
pub(super) fn aside(program: &Path) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(".distrib");
    name.into()
}

/// Refuses where there is no dpkg, which alone keeps the other package from
/// taking its file back.
pub(super) fn check(place: &Place) -> Result<()> {
    let database = place.destdir.as_deref().unwrap_or(Path::new("/")).join("var/lib/dpkg");
    let program = Command::new("dpkg-divert").arg("--version").output();
    ensure!(
        database.is_dir() && program.is_ok_and(|output| output.status.success()),
        "--divert needs dpkg-divert and {}; remove the package that brings these programs, or install to another prefix",
        database.display()
    );
    Ok(())
}

/// Puts it aside. It is at its old place too until ours replaces it there: at
/// no moment there is none.
pub(super) fn put(place: &Place, program: &Path, steps: &mut Steps) -> Result<()> {
    run(
        divert(place, program).arg("--add").arg(named(place, program)),
        program,
        steps,
    )?;
    let aside = aside(program);
    match aside.symlink_metadata() {
        // Of an upgrade of the other package that came in between.
        Ok(_) => Ok(()),
        Err(_) => Ok(steps.hard_link(program, &aside)?),
    }
}

/// Puts it back in the place of ours, and tells dpkg.
pub(super) fn restore(place: &Place, program: &Path, is_ours: bool, steps: &mut Steps) -> Result<()> {
    let aside = aside(program);
    match (aside.symlink_metadata(), program.symlink_metadata()) {
        // It never left.
        (Ok(one), Ok(other)) if (one.dev(), one.ino()) == (other.dev(), other.ino()) => steps.discard(&aside)?,
        (Ok(_), _) => steps.rename(&aside, program)?,
        // Its package is gone.
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

/// As dpkg knows it.
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
