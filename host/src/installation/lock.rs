//! Whether a folder and names may be taken, asked before anything is changed.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use atomic_fs::Lock;

use super::{Entry, Error, component, entry, is_ours};
use crate::plugin::{Folders, Record};
use crate::policy::ownership::check_place;

/// Held while the plugins are changed; the kernel gives it back.
const LOCK: &str = ".lock";

/// Locks a folder, so that nothing else changes it until this is dropped.
pub(super) fn lock(folder: &Path) -> Result<Lock, Error> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true).mode(0o600);
    let lock = options.open(&path).and_then(Lock::try_new);
    let lock = lock.map_err(|cause| atomic_fs::Error { path, cause })?;
    lock.ok_or_else(|| Error::Busy(folder.to_owned()))
}

/// Refuses a folder in which others could replace what is installed. One that
/// is not there yet is made in the nearest that is.
pub(super) fn trust(folder: &Path) -> Result<(), Error> {
    let nearest = folder.ancestors().find(|folder| folder.exists());
    nearest.map_or(Ok(()), check_place).map_err(|reason| Error::Untrusted {
        folder: folder.to_owned(),
        reason,
    })
}

/// Refuses names that a package's plugin or another installed one answers to.
pub(super) fn names(folders: &Folders, record: &Record) -> Result<(), Error> {
    for name in record.names() {
        let packaged = component(&folders.packaged, name);
        if packaged.symlink_metadata().is_ok() {
            return Err(Error::Packaged {
                name: name.to_owned(),
                path: packaged,
            });
        }
        let own = match entry(&folders.own, name) {
            Entry::Absent => true,
            // Left by a crash, and cleared away before anything is installed.
            Entry::Stored(_) | Entry::Alias(_) if !component(&folders.own, name).exists() => true,
            Entry::Stored(_) => name == record.name,
            Entry::Alias(main) => name != record.name && main == record.name,
            // The administrator's file of this name becomes the installed one.
            Entry::Foreign => name == record.name && is_file(&component(&folders.own, name)),
        };
        if !own {
            let path = component(&folders.own, name);
            return Err(Error::NameTaken {
                name: name.to_owned(),
                path: path.canonicalize().unwrap_or(path),
            });
        }
    }
    Ok(())
}

/// Refuses programs that are somebody else's.
pub(super) fn programs(folders: &Folders, record: &Record) -> Result<(), Error> {
    for name in record.names() {
        let path = folders.programs().join(name);
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if !is_ours(folders, &path) {
            let what = if metadata.is_symlink() {
                "a link to something else"
            } else {
                "no link"
            };
            return Err(Error::ProgramTaken { path, what });
        }
    }
    Ok(())
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}
