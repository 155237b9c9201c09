//! Where plugins are. No environment variable decides what code runs.

use std::path::{Path, PathBuf};

use super::{Error, agent_name};
use crate::policy::program;

#[cfg(test)]
mod tests;

/// Where plugins are below the folder that `sbin` is in, and below its `local`.
const PLUGINS: &str = "lib/fencebox/plugins";
/// The administrator's own, whatever tree the binary is in.
const LOCAL: &str = "/usr/local/lib/fencebox/plugins";

/// The folders of the tree that this binary is in, which can be moved.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The real file of this program; programs of agents are links to it, and
    /// beside it.
    pub binary: PathBuf,
    /// Plugins that packages bring: `/usr/lib/fencebox/plugins`.
    pub packaged: PathBuf,
    /// Plugins that the administrator installs:
    /// `/usr/local/lib/fencebox/plugins`.
    pub own: PathBuf,
}

impl Folders {
    /// Those of the program that runs.
    pub fn of_this_program() -> std::io::Result<Self> {
        let binary = program::path()?;
        let [packaged, own] = of_tree(&binary).map(real);
        Ok(Self { binary, packaged, own })
    }

    /// Where programs are.
    pub fn programs(&self) -> &Path {
        self.binary.parent().unwrap_or(Path::new("/"))
    }
}

/// The packaged plugins and the administrator's in the tree of this binary,
/// through whatever links.
fn of_tree(binary: &Path) -> [PathBuf; 2] {
    let root = binary.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    [root.join(PLUGINS), root.join("local").join(PLUGINS)]
}

/// The folder itself where a link leads to it.
fn real(folder: PathBuf) -> PathBuf {
    folder.canonicalize().unwrap_or(folder)
}

/// Below the administrator's folder, where each plugin has a folder of its own.
pub(crate) const STORE: &str = "store";

/// Whether `fencebox install` put the plugin file where it is.
pub(super) fn is_stored(path: &Path) -> bool {
    let store = path.parent().and_then(Path::parent);
    store.is_some_and(|store| store.ends_with(Path::new(PLUGINS).join(STORE)))
}

/// The plugin file of an agent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it was found: often a link.
    pub(super) path: PathBuf,
    /// The file behind all links, beside which the compiled form and the record
    /// are.
    pub(super) file: PathBuf,
}

/// The plugin file of an agent, behind all links.
pub fn locate(name: &str) -> Result<PathBuf, Error> {
    find(name).map(|found| found.file)
}

/// The plugin file of an agent, and where it was found.
pub(super) fn find(name: &str) -> Result<Found, Error> {
    let (folders, unknown) = directories();
    find_in(&folders, name, unknown)
}

fn find_in(folders: &[PathBuf], name: &str, unknown: Option<std::io::Error>) -> Result<Found, Error> {
    let mut looked = Vec::new();
    for path in folders.iter().map(|folder| folder.join(format!("{name}.wasm"))) {
        if let Ok(file) = path.canonicalize() {
            return Ok(Found { path, file });
        }
        looked.push(path.display().to_string());
    }
    Err(Error::NotFound {
        name: name.to_owned(),
        looked,
        note: unknown.map_or_else(String::new, |cause| {
            format!("; not beside this program, whose place is unknown: {cause}")
        }),
    })
}

/// Every agent name for which there is a plugin file, with that file; sorted,
/// and each name once.
pub fn installed() -> Vec<(String, PathBuf)> {
    installed_in(&directories().0)
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

/// Where plugins are looked for, in this order; and why that is not all.
fn directories() -> (Vec<PathBuf>, Option<std::io::Error>) {
    let (mut folders, unknown) = match program::path() {
        Ok(binary) => (of_tree(&binary).to_vec(), None),
        Err(cause) => (Vec::new(), Some(cause)),
    };
    let local = real(PathBuf::from(LOCAL));
    if folders.iter().all(|folder| real(folder.clone()) != local) {
        folders.push(local);
    }
    (folders, unknown)
}
