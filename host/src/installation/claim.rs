//! Whether a folder and names may be taken, asked before anything is changed.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Entry, Error, component, entry, is_ours};
use crate::ownership::distrust_folders;
use crate::plugin::{Folders, Record};

/// Held while the plugins are changed; the kernel gives it back.
const LOCK: &str = ".lock";

/// The lock on a folder of plugins, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that another thread has just forked may hold the same open file: closing it here is not enough.
        let _ = self.0.unlock();
    }
}

/// Locks a folder, so that nothing else changes it until this is dropped.
pub(super) fn lock(folder: &Path) -> Result<Lock, Error> {
    let path = folder.join(LOCK);
    let disk = |cause| Error::Disk {
        path: path.clone(),
        cause,
    };
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(Error::Busy(folder.to_owned())),
        Err(TryLockError::Error(cause)) => Err(disk(cause)),
    }
}

/// Refuses a folder in which others could replace what is installed. One that
/// is not there yet is made in the nearest that is.
pub(super) fn trust(folder: &Path) -> Result<(), Error> {
    let nearest = folder.ancestors().find(|folder| folder.exists());
    match nearest.and_then(distrust_folders) {
        None => Ok(()),
        Some(reason) => Err(Error::Untrusted {
            folder: folder.to_owned(),
            reason,
        }),
    }
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
            let what = match metadata.is_symlink() {
                true => "a link to something else",
                false => "no link",
            };
            return Err(Error::ProgramTaken { path, what });
        }
    }
    Ok(())
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}
