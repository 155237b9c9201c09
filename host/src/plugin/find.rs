//! Where plugins are. No environment variable decides what code runs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Error;

#[cfg(test)]
mod tests;

/// Beside the binary itself, so that an install tree can be moved.
const BESIDE_BINARY: &str = "../lib/fencebox/plugins";
/// The administrator's own.
const LOCAL: &str = "/usr/local/lib/fencebox/plugins";

/// The agent that a program name stands for: `fence_` and then lower-case
/// letters, digits and underscores. Nothing else becomes part of a path.
pub fn agent_name(program: &OsStr) -> Option<String> {
    let name = Path::new(program).file_name()?.to_str()?;
    let device = name.strip_prefix("fence_")?;
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (!device.is_empty() && device.bytes().all(known)).then(|| name.to_owned())
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
    // The real file behind the symbolic link that was called.
    let beside = std::env::current_exe().and_then(|path| path.canonicalize()).ok();
    let beside = beside.as_deref().and_then(Path::parent).map(|folder| {
        let folder = folder.join(BESIDE_BINARY);
        folder.canonicalize().unwrap_or(folder)
    });
    beside.into_iter().chain([PathBuf::from(LOCAL)]).collect()
}
