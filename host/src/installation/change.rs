//! Installs, upgrades and removes.

use std::path::{Path, PathBuf};

use super::cleanup::{clean_up, names_without_plugin};
use super::{Entry, Error, STORE, component, entry, is_ours, lock};
use crate::plugin::{Folders, Record, Recorded, fault};
use atomic_fs::Steps;

/// The parts of a plugin that are installed.
pub struct Package<'a> {
    /// The record, which includes the names.
    pub record: &'a Record,
    /// The component.
    pub wasm: &'a [u8],
    /// The compiled form.
    pub form: &'a [u8],
}

/// What has the name that is to be installed.
#[derive(Debug, PartialEq, Eq)]
pub enum Previous {
    /// Nothing.
    None,
    /// A file without a record, or with a damaged one.
    Unrecorded(PathBuf),
    /// A plugin with its record.
    Recorded(Recorded),
}

/// What is installed under this agent name.
pub fn previous(folders: &Folders, name: &str) -> Previous {
    let path = component(&folders.own, name);
    if path.symlink_metadata().is_err() {
        return Previous::None;
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    match Recorded::beside(&real) {
        Recorded::Absent | Recorded::Damaged(_) => Previous::Unrecorded(path),
        recorded => Previous::Recorded(recorded),
    }
}

/// Installs the plugin, and replaces an earlier one with the same name. Returns whether the plugin itself had to be
/// installed or replaced.
pub fn install(folders: &Folders, package: &Package<'_>, steps: &mut Steps) -> Result<bool, Error> {
    let record = package.record;
    lock::trust(&folders.own)?;
    lock::trust(folders.programs())?;
    lock::names(folders, record)?;
    if record.programs {
        lock::programs(folders, record)?;
    }
    steps.make_folder(&folders.own.join(STORE))?;
    let _lock = lock::lock(&folders.own)?;
    // Again, because another process may have made changes before this one had the lock.
    lock::names(folders, record)?;
    clean_up(folders, steps)?;
    let new = !is_installed(folders, package);
    if new {
        let folder = store(folders, package, steps)?;
        switch(folders, record, &folder, steps)?;
    }
    let around = surround(folders, record, steps);
    around.map_err(|cause| Error::Unfinished {
        name: record.name.clone(),
        done: "installed",
        cause: Box::new(cause),
    })?;
    Ok(new)
}

/// Removes the plugin of this agent, under all its names.
pub fn remove(folders: &Folders, name: &str, steps: &mut Steps) -> Result<(), Error> {
    let not_installed = || Error::NotInstalled {
        name: name.to_owned(),
        folder: folders.own.clone(),
    };
    if !folders.own.is_dir() {
        return Err(packaged(folders, name).unwrap_or_else(not_installed));
    }
    lock::trust(&folders.own)?;
    lock::trust(folders.programs())?;
    let _lock = lock::lock(&folders.own)?;
    let path = component(&folders.own, name);
    match entry(&folders.own, name) {
        Entry::Alias(main) if path.exists() => {
            return Err(Error::OtherName {
                name: name.to_owned(),
                main,
            });
        }
        // An interrupted removal is completed.
        Entry::Absent | Entry::Alias(_) if names_without_plugin(folders).iter().any(|left| left == name) => {}
        Entry::Absent | Entry::Alias(_) => return Err(packaged(folders, name).unwrap_or_else(not_installed)),
        Entry::Stored(_) | Entry::Foreign => steps.remove(&path)?,
    }
    clean_up(folders, steps)
        .and_then(|()| remove_by_hand(folders, name, steps))
        .map_err(|cause| Error::Unfinished {
            name: name.to_owned(),
            done: "removed",
            cause: Box::new(cause),
        })
}

/// Removes what belongs to a plugin that was copied by hand: no record lists it.
fn remove_by_hand(folders: &Folders, name: &str, steps: &mut Steps) -> Result<(), Error> {
    let form = component(&folders.own, name).with_extension("cwasm");
    let program = folders.programs().join(name);
    if form.symlink_metadata().is_ok() {
        steps.remove(&form)?;
    }
    if is_ours(folders, &program) && !super::has_plugin(folders, name) {
        steps.remove(&program)?;
    }
    Ok(())
}

fn packaged(folders: &Folders, name: &str) -> Option<Error> {
    let path = component(&folders.packaged, name);
    path.symlink_metadata().is_ok().then(|| Error::Packaged {
        name: name.to_owned(),
        path,
    })
}

/// Whether exactly this plugin is installed and complete, with the same approvals and a trusted compiled form.
fn is_installed(folders: &Folders, package: &Package<'_>) -> bool {
    let path = component(&folders.own, &package.record.name);
    if !matches!(entry(&folders.own, &package.record.name), Entry::Stored(_)) {
        return false;
    }
    // The user and the time of the first installation are kept.
    let same_record = |real: &Path| match Recorded::beside(real) {
        Recorded::Current(there) => there.is_same(package.record),
        _ => false,
    };
    path.canonicalize().is_ok_and(|real| {
        std::fs::read(&real).is_ok_and(|wasm| wasm == package.wasm)
            && same_record(&real)
            && matches!(fault(&real), Ok(None))
            && real.parent().is_some_and(super::verify::are_trusted)
    })
}

/// Writes all files of the plugin into a new folder. Returns the path of that folder for the link.
fn store(folders: &Folders, package: &Package<'_>, steps: &mut Steps) -> Result<PathBuf, Error> {
    let record = package.record;
    let hash = record.blake3.get(..16).unwrap_or(&record.blake3);
    let mut folder = Path::new(STORE).join(format!("{}-{hash}", record.name));
    // A damaged copy of the same plugin may exist. It stays until it is replaced.
    for number in 2.. {
        if folders.own.join(&folder).symlink_metadata().is_err() {
            break;
        }
        folder = Path::new(STORE).join(format!("{}-{hash}-{number}", record.name));
    }
    let real = folders.own.join(&folder);
    steps.make_folder(&real)?;
    let wasm = component(&real, &record.name);
    steps.create(&wasm, package.wasm, 0o644)?;
    steps.create(&wasm.with_extension("cwasm"), package.form, 0o644)?;
    steps.create(&Record::path(&wasm), record.text().as_bytes(), 0o644)?;
    steps.sync_folder(&real)?;
    Ok(folder)
}

/// Makes the new plugin the active one. The links of its further names are created first, so that they switch with it.
fn switch(folders: &Folders, record: &Record, folder: &Path, steps: &mut Steps) -> Result<(), Error> {
    let main = format!("{}.wasm", record.name);
    for name in &record.symlinks {
        if entry(&folders.own, name) == Entry::Absent {
            steps.link(Path::new(&main), &component(&folders.own, name))?;
        }
    }
    Ok(steps.link(&folder.join(&main), &folders.own.join(&main))?)
}

/// Creates the links of names and programs, and removes what is left of an earlier plugin.
fn surround(folders: &Folders, record: &Record, steps: &mut Steps) -> Result<(), Error> {
    let own = |name: &str| component(&folders.own, name);
    for name in &record.symlinks {
        if entry(&folders.own, name) == Entry::Absent {
            steps.link(Path::new(&format!("{}.wasm", record.name)), &own(name))?;
        }
    }
    if record.programs {
        let binary = Path::new(folders.binary.file_name().unwrap_or_default());
        for name in record.names() {
            let program = folders.programs().join(name);
            if !is_ours(folders, &program) {
                lock::programs(folders, record)?;
                steps.link(binary, &program)?;
            }
        }
    }
    // It was beside a file that was copied by hand.
    let form = own(&record.name).with_extension("cwasm");
    if form.symlink_metadata().is_ok() {
        steps.remove(&form)?;
    }
    clean_up(folders, steps)
}
