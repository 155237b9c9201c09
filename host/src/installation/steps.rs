//! Every change to the disk, one at a time: a crash comes between two of them.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::Error;

/// Takes the steps, and counts them.
#[derive(Debug, Default)]
pub struct Steps {
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

    /// Makes a folder, and those above it, that nobody else can write.
    pub(super) fn make_folder(&mut self, path: &Path) -> Result<(), Error> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            self.make_folder(above)?;
        }
        self.take(path, || DirBuilder::new().mode(0o755).create(path))?;
        // Whatever the umask took from it.
        self.take(path, || std::fs::set_permissions(path, Permissions::from_mode(0o755)))?;
        self.settle_above(path)
    }

    /// Writes a file that is not there yet, down to the disk.
    pub(super) fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let mut file = None;
        self.take(path, || {
            let options = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
            options.set_permissions(Permissions::from_mode(0o644))?;
            file = Some(options);
            Ok(())
        })?;
        let Some(mut file) = file else { return Ok(()) };
        for part in [first, second] {
            self.take(path, || file.write_all(part))?;
        }
        match self.limit {
            Some(_) => Ok(()),
            None => self.take(path, || file.sync_all()),
        }
    }

    /// Makes a link that leads to `target`, in place of whatever is there.
    pub(super) fn link(&mut self, target: &Path, path: &Path) -> Result<(), Error> {
        let draft = draft(path);
        if draft.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            self.remove(&draft)?;
        }
        self.take(&draft, || symlink(target, &draft))?;
        self.take(path, || std::fs::rename(&draft, path))?;
        self.settle_above(path)
    }

    /// Removes a file or a link.
    pub(super) fn remove(&mut self, path: &Path) -> Result<(), Error> {
        self.take(path, || std::fs::remove_file(path))?;
        self.settle_above(path)
    }

    /// Removes a folder and the files in it.
    pub(super) fn remove_folder(&mut self, path: &Path) -> Result<(), Error> {
        for entry in entries(path) {
            match entry.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                true => self.remove_folder(&entry)?,
                false => self.take(&entry, || std::fs::remove_file(&entry))?,
            }
        }
        self.take(path, || std::fs::remove_dir(path))?;
        self.settle_above(path)
    }

    /// What a folder has in it is on the disk from here on.
    pub(super) fn settle(&mut self, folder: &Path) -> Result<(), Error> {
        // A process that ends takes nothing from the disk with it: tests of that
        // need not wait for it.
        match self.limit {
            Some(_) => Ok(()),
            None => self.take(folder, || File::open(folder)?.sync_all()),
        }
    }

    fn settle_above(&mut self, path: &Path) -> Result<(), Error> {
        self.settle(path.parent().unwrap_or(Path::new("/")))
    }

    fn take(&mut self, path: &Path, step: impl FnOnce() -> std::io::Result<()>) -> Result<(), Error> {
        let outcome = match self.limit {
            Some(limit) if self.taken >= limit => Err(std::io::Error::other("the power failed")),
            _ => step(),
        };
        self.taken += 1;
        outcome.map_err(|cause| Error::Disk {
            path: path.to_owned(),
            cause,
        })
    }
}

/// The name that a link has while it is made.
fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// The link that this draft was to become.
pub(super) fn drafted(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix('.')?
        .strip_suffix(".new")
        .filter(|name| name.starts_with("fence_"))
}

/// What is in a folder, sorted; nothing if it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}
