//! Installs and removes the parts of an installation.

use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use atomic_fs::{Lock, Steps, temporary_name};

use super::manifest::{self, Manifest};
use super::plan::{self, Phase, phase};
use super::{Place, aside};
use crate::tree::{Part, What};

/// Our own folder.
const OWN: &str = "lib/fencebox";

/// Installs these parts of a tree, and replaces an earlier installation.
pub(super) fn install(place: &Place, parts: Vec<Part>, divert: bool, steps: &mut Steps) -> Result<Manifest> {
    let root = place.root.as_path();
    let before = Manifest::read(root)?.unwrap_or_default();
    // Checked before anything is changed, and again when this process has the lock.
    let parts = plan::place(parts, root)?;
    obstacles(place, &parts, &before, divert)?;
    let above = root.ancestors().take_while(|folder| !folder.exists()).count();
    let mut made = BTreeSet::new();
    make_folders(root, &root.join(OWN), &mut made, steps)?;
    let _lock = lock(root)?;
    let before = Manifest::read(root)?.unwrap_or_default();
    let in_the_way = obstacles(place, &parts, &before, divert)?;

    let mut after = Manifest {
        diverted: before.diverted.union(&in_the_way).cloned().collect(),
        folders: made,
        above: before.above.max(above),
        ..Manifest::default()
    };
    for part in &parts {
        // An unlisted link to the host was made by `fencebox install`, for a plugin with the same name.
        let known = before.paths.contains(&part.path) || after.diverted.contains(&part.path);
        if known || !is_link_to_host(root, &root.join(&part.path)) {
            after.paths.insert(part.path.clone());
        }
        after.folders.extend(missing_folders(root, &part.path));
    }
    after.folders.extend(before.folders.iter().cloned());
    after.diverted.retain(|path| after.paths.contains(path));
    before.with(&after).write(root, steps)?;
    for part in &parts {
        let path = root.join(&part.path);
        make_folders(root, path.parent().unwrap_or(root), &mut BTreeSet::new(), steps)?;
        if in_the_way.contains(&part.path) {
            aside::put(place, &path, steps)?;
        }
        put(part, &path, steps)?;
    }
    remove(place, &before, &after, steps)?;
    after
        .folders
        .retain(|folder| root.join(folder).symlink_metadata().is_ok());
    after.write(root, steps)?;
    Ok(after)
}

/// Removes an installation. Returns our folders that still contain files of others; `None` if nothing was installed.
pub(super) fn uninstall(place: &Place, steps: &mut Steps) -> Result<Option<Vec<PathBuf>>> {
    let root = place.root.as_path();
    if !root.join(OWN).is_dir() {
        return Ok(None);
    }
    let _lock = lock(root)?;
    let Some(before) = Manifest::read(root)? else {
        // An installation stopped before its first file, or a removal stopped after its last one.
        steps.discard(&temporary_name(&root.join(manifest::FILE)))?;
        steps.remove_if_empty(&root.join(OWN))?;
        return Ok(None);
    };
    remove(place, &before, &Manifest::default(), steps)?;
    steps.discard(&temporary_name(&root.join(manifest::FILE)))?;
    steps.discard(&root.join(manifest::FILE))?;
    let mut left = Vec::new();
    for folder in before.folders.iter().rev().map(|folder| root.join(folder)) {
        let ours = folder.strip_prefix(root).is_ok_and(is_ours_alone);
        if !steps.remove_if_empty(&folder)? && ours {
            left.push(folder);
        }
    }
    for folder in root.ancestors().take(before.above) {
        steps.remove_if_empty(folder)?;
    }
    left.dedup_by(|above, below| below.starts_with(above));
    Ok(Some(left))
}

/// Removes the files that are in `before` and not in `after`, and the folders that are empty then.
fn remove(place: &Place, before: &Manifest, after: &Manifest, steps: &mut Steps) -> Result<()> {
    let root = place.root.as_path();
    for path in before.paths.union(&after.paths) {
        steps.discard(&temporary_name(&root.join(path)))?;
    }
    let mut gone: Vec<_> = before.paths.difference(&after.paths).collect();
    gone.sort_by_key(|path| std::cmp::Reverse((phase(path), *path)));
    for listed in gone {
        let path = root.join(listed);
        // Another package may have replaced it.
        let ours = phase(listed) != Phase::Program || is_link_to_host(root, &path);
        if before.diverted.contains(listed) {
            aside::restore(place, &path, ours, steps)?;
        } else if ours {
            steps.discard(&path)?;
        }
    }
    // Inner folders are removed first. The folder of the list stays, because the list is still needed.
    let without_list = |folder: &&PathBuf| !Path::new(manifest::FILE).starts_with(folder);
    for folder in before.folders.iter().rev().filter(without_list) {
        // The folder of a replaced plugin is empty too.
        if phase(folder) == Phase::Store || !after.folders.contains(folder) {
            steps.remove_if_empty(&root.join(folder))?;
        }
    }
    Ok(())
}

/// The programs of others that have to be diverted.
///
/// # Errors
/// If other files exist at our paths, or if programs exist and `divert` is not set.
fn obstacles(place: &Place, parts: &[Part], before: &Manifest, divert: bool) -> Result<BTreeSet<PathBuf>> {
    let root = place.root.as_path();
    let others = |part: &&Part| {
        let path = root.join(&part.path);
        match phase(&part.path) {
            Phase::Program => path.symlink_metadata().is_ok() && !is_link_to_host(root, &path),
            _ => path.symlink_metadata().is_ok() && !before.paths.contains(&part.path),
        }
    };
    let (programs, files): (Vec<_>, Vec<_>) = parts
        .iter()
        .filter(others)
        .map(|part| part.path.clone())
        .partition(|path| phase(path) == Phase::Program);
    let names = |paths: &[PathBuf]| {
        let names: Vec<_> = paths.iter().map(|path| root.join(path).display().to_string()).collect();
        names.join(", ")
    };
    if !files.is_empty() {
        bail!(
            "nothing is installed: these files exist and do not belong to an earlier installation: {}; remove them, \
             or use another --prefix",
            names(&files)
        );
    }
    if !programs.is_empty() && !divert {
        bail!(
            "nothing is installed: these programs belong to others, such as Debian's fence-agents: {}; divert them \
             with --divert (`xtask uninstall` restores them), remove their package, or use another --prefix",
            names(&programs)
        );
    }
    if !programs.is_empty() {
        aside::check(place)?;
    }
    Ok(programs.into_iter().collect())
}

/// Whether this is a link to the installed host, or to the path of a removed one.
fn is_link_to_host(root: &Path, path: &Path) -> bool {
    let host = root.join("sbin/fencebox");
    let Ok(target) = path.read_link() else { return false };
    let leads = path.parent().is_some_and(|folder| folder.join(&target) == host);
    leads
        || path
            .canonicalize()
            .is_ok_and(|real| host.canonicalize().ok() == Some(real))
}

/// Installs a part, unless it is already installed.
fn put(part: &Part, path: &Path, steps: &mut Steps) -> Result<()> {
    match &part.what {
        What::Link(target) if path.read_link().ok().as_ref() == Some(target) => Ok(()),
        What::Link(target) => Ok(steps.link(target, path)?),
        What::File(source, mode) => {
            let bytes = std::fs::read(source).with_context(|| source.display().to_string())?;
            let same = path.symlink_metadata().is_ok_and(|metadata| {
                metadata.is_file() && metadata.permissions() == Permissions::from_mode(0o100_000 | mode)
            });
            if same && std::fs::read(path).is_ok_and(|there| there == bytes) {
                Ok(())
            } else {
                Ok(steps.replace(path, &bytes, *mode)?)
            }
        }
    }
}

/// Folders above this path that are missing, or that only we use.
fn missing_folders(root: &Path, path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).filter(|folder| *folder != Path::new(""));
    let ours = above.filter(|folder| is_ours_alone(folder) || root.join(folder).symlink_metadata().is_err());
    ours.map(Path::to_owned).collect()
}

fn is_ours_alone(folder: &Path) -> bool {
    folder.components().any(|part| part.as_os_str() == "fencebox")
}

/// Makes a folder and its missing parents, and adds them to `made`.
fn make_folders(root: &Path, folder: &Path, made: &mut BTreeSet<PathBuf>, steps: &mut Steps) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folders(root, above, made, steps)?;
    }
    if let Ok(below) = folder.strip_prefix(root)
        && below != Path::new("")
    {
        made.insert(below.to_owned());
    }
    Ok(steps.make_folder(folder)?)
}

/// Locks our folder, so that no other install or uninstall changes it until this is dropped.
fn lock(root: &Path) -> Result<Lock> {
    let folder = root.join(OWN);
    let locked = File::open(&folder).and_then(Lock::try_new);
    match locked.with_context(|| folder.display().to_string())? {
        Some(lock) => Ok(lock),
        None => bail!(
            "{}: another install or uninstall is running; try again when it has ended",
            folder.display()
        ),
    }
}
