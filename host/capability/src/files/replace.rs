//! A file gets new content at once or not at all: that is written beside it and
//! then takes its place.
//!
//! An agent may be killed between the two. What it leaves is never in the way
//! of another, and a later one clears it away.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt, Permissions};

/// What a file without a predecessor may be, whatever the umask leaves of it:
/// a power status or a request that others could write is worth nothing.
const MODE: u32 = 0o644;
/// How old what is beside a file has to be to have been left there: nobody
/// takes so long from writing it to renaming it.
const AGE: Duration = Duration::from_secs(60);
/// How many names are tried. One is free, unless many agents with the number of
/// this process were killed here.
const TRIES: u32 = 100;

/// Puts `content` in the place of the file `name`, or there where none is.
pub(super) fn replace(folder: &Dir, name: &OsStr, permissions: Option<Permissions>, content: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create(folder, name)?;
    let replaced = || -> io::Result<()> {
        // Before there is anything to read.
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(content)?;
        folder.rename(&temporary, folder, name)
    };
    replaced().inspect_err(|_| {
        let _ = folder.remove_file(&temporary);
    })?;
    // Nobody waits for this to be done, or has a use for what is wrong with it.
    let _ = clear(folder, name, &file);
    Ok(())
}

/// A new file beside that one. One process writes one file at a time, so that
/// its number is name enough, but for what was left by another of that number.
fn create(folder: &Dir, name: &OsStr) -> io::Result<(OsString, File)> {
    let process = std::process::id();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(MODE);
    let mut tries = 0;
    loop {
        let mut temporary = prefix(name);
        temporary.push(match tries {
            0 => format!("{process}.tmp"),
            _ => format!("{process}-{tries}.tmp"),
        });
        match folder.open_with(&temporary, &options) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => tries += 1,
            opened => return opened.map(|file| (temporary, file)),
        }
    }
}

fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

/// Removes what others have left beside the file `name`, which is `replaced`
/// since a moment ago. Times are those of the file system, which may be
/// another machine's.
fn clear(folder: &Dir, name: &OsStr, replaced: &File) -> io::Result<()> {
    let now = replaced.metadata()?.modified()?;
    let prefix = prefix(name);
    for entry in folder.entries()? {
        let entry = entry?;
        let other = entry.file_name();
        let number = other.as_bytes().strip_prefix(prefix.as_bytes());
        let number = number.and_then(|rest| rest.strip_suffix(b".tmp"));
        let left = number.is_some_and(|number| number.iter().all(|byte| b"0123456789-".contains(byte)));
        if left && entry.metadata()?.modified()? + AGE < now {
            let _ = folder.remove_file(&other);
        }
    }
    Ok(())
}
