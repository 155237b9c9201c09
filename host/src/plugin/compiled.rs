//! The compiled form of a plugin (`.cwasm`), and the conditions under which it is trusted.
//!
//! A compiled plugin is native code: anyone who can write it can run code as root. So it is used only if only root or
//! the owner of this binary could have written it, if it is undamaged, and if its stamp matches this build and this
//! plugin. Otherwise the plugin is compiled in memory, so that an outdated cache does not prevent fencing.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wasmtime::{Config, Engine, ModuleVersionStrategy};

use super::{Error, Record, Recorded, one_line, shape};
use crate::policy::ownership::{self, Checker, Untrusted};
use crate::policy::{AgentPolicy, Denied, Limit, Limits};

mod seal;
#[cfg(test)]
mod tests;

/// Maximum size of a plugin file, in bytes, because the whole file is in memory. Toolchains of other languages include
/// interpreters of up to 40 MiB.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;
/// Size of the guard regions before and after a plugin's memory, in bytes. Every access to them is a fault, so a bounds
/// check also covers a smaller offset in the instruction.
const GUARD: u64 = 64 * 1024;

/// Binds a compiled form to this build and to one plugin: the version, a hash over the versions of all dependencies,
/// and the plugin's BLAKE3 hash. The hash is computed at every start; SHA-256 takes twenty times as long on processors
/// without instructions for it.
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
    /// Whether the plugin may act: no other user could have written the file, and if the policy pins a file, it is that
    /// file.
    pub(super) allowed: Result<(), Denied>,
    /// If it had to be compiled now, which costs time: a warning with the reason.
    pub(super) warning: Option<String>,
}

/// A plugin file, opened but not compiled.
pub(super) enum Opened {
    /// The trusted compiled form of the recorded plugin.
    Form(Loaded),
    /// The file itself.
    File {
        /// Its bytes.
        wasm: Vec<u8>,
        /// Their hash.
        hash: blake3::Hash,
        /// Whether other users could have written the file.
        trust: Result<(), Untrusted>,
    },
}

impl Opened {
    /// The hash of the plugin file.
    pub(super) fn hash(&self) -> blake3::Hash {
        match self {
            Self::Form(loaded) => loaded.hash,
            Self::File { hash, .. } => *hash,
        }
    }
}

/// Opens the compiled form if the record names it and it is trusted, and otherwise the plugin file.
pub(super) fn open(
    path: &Path,
    agent_policy: &AgentPolicy,
    recorded: &Recorded,
    checker: &Checker,
) -> Result<Opened, Error> {
    if let Some(loaded) = load_recorded(path, agent_policy, recorded, checker)? {
        return Ok(Opened::Form(loaded));
    }
    let (wasm, trust) = read(path, checker)?;
    let hash = blake3::hash(&wasm);
    Ok(Opened::File { wasm, hash, trust })
}

/// Loads the compiled form beside the opened file if it is trusted; otherwise compiles the file now.
pub(super) fn load(
    opened: Opened,
    path: &Path,
    agent_policy: &AgentPolicy,
    checker: &Checker,
) -> Result<Loaded, Error> {
    let (wasm, hash, trust) = match opened {
        Opened::Form(loaded) => return Ok(loaded),
        Opened::File { wasm, hash, trust } => (wasm, hash, trust),
    };
    let engine = engine(&hash, agent_policy.limits())?;
    let form = path.with_extension("cwasm");
    let (component, warning) = match trusted(&engine, &form, checker) {
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

/// Loads the compiled form of a plugin with a record, without reading the plugin: the form has the hash of the plugin
/// from which it was made, and the record has the hash of the installed plugin. `None` if the file may be another one,
/// because its size differs or it is newer than the form, and if the policy pins the file.
fn load_recorded(
    path: &Path,
    agent_policy: &AgentPolicy,
    recorded: &Recorded,
    checker: &Checker,
) -> Result<Option<Loaded>, Error> {
    let Recorded::Current(record) = recorded else {
        return Ok(None);
    };
    let Ok(hash) = blake3::Hash::from_hex(&record.blake3) else {
        return Ok(None);
    };
    let unreadable = |cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let metadata = path.symlink_metadata().map_err(unreadable)?;
    if agent_policy.is_pinned() || !is_unchanged(path, &metadata, record) {
        return Ok(None);
    }
    let form = path.with_extension("cwasm");
    let Ok(component) = trusted(&engine(&hash, agent_policy.limits())?, &form, checker) else {
        return Ok(None);
    };
    let trust = checker.check(path, &metadata);
    Ok(Some(Loaded {
        component,
        hash,
        allowed: trust.map_err(|reason| refused(path, &reason)),
        warning: None,
    }))
}

/// Whether the plugin file is still the installed one, as far as this is visible without reading it: it has the size of
/// its record, and is not newer than its compiled form.
pub(super) fn is_unchanged(path: &Path, metadata: &std::fs::Metadata, record: &Record) -> bool {
    let written = |of: &std::fs::Metadata| (of.mtime(), of.mtime_nsec());
    let form = path.with_extension("cwasm").symlink_metadata();
    metadata.len() == record.size && form.is_ok_and(|form| written(metadata) <= written(&form))
}

/// The compiled form beside the file if it is trusted and was made from these bytes; otherwise compiles them.
pub(super) fn of_file(path: &Path, wasm: &[u8]) -> Result<(Component, blake3::Hash), Error> {
    let hash = blake3::hash(wasm);
    let engine = engine(&hash, &Limits::standard())?;
    match trusted(&engine, &path.with_extension("cwasm"), &Checker::new()) {
        Ok(component) => Ok((component, hash)),
        Err(_) => Ok((compiled_now(&engine, path, wasm)?, hash)),
    }
}

/// Compiles a plugin that is only in memory. The path is used in messages.
pub(super) fn from_bytes(path: &Path, wasm: &[u8]) -> Result<(Component, blake3::Hash), Error> {
    let hash = blake3::hash(wasm);
    Ok((compiled_now(&engine(&hash, &Limits::standard())?, path, wasm)?, hash))
}

fn compiled_now(engine: &Engine, path: &Path, wasm: &[u8]) -> Result<Component, Error> {
    check_shape(path, wasm)?;
    Component::from_binary(engine, wasm).map_err(|cause| Error::NotAPlugin {
        path: path.to_owned(),
        cause: one_line(&cause),
    })
}

/// Refuses a file that cannot be a plugin, before it is compiled.
fn check_shape(path: &Path, wasm: &[u8]) -> Result<(), Error> {
    shape::check(wasm).map_err(|misfit| Error::NotAPlugin {
        path: path.to_owned(),
        cause: misfit.to_string(),
    })
}

/// The reason why a plugin that other users could have written must not act. Its description can still be printed.
pub(super) fn refused(path: &Path, reason: &Untrusted) -> Denied {
    Denied::new(format!(
        "plugin {}: {reason}; install it with `fencebox install`, or correct that with chown and chmod",
        path.display()
    ))
}

/// Why a compiled form is not used. The plugin is then compiled in memory.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the compiled form is missing")]
    Missing,
    #[error("{0}")]
    NotOpened(std::io::Error),
    #[error("it cannot be read ({0})")]
    Unreadable(std::io::Error),
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    #[error("it is incomplete, or another build made it")]
    Incomplete,
    #[error("it is damaged: its checksum is wrong")]
    Damaged,
    #[error("it was made from another plugin or by another build")]
    Foreign,
}

fn trusted(engine: &Engine, form: &Path, checker: &Checker) -> Result<Component, Unusable> {
    let (file, metadata) = ownership::open(form, false).map_err(|cause| match cause.kind() {
        ErrorKind::NotFound => Unusable::Missing,
        _ => Unusable::NotOpened(cause),
    })?;
    checker.check(form, &metadata)?;
    seal::check(&file, metadata.len())?;
    deserialize(engine, form)
}

/// Why the compiled form beside this plugin file is not used; `None` if it is used.
pub(crate) fn fault(path: &Path) -> Result<Option<Unusable>, Error> {
    let checker = Checker::new();
    let engine = engine(&blake3::hash(&read(path, &checker)?.0), &Limits::standard())?;
    Ok(trusted(&engine, &path.with_extension("cwasm"), &checker).err())
}

fn sha256(wasm: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, wasm);
    let mut bytes = [0; 32];
    for (byte, digested) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *digested;
    }
    bytes
}

/// Writes the compiled form beside the plugin, and replaces an older one as a whole. Returns its path.
pub fn compile(path: &Path) -> Result<PathBuf, Error> {
    let (wasm, _) = read(path, &Checker::new())?;
    check_shape(path, &wasm)?;
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

/// The bytes of the compiled form: the code and its checksum.
pub(super) fn sealed(code: Vec<u8>) -> Vec<u8> {
    seal::add(code)
}

/// The plugin file, and whether other users could have written it.
pub(super) fn read(path: &Path, checker: &Checker) -> Result<(Vec<u8>, Result<(), Untrusted>), Error> {
    let unreadable = |cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let (file, metadata) = ownership::open(path, true).map_err(unreadable)?;
    // One byte more, so that the end of the file is found without a larger buffer.
    let length = metadata.len().min(SIZE_LIMIT) + 1;
    let mut wasm = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    if metadata.len() <= SIZE_LIMIT {
        file.take(SIZE_LIMIT + 1).read_to_end(&mut wasm).map_err(unreadable)?;
    }
    // The file may grow while it is read.
    if metadata.len().max(wasm.len() as u64) > SIZE_LIMIT {
        let limit = SIZE_LIMIT / 1024 / 1024;
        return Err(unreadable(std::io::Error::other(format!(
            "the file is larger than {limit} MiB, the limit for a plugin"
        ))));
    }
    Ok((wasm, checker.check(path, &metadata)))
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

/// The settings are the same for compiling and for running, because wasmtime rejects a compiled form with other
/// settings. The size of the stack may differ, because it applies only while code runs.
fn engine(hash: &blake3::Hash, limits: &Limits) -> Result<Engine, Error> {
    let mut config = Config::new();
    // By default wasmtime reserves 4 GiB for each memory and needs no bounds checks, but then an agent cannot start
    // under a limit on the address space. A policy can only lower the memory limit, so this reservation is sufficient.
    config
        .memory_reservation(Limit::Memory.default())
        .memory_may_move(false)
        .memory_reservation_for_growth(0)
        .memory_guard_size(GUARD)
        .epoch_interruption(true)
        // For stack traces of guests and for unwinding through them, which nothing here uses. They would be a fifth of
        // the file, and the registration with the unwinder would take longer than many an action.
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None)
        .max_wasm_stack(limits.get(Limit::Stack).size())
        .module_version(ModuleVersionStrategy::Custom(stamp(hash)))
        .and_then(|config| {
            // Use only instructions that all processors of the family have, so that an install tree works on other
            // machines.
            let library = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
            config.target(&format!("{}-unknown-linux-{library}", std::env::consts::ARCH))
        })
        .and_then(|config| Engine::new(config))
        .map_err(|cause| Error::Engine(one_line(&cause)))
}

#[expect(
    unsafe_code,
    reason = "native code is loaded here, after owner, mode, folder and checksum of its file were verified"
)]
fn deserialize(engine: &Engine, form: &Path) -> Result<Component, Unusable> {
    // SAFETY: only root or this binary's owner could have written the file or replaced it in its folder, even after it
    // was verified, and they could also have replaced this binary. Its checksum shows that it is undamaged.
    unsafe { Component::deserialize_file(engine, form) }.map_err(|_| Unusable::Foreign)
}
