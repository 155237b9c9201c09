//! The compiled form of a plugin (`.cwasm`), and when it is trusted.
//!
//! A compiled plugin is native code: whoever can write one runs code as root.
//! So it is taken only when nobody but root or the owner of this binary could
//! have written it, and when the stamp inside says that this very build made
//! it from this very plugin. In all other cases the plugin is compiled in
//! memory: fencing does not fail because a cache is stale.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wasmtime::{Config, Engine, ModuleVersionStrategy};

use super::{Error, one_line};
use crate::ownership::distrust;
use crate::policy::{Grant, Limit, Limits, Refusal};

#[cfg(test)]
mod tests;

/// Largest plugin file, in bytes: it is held in memory as a whole. The
/// interpreters that toolchains of other languages put in take up to 40 MiB.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// What ties a compiled form to this build and to one plugin: version, a hash
/// over the versions of all dependencies, and the plugin's BLAKE3 hash. It is
/// taken at every start, and processors without instructions for SHA-256 need
/// twenty times as long for that.
fn stamp(hash: &blake3::Hash) -> String {
    format!(
        "fencebox {} {} {hash}",
        env!("CARGO_PKG_VERSION"),
        env!("FENCEBOX_DEPENDENCIES")
    )
}

/// A plugin file, compiled.
pub(super) struct Loaded {
    pub(super) component: Component,
    pub(super) hash: blake3::Hash,
    /// Whether this is a file that the policy pins, if it pins any.
    pub(super) pinned: Result<(), Refusal>,
    /// That it had to be compiled now, which costs time, and why.
    pub(super) warning: Option<String>,
}

/// The compiled form if it can be trusted, else the plugin compiled now.
pub(super) fn load(path: &Path, grant: &Grant) -> Result<Loaded, Error> {
    let wasm = read(path)?;
    let hash = blake3::hash(&wasm);
    let engine = engine(&hash, grant.limits())?;
    let form = path.with_extension("cwasm");
    let (component, warning) = match trusted(&engine, &form) {
        Ok(component) => (component, None),
        Err(reason) => {
            let warning = format!(
                "{}: {reason}; compiling in memory, which costs time: run `fencebox compile {}`",
                form.display(),
                path.display()
            );
            (compiled_now(&engine, path, &wasm)?, Some(warning))
        }
    };
    Ok(Loaded {
        component,
        hash,
        pinned: grant.check_plugin(|| sha256(&wasm)),
        warning,
    })
}

/// Compiles a plugin that is in memory only; the path is for messages.
pub(super) fn from_bytes(path: &Path, wasm: &[u8]) -> Result<(Component, blake3::Hash), Error> {
    let hash = blake3::hash(wasm);
    Ok((compiled_now(&engine(&hash, &Limits::standard())?, path, wasm)?, hash))
}

fn compiled_now(engine: &Engine, path: &Path, wasm: &[u8]) -> Result<Component, Error> {
    Component::from_binary(engine, wasm).map_err(|cause| Error::NotAPlugin {
        path: path.to_owned(),
        cause: one_line(&cause),
    })
}

fn trusted(engine: &Engine, form: &Path) -> Result<Component, String> {
    let missing = form.symlink_metadata().is_err();
    let reason = missing.then(|| "there is no compiled form".to_owned());
    reason
        .or_else(|| distrust(form))
        .map_or_else(|| deserialize(engine, form), Err)
}

/// Why the compiled form beside this plugin file is not taken.
pub(crate) fn fault(path: &Path) -> Result<Option<String>, Error> {
    let engine = engine(&blake3::hash(&read(path)?), &Limits::standard())?;
    Ok(trusted(&engine, &path.with_extension("cwasm")).err())
}

fn sha256(wasm: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, wasm);
    let mut bytes = [0; 32];
    for (byte, digested) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *digested;
    }
    bytes
}

/// Writes the compiled form beside the plugin, all of it or nothing.
/// Returns its path.
pub fn compile(path: &Path) -> Result<PathBuf, Error> {
    let wasm = read(path)?;
    let code = engine(&blake3::hash(&wasm), &Limits::standard())?
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
    read_whole(path).map_err(|cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    })
}

fn read_whole(path: &Path) -> std::io::Result<Vec<u8>> {
    // Whoever opens a pipe waits for its other end, unless told not to.
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("this is no regular file"));
    }
    let mut wasm = Vec::new();
    if metadata.len() <= SIZE_LIMIT {
        file.take(SIZE_LIMIT + 1).read_to_end(&mut wasm)?;
    }
    // It may grow while it is read.
    if metadata.len().max(wasm.len() as u64) > SIZE_LIMIT {
        let limit = SIZE_LIMIT / 1024 / 1024;
        return Err(std::io::Error::other(format!(
            "this is larger than {limit} MiB, the most that a plugin may have"
        )));
    }
    Ok(wasm)
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
fn engine(hash: &blake3::Hash, limits: &Limits) -> Result<Engine, Error> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(limits.get(Limit::Stack).size())
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
