//! Replaces the content of a file completely or not at all: the new content is written to a
//! temporary file in the same folder, which is then renamed.
//!
//! An agent may be killed between the two steps. Its temporary file does not block other agents,
//! and a later agent removes it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt, Permissions};

/// Mode of a new file, before the umask applies. Other users must not be able to write a power
/// status or a request.
const MODE: u32 = 0o644;
/// Minimum age of a temporary file before it is removed. Writing and renaming one never takes this
/// long.
const AGE: Duration = Duration::from_secs(60);
/// Maximum number of names to try. One is free, unless many agents with this process number were
/// killed here.
const TRIES: u32 = 100;

/// Replaces the file `name` by `content`, or creates it.
pub(super) fn replace(folder: &Dir, name: &OsStr, permissions: Option<Permissions>, content: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create(folder, name)?;
    let replaced = || -> io::Result<()> {
        // Set the mode before the file contains data.
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(content)?;
        folder.rename(&temporary, folder, name)
    };
    replaced().inspect_err(|_| {
        let _ = folder.remove_file(&temporary);
    })?;
    // An error here does not affect the action.
    let _ = clear(folder, name, &file);
    Ok(())
}

/// Creates a temporary file in the same folder. A process writes one file at a time, so its process
/// number is unique, except for files that a killed process with the same number left.
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

/// Removes the temporary files that other agents left for the file `name`, which was just
/// `replaced`. All times come from the file system, because its clock may be that of another
/// machine.
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
