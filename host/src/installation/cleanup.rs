//! Files that an upgrade, a removal or a crash left and that no agent needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Entry, Error, STORE, component, entry, has_plugin, is_ours, record_in};
use crate::plugin::{Folders, Recorded, agent_name};
use atomic_fs::{Steps, entries, final_name};

/// Removes these files. Programs are removed before the record that lists them.
pub(super) fn clean_up(folders: &Folders, steps: &mut Steps) -> Result<(), Error> {
    for path in drafts(folders).into_iter().chain(loose_names(folders)) {
        steps.remove(&path)?;
    }
    for path in idle_programs(folders) {
        steps.remove(&path)?;
    }
    for folder in unused(folders) {
        steps.remove_folder(&folder)?;
    }
    Ok(())
}

/// Whether this is the temporary name of a link to an agent.
pub(super) fn is_unfinished_link(path: &Path) -> bool {
    final_name(path).is_some_and(|name| name.starts_with("fence_"))
}

/// Links under a temporary name.
pub(super) fn drafts(folders: &Folders) -> Vec<PathBuf> {
    let own = entries(&folders.own)
        .into_iter()
        .filter(|path| is_unfinished_link(path));
    let programs = entries(folders.programs())
        .into_iter()
        .filter(|path| is_unfinished_link(path) && is_ours(folders, path));
    own.chain(programs).collect()
}

/// Links of further names to a missing plugin, or to a plugin that does not list the name.
pub(super) fn loose_names(folders: &Folders) -> Vec<PathBuf> {
    let loose = |path: &PathBuf| {
        let Some(name) = agent(path) else { return false };
        match entry(&folders.own, &name) {
            Entry::Absent | Entry::Foreign => false,
            Entry::Stored(target) => !target.exists(),
            Entry::Alias(main) => {
                let main = component(&folders.own, &main);
                match main.canonicalize().map(|real| Recorded::beside(&real)) {
                    Ok(Recorded::Absent | Recorded::Damaged(_)) => false,
                    Ok(recorded) => !recorded.names().contains(&name.as_str()),
                    Err(_) => true,
                }
            }
        }
    };
    entries(&folders.own).into_iter().filter(loose).collect()
}

/// Programs of plugins that were removed or no longer have the name.
fn idle_programs(folders: &Folders) -> Vec<PathBuf> {
    let names = names_without_plugin(folders);
    let programs = names.iter().map(|name| folders.programs().join(name));
    programs.filter(|program| is_ours(folders, program)).collect()
}

/// Names in records of the store that no plugin has anymore.
pub(super) fn names_without_plugin(folders: &Folders) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in unused(folders) {
        let record = record_in(&folder);
        let recorded = record.names().into_iter();
        names.extend(recorded.filter(|name| !has_plugin(folders, name)).map(str::to_owned));
    }
    names
}

/// Folders of the store without a link to them.
pub(super) fn unused(folders: &Folders) -> Vec<PathBuf> {
    let links = entries(&folders.own);
    let used: BTreeSet<_> = links
        .iter()
        .filter_map(|path| match entry(&folders.own, &agent(path)?) {
            Entry::Stored(target) => target.parent().map(Path::to_owned),
            _ => None,
        })
        .collect();
    let stored = entries(&folders.own.join(STORE));
    stored
        .into_iter()
        .filter(|folder| !used.contains(folder) && !folder.is_symlink() && folder.is_dir())
        .collect()
}

/// The agent that a file `fence_x.wasm` is for.
pub(super) fn agent(path: &Path) -> Option<String> {
    let wasm = path.extension().is_some_and(|extension| extension == "wasm");
    path.file_stem().and_then(agent_name).filter(|_| wasm)
}
