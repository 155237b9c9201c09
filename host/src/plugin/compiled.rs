//! The compiled form of a plugin (`.cwasm`), and when it is trusted.
//!
//! A compiled plugin is native code: whoever can write one runs code as root.
//! So it is taken only when nobody but root or the owner of this binary could
//! have written it, and when the stamp inside says that this very build made
//! it from this very plugin. In all other cases the plugin is compiled in
//! memory: fencing does not fail because a cache is stale.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wasmtime::{Config, Engine, ModuleVersionStrategy};

use super::{Error, one_line};
use crate::agent::log::Log;
use crate::ownership::distrust;
use crate::policy::{Grant, Limit, Limits, Refusal};

#[cfg(test)]
mod tests;

/// What ties a compiled form to this build and to one plugin: version, a hash
/// over the versions of all dependencies, and the plugin's BLAKE3 hash. It is
/// taken at every start, and processors without instructions for SHA-256 need
/// twenty times as long for that.
fn stamp(wasm: &[u8]) -> String {
    format!(
        "fencebox {} {} {}",
        env!("CARGO_PKG_VERSION"),
        env!("FENCEBOX_DEPENDENCIES"),
        blake3::hash(wasm)
    )
}

/// The compiled form if it can be trusted, else the plugin compiled now; and
/// whether this is a plugin file that the policy pins, if it pins any.
pub(super) fn load(path: &Path, grant: &Grant, log: &Log) -> Result<(Component, Result<(), Refusal>), Error> {
    let wasm = read(path)?;
    let pinned = grant.check_plugin(|| sha256(&wasm));
    let engine = engine(&wasm, grant.limits())?;
    let form = path.with_extension("cwasm");
    let missing = form.symlink_metadata().is_err();
    let reason = missing.then(|| "there is no compiled form".to_owned());
    match reason
        .or_else(|| distrust(&form))
        .map_or_else(|| deserialize(&engine, &form), Err)
    {
        Ok(component) => return Ok((component, pinned)),
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
    Ok((component, pinned))
}

fn sha256(wasm: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, wasm);
    let mut bytes = [0; 32];
    for (byte, digested) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *digested;
    }
    bytes
}

/// Whether the compiled form of this plugin would be run, or why it would not.
pub fn examine(path: &Path) -> Result<(), String> {
    let wasm = read(path).map_err(|cause| cause.to_string())?;
    let engine = engine(&wasm, &Limits::default()).map_err(|cause| cause.to_string())?;
    let form = path.with_extension("cwasm");
    distrust(&form).map_or_else(|| deserialize(&engine, &form).map(drop), Err)
}

/// Writes the compiled form beside the plugin, all of it or nothing.
/// Returns its path.
pub fn compile(path: &Path) -> Result<PathBuf, Error> {
    let wasm = read(path)?;
    let code = engine(&wasm, &Limits::default())?
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
/// made with others is refused by wasmtime. But not the stack: that is given
/// when code runs, and the same code runs on more and on less.
fn engine(wasm: &[u8], limits: &Limits) -> Result<Engine, Error> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(limits.get(Limit::Stack).size())
        .module_version(ModuleVersionStrategy::Custom(stamp(wasm)))
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
