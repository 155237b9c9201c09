//! The compiled form of a plugin (`.cwasm`), and when it is trusted.
//!
//! A compiled plugin is native code: whoever can write one runs code as root.
//! So it is taken only when nobody but root or the owner of this binary could
//! have written it, and when the stamp inside says that this very build made
//! it from this very plugin. In all other cases the plugin is compiled in
//! memory: fencing does not fail because a cache is stale.

use std::fs::Metadata;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use blake3::Hash;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, ModuleVersionStrategy};

use super::{Error, one_line};
use crate::agent::log::Log;

#[cfg(test)]
mod tests;

/// Deepest recursion of a guest, in bytes of stack.
const STACK_LIMIT: usize = 512 * 1024;

/// What ties a compiled form to this build and to one plugin: version, a hash
/// over the versions of all dependencies, and the plugin's BLAKE3 hash. It is
/// taken at every start, and processors without instructions for SHA-256 need
/// twenty times as long for that.
fn stamp(hash: &Hash) -> String {
    format!(
        "fencebox {} {} {hash}",
        env!("CARGO_PKG_VERSION"),
        env!("FENCEBOX_DEPENDENCIES")
    )
}

/// The compiled form if it can be trusted, else the plugin compiled now; and
/// the hash of the plugin's file.
pub(super) fn load(path: &Path, log: &Log) -> Result<(Component, Hash), Error> {
    let wasm = read(path)?;
    let hash = blake3::hash(&wasm);
    let engine = engine(&hash)?;
    let form = path.with_extension("cwasm");
    match distrust(&form).map_or_else(|| deserialize(&engine, &form), Err) {
        Ok(component) => return Ok((component, hash)),
        Err(reason) => log.warning(format!(
            "{}: {reason}; compiling in memory, which costs time: run `fencebox compile {}`",
            form.display(),
            path.display()
        )),
    }
    let component = Component::new(&engine, &wasm).map_err(|cause| Error::NotAPlugin {
        path: path.to_owned(),
        cause: one_line(&cause),
    })?;
    Ok((component, hash))
}

/// Writes the compiled form beside the plugin, all of it or nothing.
/// Returns its path.
pub fn compile(path: &Path) -> Result<PathBuf, Error> {
    let wasm = read(path)?;
    let code = engine(&blake3::hash(&wasm))?
        .precompile_component(&wasm)
        .map_err(|cause| Error::NotAPlugin {
            path: path.to_owned(),
            cause: one_line(&cause),
        })?;
    let form = path.with_extension("cwasm");
    let draft = path.with_extension(format!("cwasm.{}", std::process::id()));
    let written = write_new(&draft, &code).and_then(|()| std::fs::rename(&draft, &form));
    written.map_err(|cause| {
        let _ = std::fs::remove_file(&draft);
        Error::Unreadable {
            path: form.clone(),
            cause,
        }
    })?;
    Ok(form)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    })
}

fn write_new(path: &Path, code: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)?;
    file.write_all(code)?;
    file.sync_all()
}

/// The same settings for whoever compiles and whoever runs: a compiled form
/// made with others is refused by wasmtime.
fn engine(hash: &Hash) -> Result<Engine, Error> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK_LIMIT)
        .module_version(ModuleVersionStrategy::Custom(stamp(hash)))
        .and_then(|config| {
            // No more of the processor than its family has in common, so that
            // a tree that was laid out on one machine works on another.
            config.target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        })
        .and_then(|config| Engine::new(config))
        .map_err(|cause| Error::Engine(one_line(&cause)))
}

#[expect(
    unsafe_code,
    reason = "native code is loaded here, after `distrust` has found nothing against it"
)]
fn deserialize(engine: &Engine, form: &Path) -> Result<Component, String> {
    // SAFETY: only root or this binary's owner could have written the file or
    // replaced it in its folder, and they could have replaced this binary too.
    unsafe { Component::deserialize_file(engine, form) }
        .map_err(|_| "it was made from another plugin or by another build".to_owned())
}

/// Why this file could have been written by somebody who may not decide what
/// runs here. The folders above it count: who can rename one can replace it.
fn distrust(form: &Path) -> Option<String> {
    let owner = std::env::current_exe()
        .and_then(std::fs::metadata)
        .map_or(0, |metadata| metadata.uid());
    let Ok(metadata) = form.symlink_metadata() else {
        return Some("there is no compiled form".to_owned());
    };
    if !metadata.is_file() {
        return Some("this is no regular file".to_owned());
    }
    if let Some(reason) = belongs_elsewhere(&metadata, owner).or_else(|| writable_by_others(&metadata)) {
        return Some(reason);
    }
    // The real ones: a path may lead through links, or begin nowhere.
    let folder = form.parent().filter(|folder| *folder != Path::new(""));
    let folder = match folder.unwrap_or(Path::new(".")).canonicalize() {
        Ok(folder) => folder,
        Err(cause) => return Some(format!("its folder cannot be looked at ({cause})")),
    };
    folder.ancestors().find_map(|folder| {
        let reason = match folder.metadata() {
            Ok(metadata) => distrust_folder(&metadata, owner)?,
            Err(cause) => format!("cannot be looked at ({cause})"),
        };
        Some(format!("the folder {} {reason}", folder.display()))
    })
}

fn distrust_folder(metadata: &Metadata, owner: u32) -> Option<String> {
    // In a sticky folder such as /tmp nobody but its owner renames what is
    // another's.
    let sticky = metadata.mode() & 0o1000 != 0;
    belongs_elsewhere(metadata, owner).or_else(|| writable_by_others(metadata).filter(|_| !sticky))
}

fn belongs_elsewhere(metadata: &Metadata, owner: u32) -> Option<String> {
    let user = metadata.uid();
    (user != 0 && user != owner).then(|| format!("belongs to user {user}, not to root or the owner of fencebox"))
}

fn writable_by_others(metadata: &Metadata) -> Option<String> {
    (metadata.mode() & 0o022 != 0).then(|| format!("can be written by others (mode {:o})", metadata.mode() & 0o7777))
}
