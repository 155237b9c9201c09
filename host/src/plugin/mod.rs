//! From a name to a running plugin, and nothing about fencing.

mod bindings;
mod compiled;
mod describe;
pub(crate) mod find;
mod imports;
mod located;
mod record;
mod session;
mod state;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::{Component, Linker};

pub use compiled::compile;
pub(crate) use compiled::fault;
pub use describe::Described;
pub use find::{Folders, agent_name, installed, locate};
pub use record::{Installed, Record};

use crate::agent::clock::Clock;
use crate::agent::log::Log;
use crate::policy::Grant;
use state::State;
use watch::Watch;

/// Why a plugin cannot be used. Messages name the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such plugin.
    #[error("no plugin for {name}; looked for {}", .looked.join(" and "))]
    NotFound {
        /// The agent.
        name: String,
        /// Where it was looked for.
        looked: Vec<String>,
    },
    /// The file cannot be read.
    #[error("{}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is no component, or one that wants what no plugin may have.
    #[error("{} is no fencebox plugin: {cause}", .path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// What it says about itself makes no sense, or names another agent.
    #[error("{} describes itself badly: {cause}", .path.display())]
    BadDescription {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// This machine cannot compile or run plugins.
    #[error("cannot run plugins: {0}")]
    Engine(String),
}

/// A plugin file, compiled and linked, not yet run.
pub struct Plugin {
    path: PathBuf,
    component: Component,
    linker: Linker<State>,
    /// What the policy leaves to the agent.
    grant: Arc<Grant>,
    hash: blake3::Hash,
    /// What it is held to, if it was recorded.
    record: Result<Option<Record>, String>,
    /// Who looks at the time while it computes.
    watch: Arc<Watch>,
}

impl Plugin {
    /// Loads the file: its compiled form if that can be trusted, else the
    /// component itself, which takes longer and is said in the log. Imports
    /// that the contract does not have are refused here, before anything runs.
    /// The policy leaves `grant` to it.
    pub fn load(grant: Grant, path: PathBuf, log: &Log) -> Result<Self, Error> {
        let record = Record::beside(&path);
        if record == Ok(None) && find::is_stored(&path) {
            // It was there a moment ago: the plugin is being replaced.
            return Err(Error::Unreadable {
                path: Record::path(&path),
                cause: std::io::ErrorKind::NotFound.into(),
            });
        }
        let loaded = compiled::load(&path, &grant)?;
        let grant = match loaded.pinned {
            Ok(()) => grant,
            Err(rule) => Grant::nothing(rule.of_file(&path)),
        };
        let plugin = Self::link(path, loaded.component, loaded.hash, record, grant)?;
        // Of a file that is no plugin nothing else need be said.
        if let Some(warning) = loaded.warning {
            log.warning(warning);
        }
        Ok(plugin)
    }

    /// The plugin of this agent, as it is installed. An upgrade may come
    /// between finding it and loading it.
    pub fn installed(name: &str, grant: &Grant, log: &Log) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::load(grant.clone(), locate(name)?, log) {
                Err(Error::Unreadable { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound && tries < 3 => {}
                outcome => return outcome,
            }
        }
    }

    /// Compiles a plugin that is not installed, from memory; the path is for
    /// messages. It is held to no record.
    pub fn from_bytes(grant: Grant, path: PathBuf, wasm: &[u8]) -> Result<Self, Error> {
        let (component, hash) = compiled::from_bytes(&path, wasm)?;
        Self::link(path, component, hash, Ok(None), grant)
    }

    /// Its compiled form, to be written beside it.
    pub fn compiled_form(&self) -> Result<Vec<u8>, Error> {
        let form = self.component.serialize();
        form.map_err(|cause| Error::Engine(one_line(&cause)))
    }

    fn link(
        path: PathBuf,
        component: Component,
        hash: blake3::Hash,
        record: Result<Option<Record>, String>,
        grant: Grant,
    ) -> Result<Self, Error> {
        let linker = imports::linker(component.engine()).map_err(|cause| Error::Engine(format!("{cause:#}")))?;
        let not_a_plugin = |cause: wasmtime::Error| Error::NotAPlugin {
            path: path.clone(),
            cause: one_line(&cause),
        };
        let ready = linker.instantiate_pre(&component).map_err(not_a_plugin)?;
        bindings::PluginPre::new(ready).map_err(not_a_plugin)?;
        Ok(Self {
            path,
            component,
            linker,
            grant: Arc::new(grant),
            hash,
            record,
            watch: Arc::default(),
        })
    }

    /// The file, behind all links.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The BLAKE3 hash of the file, in hexadecimal digits.
    pub fn hash(&self) -> String {
        self.hash.to_string()
    }

    /// Starts it as the agent called `name`: asks it to describe itself, with
    /// every import refusing.
    pub fn describe(&self, name: &str, log: &Arc<Log>, clock: Arc<dyn Clock>) -> Result<Described, Error> {
        describe::describe(self, name, log, clock)
    }

    /// Why it may not act: it is another file than was recorded, or wants more
    /// than was granted to it. It can still say what it is.
    fn withheld(&self, described: &Described) -> Option<String> {
        let reason = match &self.record {
            Ok(None) => None,
            Ok(Some(record)) => record.denies(&self.hash).or_else(|| record.forbids(described)),
            Err(wrong) => Some(wrong.clone()),
        };
        reason.map(|reason| {
            format!(
                "plugin {}: {reason}; look at it with `fencebox inspect`, and install it again",
                self.path.display()
            )
        })
    }

    fn bad_description(&self, cause: impl ToString) -> Error {
        Error::BadDescription {
            path: self.path.clone(),
            cause: cause.to_string(),
        }
    }
}

/// An error with its causes in one line.
fn one_line(cause: &wasmtime::Error) -> String {
    format!("{cause:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
