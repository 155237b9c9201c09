//! The compiled form of a plugin (`.cwasm`), and when it is trusted.
//!
//! A compiled plugin is native code: whoever can write one runs code as root.
//! So it is taken only when nobody but root or the owner of this binary could
//! have written it, when it is undamaged, and when the stamp inside says that
//! this very build made it from this very plugin. In all other cases the plugin
//! is compiled in memory: fencing does not fail because a cache is stale.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wasmtime::{Config, Engine, ModuleVersionStrategy};

use super::{Error, one_line};
use crate::policy::ownership::{self, Untrusted};
use crate::policy::{AgentPolicy, Denied, Limit, Limits};

mod seal;
#[cfg(test)]
mod tests;

/// Largest plugin file, in bytes: it is held in memory as a whole. The
/// interpreters that toolchains of other languages put in take up to 40 MiB.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;
/// Address space on both sides of a plugin's memory, in bytes, where every
/// access is a fault: a bounds check then also covers the offset in the
/// instruction, if it is smaller.
const GUARD: u64 = 64 * 1024;

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
    /// Whether the plugin may act: nobody else could have written the file, and
    /// it is the one that the policy pins, if it pins any.
    pub(super) allowed: Result<(), Denied>,
    /// That it had to be compiled now, which costs time, and why.
    pub(super) warning: Option<String>,
}

/// The compiled form if it can be trusted, else the plugin compiled now.
pub(super) fn load(path: &Path, agent_policy: &AgentPolicy) -> Result<Loaded, Error> {
    let (wasm, trust) = read(path)?;
    let hash = blake3::hash(&wasm);
    let engine = engine(&hash, agent_policy.limits())?;
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
        allowed: trust.map_err(|reason| refused(path, &reason)).and_then(|()| {
            let pinned = agent_policy.check_plugin(|| sha256(&wasm));
            pinned.map_err(|rule| rule.of_file(path))
        }),
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

/// A plugin that others could have written can still describe itself.
pub(super) fn refused(path: &Path, reason: &Untrusted) -> Denied {
    Denied::new(format!(
        "plugin {}: {reason}; install it with `fencebox install`, or correct that with chown and chmod",
        path.display()
    ))
}

fn trusted(engine: &Engine, form: &Path) -> Result<Component, String> {
    let (file, metadata) = ownership::open(form, false).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => "there is no compiled form".to_owned(),
        _ => cause.to_string(),
    })?;
    ownership::check(form, &metadata).map_err(|reason| reason.to_string())?;
    seal::check(&file, metadata.len())?;
    deserialize(engine, form)
}

/// Why the compiled form beside this plugin file is not taken.
pub(crate) fn fault(path: &Path) -> Result<Option<String>, Error> {
    let engine = engine(&blake3::hash(&read(path)?.0), &Limits::standard())?;
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
    let (wasm, _) = read(path)?;
    let code = engine(&blake3::hash(&wasm), &Limits::standard())?
        .precompile_component(&wasm)
        .map_err(|cause| Error::NotAPlugin {
            path: path.to_owned(),
            cause: one_line(&cause),
        })?;
    let form = path.with_extension("cwasm");
    let draft = path.with_extension(format!("cwasm.{}", std::process::id()));
    let written = write_new(&draft, &sealed(code)).and_then(|()| std::fs::rename(&draft, &form));
    written.map_err(|cause| {
        let _ = std::fs::remove_file(&draft);
        Error::Unreadable {
            path: form.clone(),
            cause,
        }
    })?;
    Ok(form)
}

/// What is written as the compiled form: the code, and what shows damage to it.
pub(super) fn sealed(code: Vec<u8>) -> Vec<u8> {
    seal::add(code)
}

/// The plugin file, and whether others could have written it.
fn read(path: &Path) -> Result<(Vec<u8>, Result<(), Untrusted>), Error> {
    let unreadable = |cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let (file, metadata) = ownership::open(path, true).map_err(unreadable)?;
    let mut wasm = Vec::new();
    if metadata.len() <= SIZE_LIMIT {
        file.take(SIZE_LIMIT + 1).read_to_end(&mut wasm).map_err(unreadable)?;
    }
    // It may grow while it is read.
    if metadata.len().max(wasm.len() as u64) > SIZE_LIMIT {
        let limit = SIZE_LIMIT / 1024 / 1024;
        return Err(unreadable(std::io::Error::other(format!(
            "this is larger than {limit} MiB, the most that a plugin may have"
        ))));
    }
    Ok((wasm, ownership::check(path, &metadata)))
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
    // By default 4 GiB are reserved for each memory, so that no access needs a
    // check; a limit on the address space then keeps the agent from starting.
    // This much no plugin exceeds, because a policy can only lower the limit.
    config
        .memory_reservation(Limit::Memory.default())
        .memory_may_move(false)
        .memory_reservation_for_growth(0)
        .memory_guard_size(GUARD)
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
    reason = "native code is loaded here, after owner, mode, place and checksum of its file were verified"
)]
fn deserialize(engine: &Engine, form: &Path) -> Result<Component, String> {
    // SAFETY: only root or this binary's owner could have written the file or
    // replaced it in its folder, also since it was verified, and they could
    // have replaced this binary too. It is undamaged.
    unsafe { Component::deserialize_file(engine, form) }
        .map_err(|_| "it was made from another plugin or by another build".to_owned())
}
