//! Every change to the disk, one at a time: a crash comes between two of them.
//! The program has the same for plugins (`host/src/installation/steps.rs`); a
//! task does not build on it, for it would compile a compiler first.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Takes the steps, and counts them.
#[derive(Debug, Default)]
pub(super) struct Steps {
    taken: usize,
    /// Where a test pulls the plug.
    limit: Option<usize>,
}

impl Steps {
    /// Stops after so many steps, as a crash does.
    #[cfg(test)]
    pub(super) fn up_to(limit: usize) -> Self {
        Self {
            taken: 0,
            limit: Some(limit),
        }
    }

    /// How many were taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Makes a folder that is not there yet, below one that is.
    pub(super) fn make_folder(&mut self, path: &Path) -> Result<()> {
        self.take(path, || DirBuilder::new().mode(0o755).create(path))?;
        // Whatever the umask took from it.
        self.take(path, || std::fs::set_permissions(path, Permissions::from_mode(0o755)))?;
        self.settle_above(path)
    }

    /// Puts a file in place of whatever is there, in one moment. Programs that
    /// run keep the one that they have.
    pub(super) fn write(&mut self, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
        let draft = draft(path);
        self.discard(&draft)?;
        let mut file = self.take(&draft, || {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&draft)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            Ok(file)
        })?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for part in [first, second] {
            self.take(&draft, || io::Write::write_all(&mut file, part))?;
        }
        self.sync(&draft, &file)?;
        drop(file);
        self.take(path, || std::fs::rename(&draft, path))?;
        self.settle_above(path)
    }

    /// Makes a link that leads to `target`, in place of whatever is there, in
    /// one moment.
    pub(super) fn link(&mut self, target: &Path, path: &Path) -> Result<()> {
        let draft = draft(path);
        self.discard(&draft)?;
        self.take(&draft, || symlink(target, &draft))?;
        self.take(path, || std::fs::rename(&draft, path))?;
        self.settle_above(path)
    }

    /// Gives a file, or a link, a second name.
    pub(super) fn name_too(&mut self, path: &Path, name: &Path) -> Result<()> {
        self.take(name, || std::fs::hard_link(path, name))?;
        self.settle_above(name)
    }

    /// Puts a file in another's place, in one moment.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.take(to, || std::fs::rename(from, to))?;
        self.settle_above(to)
    }

    /// Removes a file or a link, if it is there.
    pub(super) fn discard(&mut self, path: &Path) -> Result<()> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.take(path, || std::fs::remove_file(path))?;
        self.settle_above(path)
    }

    /// Removes a folder if nothing is in it. Returns whether it is gone.
    pub(super) fn remove_if_empty(&mut self, path: &Path) -> Result<bool> {
        let is_empty = match path.read_dir() {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(true),
            entries => entries.is_ok_and(|mut entries| entries.next().is_none()),
        };
        if !is_empty {
            return Ok(false);
        }
        self.take(path, || std::fs::remove_dir(path))?;
        self.settle_above(path)?;
        Ok(true)
    }

    /// Runs a program that changes the disk.
    pub(super) fn run(&mut self, command: &mut std::process::Command) -> Result<()> {
        let name = PathBuf::from(command.get_program());
        self.take(&name, || {
            let output = command.output()?;
            match output.status.success() {
                true => Ok(()),
                false => Err(io::Error::other(
                    String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
                )),
            }
        })
    }

    fn settle_above(&mut self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let opened = File::open(folder).with_context(|| folder.display().to_string())?;
        self.sync(folder, &opened)
    }

    fn sync(&mut self, path: &Path, file: &File) -> Result<()> {
        // A process that ends takes nothing from the disk with it: tests of that need not wait for it.
        match self.limit {
            Some(_) => Ok(()),
            None => self.take(path, || file.sync_all()),
        }
    }

    fn take<T>(&mut self, path: &Path, step: impl FnOnce() -> io::Result<T>) -> Result<T> {
        let outcome = match self.limit {
            Some(limit) if self.taken >= limit => Err(io::Error::other("the power failed")),
            _ => step(),
        };
        self.taken += 1;
        outcome.with_context(|| path.display().to_string())
    }
}

/// The name that a file has while it is made.
pub(super) fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}
