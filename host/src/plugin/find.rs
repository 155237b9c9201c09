//! Finds plugin files. Environment variables do not change which code runs.

use std::path::{Path, PathBuf};

use super::{Error, agent_name};
use crate::policy::ownership::{Checker, Resolved};
use crate::policy::program;

#[cfg(test)]
mod tests;

/// The folder of plugins, relative to the folder that contains `sbin`, and to `local` in that folder.
const PLUGINS: &str = "lib/fencebox/plugins";
/// The administrator's plugins, which every installation of fencebox uses.
const LOCAL: &str = "/usr/local/lib/fencebox/plugins";

/// The folders of the install tree that contains this binary. The tree can be moved.
#[derive(Debug, Clone)]
pub struct Folders {
    /// This program with all links resolved. The programs of agents are links to it in the same folder.
    pub binary: PathBuf,
    /// Plugins from packages: `/usr/lib/fencebox/plugins`.
    pub packaged: PathBuf,
    /// Plugins that the administrator installs: `/usr/local/lib/fencebox/plugins`.
    pub own: PathBuf,
}

impl Folders {
    /// The folders of the running program.
    ///
    /// # Errors
    /// If the path of the program cannot be read.
    pub fn of_this_program() -> std::io::Result<Self> {
        let binary = program::path()?;
        let [packaged, own] = of_tree(&binary).map(real);
        Ok(Self { binary, packaged, own })
    }

    /// The folder of the programs.
    pub fn programs(&self) -> &Path {
        self.binary.parent().unwrap_or(Path::new("/"))
    }
}

/// The folders of packaged plugins and of the administrator's plugins in the tree of this binary. They may be links.
fn of_tree(binary: &Path) -> [PathBuf; 2] {
    let root = binary.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    [root.join(PLUGINS), root.join("local").join(PLUGINS)]
}

/// The folder with links resolved.
fn real(folder: PathBuf) -> PathBuf {
    folder.canonicalize().unwrap_or(folder)
}

/// The folder below the administrator's folder in which each plugin has its own folder.
pub(crate) const STORE: &str = "store";

/// Whether `fencebox install` installed this plugin file.
pub(super) fn is_stored(path: &Path) -> bool {
    let store = path.parent().and_then(Path::parent);
    store.is_some_and(|store| store.ends_with(Path::new(PLUGINS).join(STORE)))
}

/// The plugin file of an agent, with all links resolved.
pub fn locate(name: &str) -> Result<PathBuf, Error> {
    find(name, &Checker::new()).map(|found| found.path)
}

/// The plugin file of an agent: with all links resolved, and whether another user could make its name lead to another
/// plugin. The compiled form and the record are beside it.
pub(super) fn find(name: &str, checker: &Checker) -> Result<Resolved, Error> {
    let (folders, unknown) = directories();
    find_in(&folders, name, checker, unknown)
}

fn find_in(
    folders: &[PathBuf],
    name: &str,
    checker: &Checker,
    unknown: Option<std::io::Error>,
) -> Result<Resolved, Error> {
    let mut looked = Vec::new();
    for path in folders.iter().map(|folder| folder.join(format!("{name}.wasm"))) {
        if let Ok(found) = checker.resolve(&path) {
            return Ok(found);
        }
        looked.push(path.display().to_string());
    }
    Err(Error::NotFound {
        name: name.to_owned(),
        looked,
        note: unknown.map_or_else(String::new, |cause| {
            format!("; the folder of this program is unknown: {cause}")
        }),
    })
}

/// All agent names that have a plugin file, with that file: sorted, and without duplicates.
pub fn installed() -> Vec<(String, PathBuf)> {
    installed_in(&directories().0)
}

/// The same of the plugins that belong to the package of this program.
pub fn packaged() -> Vec<(String, PathBuf)> {
    let folders = program::path().map(|binary| of_tree(&binary));
    installed_in(folders.as_ref().map_or(&[], |folders| &folders[..1]))
}

fn installed_in(folders: &[PathBuf]) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for folder in folders {
        let Ok(entries) = folder.read_dir() else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_stem().and_then(agent_name);
            let wasm = path.extension().is_some_and(|extension| extension == "wasm");
            match name {
                Some(name) if wasm && found.iter().all(|(earlier, _)| *earlier != name) => found.push((name, path)),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The folders to search, in this order, and why some are missing.
fn directories() -> (Vec<PathBuf>, Option<std::io::Error>) {
    let (mut folders, unknown) = match program::path() {
        Ok(binary) => (of_tree(&binary).to_vec(), None),
        Err(cause) => (Vec::new(), Some(cause)),
    };
    let local = PathBuf::from(LOCAL);
    if !folders.contains(&local) {
        folders.push(local);
    }
    (folders, unknown)
}
