//! The lock, and the checks of folders and names before anything is changed.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use atomic_fs::Lock;

use super::{Entry, Error, component, entry, is_ours};
use crate::plugin::{Folders, Record};
use crate::policy::ownership::check_path;

/// Locked while the plugins are changed. The kernel releases the lock if the process ends.
const LOCK: &str = ".lock";

/// Locks a folder, so that no other fencebox changes it until the lock is dropped.
pub(super) fn lock(folder: &Path) -> Result<Lock, Error> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true).mode(0o600);
    let lock = options.open(&path).and_then(Lock::try_new);
    let lock = lock.map_err(|cause| atomic_fs::Error { path, cause })?;
    lock.ok_or_else(|| Error::Busy(folder.to_owned()))
}

/// Rejects a folder in which other users could replace installed files. A missing folder will be created, so the
/// nearest existing folder above it is checked.
pub(super) fn trust(folder: &Path) -> Result<(), Error> {
    let nearest = folder.ancestors().find(|folder| folder.exists());
    nearest.map_or(Ok(()), check_path).map_err(|reason| Error::Untrusted {
        folder: folder.to_owned(),
        reason,
    })
}

/// Rejects names that belong to a packaged plugin or to another installed plugin.
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
            // Left by a crash, and removed before anything is installed.
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

/// Rejects names whose program exists and is not a link to fencebox.
pub(super) fn programs(folders: &Folders, record: &Record) -> Result<(), Error> {
    for name in record.names() {
        let path = folders.programs().join(name);
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if !is_ours(folders, &path) {
            let what = if metadata.is_symlink() {
                "a link to another file"
            } else {
                "not a link"
            };
            return Err(Error::ProgramTaken { path, what });
        }
    }
    Ok(())
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}
