//! From a name to a running plugin, and nothing about fencing.

mod bindings;
mod compiled;
mod describe;
mod find;
mod imports;
mod session;
mod state;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{Component, Linker};

pub use compiled::compile;
pub use describe::Described;
pub use find::{agent_name, installed, locate};

use crate::agent::clock::Clock;
use crate::agent::log::Log;
use state::State;

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
    /// Whether somebody looks at the time while it computes.
    watched: Mutex<bool>,
}

impl Plugin {
    /// Loads the file: its compiled form if that can be trusted, else the
    /// component itself, which takes longer and is said in the log. Imports
    /// that the contract does not have are refused here, before anything runs.
    pub fn load(path: PathBuf, log: &Log) -> Result<Self, Error> {
        let component = compiled::load(&path, log)?;
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
            watched: Mutex::new(false),
        })
    }

    /// Starts it as the agent called `name`: asks it to describe itself, with
    /// every import refusing.
    pub fn describe(&self, name: &str, log: &Arc<Log>, clock: Arc<dyn Clock>) -> Result<Described, Error> {
        describe::describe(self, name, log, clock)
    }

    /// Lets time pass for it, once for all that run it: two who did would
    /// leave each half of the time that it may compute.
    fn watch(&self) -> Result<(), Error> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if !*watched {
            state::start_ticking(self.component.engine())
                .map_err(|cause| Error::Engine(format!("no thread to watch the plugin with: {cause}")))?;
            *watched = true;
        }
        Ok(())
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
