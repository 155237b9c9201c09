//! Where plugins are. No environment variable decides what code runs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Error, agent_name};

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
        // The real file behind the symbolic link that was called.
        let binary = successor(std::env::current_exe()?).canonicalize()?;
        let parent = |path: &Path| path.parent().unwrap_or(Path::new("/")).to_owned();
        let root = parent(&parent(&binary));
        Ok(Self {
            packaged: real(root.join(PLUGINS)),
            own: real(root.join("local").join(PLUGINS)),
            binary,
        })
    }

    /// Where programs are.
    pub fn programs(&self) -> &Path {
        self.binary.parent().unwrap_or(Path::new("/"))
    }
}

/// The file that is in the place of this program, if it was replaced while it
/// ran: Linux then calls the program by its old place and a word.
fn successor(program: PathBuf) -> PathBuf {
    let replaced = program.as_os_str().as_bytes().strip_suffix(b" (deleted)");
    match replaced.map(|place| PathBuf::from(OsStr::from_bytes(place))) {
        Some(place) if program.symlink_metadata().is_err() => place,
        _ => program,
    }
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
pub fn locate(name: &str) -> Result<PathBuf, Error> {
    locate_in(&directories(), name)
}

fn locate_in(folders: &[PathBuf], name: &str) -> Result<PathBuf, Error> {
    let candidates: Vec<PathBuf> = folders
        .iter()
        .map(|folder| folder.join(format!("{name}.wasm")))
        .collect();
    for path in &candidates {
        // The compiled form lies beside the file that a link leads to.
        if let Ok(path) = path.canonicalize() {
            return Ok(path);
        }
    }
    let looked = candidates.iter().map(|path| path.display().to_string()).collect();
    Err(Error::NotFound {
        name: name.to_owned(),
        looked,
    })
}

/// Every agent name for which there is a plugin file, with that file; sorted,
/// and each name once.
pub fn installed() -> Vec<(String, PathBuf)> {
    installed_in(&directories())
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

fn directories() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Ok(tree) = Folders::of_this_program() {
        folders.extend([tree.packaged, tree.own]);
    }
    let local = real(PathBuf::from(LOCAL));
    if !folders.contains(&local) {
        folders.push(local);
    }
    folders
}
