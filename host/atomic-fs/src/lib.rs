//! Changes to a disk in small steps: a crash happens between two steps, and leaves a complete file or none.
//!
//! Both installers use it: `fencebox install`, for plugins, and `cargo xtask install`, for everything else. A test
//! stops after any number of steps ([`Steps::up_to`]), as a crash does.

mod lock;

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

pub use lock::Lock;

/// A step that failed.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct Error {
    /// The file or folder that the step had to change.
    pub path: PathBuf,
    /// The system's reason.
    pub cause: io::Error,
}

/// Runs the steps and counts them.
#[derive(Debug, Default)]
pub struct Steps {
    taken: usize,
    /// The number of steps after which a test simulates a crash.
    limit: Option<usize>,
}

impl Steps {
    /// Fails every step after the first `limit` steps, to simulate a crash. For tests.
    pub fn up_to(limit: usize) -> Self {
        Self {
            taken: 0,
            limit: Some(limit),
        }
    }

    /// The number of steps so far.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Creates a folder and its missing parents, writable only by the owner.
    ///
    /// # Errors
    /// If a step fails.
    pub fn make_folder(&mut self, path: &Path) -> Result<(), Error> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_folder(parent)?;
        }
        self.take(path, || DirBuilder::new().mode(0o755).create(path))?;
        // The umask may have removed permissions.
        self.take(path, || std::fs::set_permissions(path, Permissions::from_mode(0o755)))?;
        self.sync_parent(path)
    }

    /// Writes a new file, with its bytes on the disk when this returns. The folder is not synced: call
    /// [`Steps::sync_folder`] after the last file.
    ///
    /// # Errors
    /// If the file exists, or a step fails.
    pub fn create(&mut self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let mut file = self.take(path, || {
            let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            Ok(file)
        })?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for part in [first, second] {
            self.take(path, || file.write_all(part))?;
        }
        self.sync(path, &file)
    }

    /// Replaces or creates a file atomically. Processes that have the old file open keep it.
    ///
    /// # Errors
    /// If a step fails.
    pub fn replace(&mut self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let temporary = temporary_name(path);
        self.discard(&temporary)?;
        self.create(&temporary, bytes, mode)?;
        self.rename(&temporary, path)
    }

    /// Creates a symbolic link to `target`, or replaces what is at `path`, atomically.
    ///
    /// # Errors
    /// If a step fails.
    pub fn link(&mut self, target: &Path, path: &Path) -> Result<(), Error> {
        let temporary = temporary_name(path);
        self.discard(&temporary)?;
        self.take(&temporary, || symlink(target, &temporary))?;
        self.rename(&temporary, path)
    }

    /// Gives a file or a link a second name.
    ///
    /// # Errors
    /// If a step fails.
    pub fn hard_link(&mut self, path: &Path, name: &Path) -> Result<(), Error> {
        self.take(name, || std::fs::hard_link(path, name))?;
        self.sync_parent(name)
    }

    /// Renames a file or a link, and replaces what had the name `to`, atomically.
    ///
    /// # Errors
    /// If a step fails.
    pub fn rename(&mut self, from: &Path, to: &Path) -> Result<(), Error> {
        self.take(to, || std::fs::rename(from, to))?;
        self.sync_parent(to)
    }

    /// Removes a file or a link.
    ///
    /// # Errors
    /// If it does not exist, or a step fails.
    pub fn remove(&mut self, path: &Path) -> Result<(), Error> {
        self.take(path, || std::fs::remove_file(path))?;
        self.sync_parent(path)
    }

    /// Removes a file or a link if it exists.
    ///
    /// # Errors
    /// If a step fails.
    pub fn discard(&mut self, path: &Path) -> Result<(), Error> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.remove(path)
    }

    /// Removes a folder and everything in it.
    ///
    /// # Errors
    /// If a step fails.
    pub fn remove_folder(&mut self, path: &Path) -> Result<(), Error> {
        for entry in entries(path) {
            if entry.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                self.remove_folder(&entry)?;
            } else {
                self.take(&entry, || std::fs::remove_file(&entry))?;
            }
        }
        self.take(path, || std::fs::remove_dir(path))?;
        self.sync_parent(path)
    }

    /// Removes a folder if it is empty. Returns whether the folder is gone.
    ///
    /// # Errors
    /// If a step fails.
    pub fn remove_if_empty(&mut self, path: &Path) -> Result<bool, Error> {
        let is_empty = match path.read_dir() {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(true),
            entries => entries.is_ok_and(|mut entries| entries.next().is_none()),
        };
        if !is_empty {
            return Ok(false);
        }
        self.take(path, || std::fs::remove_dir(path))?;
        self.sync_parent(path)?;
        Ok(true)
    }

    /// Syncs the list of names in a folder to the disk.
    ///
    /// # Errors
    /// If the sync fails.
    pub fn sync_folder(&mut self, folder: &Path) -> Result<(), Error> {
        let opened = File::open(folder).map_err(|cause| Error {
            path: folder.to_owned(),
            cause,
        })?;
        self.sync(folder, &opened)
    }

    /// Runs a step of the caller, which changes `path`.
    ///
    /// # Errors
    /// If the step fails.
    pub fn take<T>(&mut self, path: &Path, step: impl FnOnce() -> io::Result<T>) -> Result<T, Error> {
        let outcome = match self.limit {
            Some(limit) if self.taken >= limit => Err(io::Error::other("a test simulates a crash")),
            _ => step(),
        };
        self.taken += 1;
        outcome.map_err(|cause| Error {
            path: path.to_owned(),
            cause,
        })
    }

    fn sync_parent(&mut self, path: &Path) -> Result<(), Error> {
        self.sync_folder(path.parent().unwrap_or(Path::new("/")))
    }

    fn sync(&mut self, path: &Path, file: &File) -> Result<(), Error> {
        // The kernel keeps what an ended process wrote, so tests that simulate a crash need no sync.
        match self.limit {
            Some(_) => Ok(()),
            None => self.take(path, || file.sync_all()),
        }
    }
}

/// The temporary name of a file while it is written: hidden, in the same folder.
pub fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// The reverse of [`temporary_name`]: the final file name for this temporary name.
pub fn final_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix('.')?.strip_suffix(".new")
}

/// The entries of a folder, sorted; none if it cannot be read.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
