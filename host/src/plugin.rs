//! Finds, loads and runs plugins. This module does not depend on fencing.

mod bindings;
mod check;
mod compiled;
mod convert;
mod describe;
mod epoch;
pub(crate) mod find;
mod imports;
mod instance;
mod located;
mod record;
mod replacement;
mod seam;
mod session;
mod shape;
mod sizes;
mod state;
mod trap;
mod trust;
mod wasi;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wasmtime::component::{Component, Linker};

pub use compiled::compile;
pub(crate) use compiled::fault;
pub use fencebox_agent::{Declared, agent_name};
pub use find::{Folders, installed, locate, packaged};
pub use instance::PluginInstance;
pub use record::{Approvals, Installed, Record, Recorded};
pub use seam::Seam;

use crate::agent::clock::Clock;
use crate::agent::log::Log;
use crate::capability::calls::DescribingLines;
use crate::policy::ownership::Checker;
use crate::policy::{AgentPolicy, Denied};
use compiled::Opened;
use epoch::EpochTicker;
use state::HostState;

/// The reason why a plugin cannot be used. Messages name the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plugin is missing.
    #[error("no plugin for {name}; looked for {}{note}", .looked.join(" and "))]
    NotFound {
        /// The agent.
        name: String,
        /// The paths that were searched.
        looked: Vec<String>,
        /// Why other folders were not searched, or an empty text.
        note: String,
    },
    /// The file cannot be read.
    #[error("{}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not a component, or it imports something that plugins cannot have.
    #[error("{} is not a fencebox plugin: {cause}", .path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The plugin's description is invalid, or is the description of another agent.
    #[error("{}: invalid description: {cause}", .path.display())]
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

/// Maximum number of lines that are kept of what a plugin prints and logs while it describes itself.
const PRINTED_LIMIT: usize = 100;

/// A plugin file and its record. The component is loaded when it is first needed: an agent that only prints a document
/// needs only the record.
pub struct Plugin {
    path: PathBuf,
    recorded: Recorded,
    /// Everything that it declares is approved, because the user runs this file and nothing is installed.
    is_approved: bool,
    /// The policy for this agent.
    agent_policy: Arc<AgentPolicy>,
    /// Verifies the files of the plugin.
    checker: Checker,
    /// Why it must not act, as far as this is visible without loading the component.
    refusal: Option<Denied>,
    loaded: OnceLock<Loaded>,
    /// The thread that limits its computing time.
    watch: EpochTicker,
    /// What it printed and logged while it described itself.
    printed: Mutex<Vec<String>>,
}

/// The component, compiled and linked, but not running.
struct Loaded {
    component: Component,
    linker: Linker<HostState>,
    hash: blake3::Hash,
    /// Why it must not act: it is not the recorded or pinned file.
    refusal: Option<Denied>,
    /// If it had to be compiled now, which costs time: a warning with the reason.
    warning: Option<String>,
}

impl Plugin {
    /// The plugin in this file, with the policy for its agent.
    pub fn at(path: PathBuf, agent_policy: AgentPolicy) -> Result<Self, Error> {
        Self::examined(path, agent_policy, Checker::new())
    }

    /// The same, with the checker that found it.
    fn examined(path: PathBuf, agent_policy: AgentPolicy, checker: Checker) -> Result<Self, Error> {
        let recorded = Recorded::read(&path, &checker);
        if recorded == Recorded::Absent && find::is_stored(&path) {
            // Installed plugins have a record, so this plugin is being replaced.
            return Err(Error::Unreadable {
                path: Record::path(&path),
                cause: std::io::ErrorKind::NotFound.into(),
            });
        }
        Ok(Self {
            path,
            recorded,
            is_approved: false,
            agent_policy: Arc::new(agent_policy),
            checker,
            refusal: None,
            loaded: OnceLock::new(),
            watch: EpochTicker::default(),
            printed: Mutex::default(),
        })
    }

    /// The installed plugin of this agent. If an upgrade replaces it before its record is read, this tries again.
    pub fn installed(name: &str, agent_policy: &AgentPolicy) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let checker = Checker::new();
            let found = find::find(name, &checker)?;
            // A user who can replace the link can choose the plugin.
            let refusal = found
                .trust
                .err()
                .map(|reason| compiled::refused(&found.path, &reason.into()));
            match Self::examined(found.path, agent_policy.clone(), checker) {
                Err(Error::Unreadable { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound && tries < 3 => {}
                outcome => return Ok(Self { refusal, ..outcome? }),
            }
        }
    }

    /// Compiles a plugin that is not installed, from memory. The path is used in messages. The plugin has no record and
    /// no policy.
    pub fn from_bytes(path: PathBuf, wasm: &[u8]) -> Result<Self, Error> {
        let (component, hash) = compiled::from_bytes(&path, wasm)?;
        Self::without_record(path, component, hash)
    }

    /// A plugin file with these bytes, whether it is installed or not. Uses the compiled form beside it, if that is
    /// trusted, and otherwise compiles from memory. The plugin has no record and no policy.
    pub fn of_file(path: PathBuf, wasm: &[u8]) -> Result<Self, Error> {
        let (component, hash) = compiled::of_file(&path, wasm)?;
        Self::without_record(path, component, hash)
    }

    fn without_record(path: PathBuf, component: Component, hash: blake3::Hash) -> Result<Self, Error> {
        let linker = link(&path, &component)?;
        let loaded = Loaded {
            component,
            linker,
            hash,
            refusal: None,
            warning: None,
        };
        Ok(Self {
            path,
            recorded: Recorded::Absent,
            is_approved: false,
            agent_policy: Arc::new(AgentPolicy::unrestricted()),
            checker: Checker::new(),
            refusal: None,
            loaded: OnceLock::from(loaded),
            watch: EpochTicker::default(),
            printed: Mutex::default(),
        })
    }

    /// The same plugin, with everything approved that it declares, within this policy: for the user who runs the file
    /// and installs nothing.
    #[must_use]
    pub fn approved(self, agent_policy: AgentPolicy) -> Self {
        Self {
            is_approved: true,
            agent_policy: Arc::new(agent_policy),
            ..self
        }
    }

    /// The component: the compiled form if it is trusted, otherwise compiled now. Imports that are not in the contract
    /// are rejected here, before anything runs.
    fn loaded(&self) -> Result<&Loaded, Error> {
        match self.loaded.get() {
            Some(loaded) => Ok(loaded),
            None => self.load(self.open()?),
        }
    }

    /// The file or its compiled form, not compiled yet.
    fn open(&self) -> Result<Opened, Error> {
        compiled::open(&self.path, &self.agent_policy, &self.recorded, &self.checker)
    }

    /// Compiles and links what was opened.
    fn load(&self, opened: Opened) -> Result<&Loaded, Error> {
        let loaded = compiled::load(opened, &self.path, &self.agent_policy, &self.checker)?;
        let linker = link(&self.path, &loaded.component)?;
        let refusal = if self.is_recorded(loaded.hash) {
            loaded.allowed.err()
        } else {
            Some(self.other_file())
        };
        Ok(self.loaded.get_or_init(|| Loaded {
            component: loaded.component,
            linker,
            hash: loaded.hash,
            refusal,
            warning: loaded.warning,
        }))
    }

    /// Whether a file with this hash is the recorded one. A plugin without a readable record may be any file.
    fn is_recorded(&self, hash: blake3::Hash) -> bool {
        let recorded = self.recorded.blake3();
        recorded.is_none_or(|recorded| recorded == hash.to_hex().as_str())
    }

    /// The refusal of a file that is not the recorded one.
    fn other_file(&self) -> Denied {
        self.refuse("it is not the file that was installed: its hash differs from its record")
    }

    /// The compiled form, for the file beside the plugin.
    pub fn compiled_form(&self) -> Result<Vec<u8>, Error> {
        let form = self.loaded()?.component.serialize();
        form.map(compiled::sealed)
            .map_err(|cause| Error::Engine(one_line(&cause)))
    }

    /// The file, with all links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plugin's record.
    pub fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    /// The BLAKE3 hash of the loaded file, or else of its record, in hexadecimal digits.
    pub fn hash(&self) -> String {
        let loaded = self.loaded.get().map(|loaded| loaded.hash.to_string());
        loaded
            .or_else(|| self.recorded.blake3().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Runs the plugin's `describe` for the agent `name`, and ignores the record.
    pub fn describe(&self, name: &str) -> Result<Declared, Error> {
        describe::describe(self, name)
    }

    /// Runs `describe` for each name of the plugin, first for this one.
    pub fn describe_all(&self, name: &str) -> Result<BTreeMap<String, Declared>, Error> {
        describe::describe_all(self, name)
    }

    /// What it printed and logged while it described itself, without duplicates.
    pub fn printed(&self) -> Vec<String> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what the plugin printed and logged while it described itself. Returns what it printed.
    fn keep_output(&self, output: &str, logged: &DescribingLines) -> String {
        let logged = std::mem::take(&mut *logged.lock().unwrap_or_else(PoisonError::into_inner));
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        for line in output.lines().map(str::to_owned).chain(logged) {
            // It describes itself at least twice.
            if printed.len() < PRINTED_LIMIT && !printed.contains(&line) {
                printed.push(line);
            }
        }
        output.to_owned()
    }

    /// The agent `name`, ready to read its options.
    pub fn agent(self: &Arc<Self>, name: &str, log: &Arc<Log>, clock: Arc<dyn Clock>) -> Result<PluginInstance, Error> {
        PluginInstance::new(self.clone(), name, log.clone(), clock)
    }

    /// Whether its record is enough to check the options: it is of this version, the file looks unchanged, and the policy
    /// does not pin the file.
    fn is_only_recorded(&self) -> bool {
        let Recorded::Current(record) = &self.recorded else {
            return false;
        };
        let metadata = self.path.symlink_metadata();
        !self.agent_policy.is_pinned()
            && metadata.is_ok_and(|metadata| compiled::is_unchanged(&self.path, &metadata, record))
    }

    fn refuse(&self, reason: &str) -> Denied {
        Denied::new(format!(
            "plugin {}: {reason}; inspect it with `fencebox inspect`, and install it again with `fencebox install`",
            self.path.display()
        ))
    }

    fn bad_description(&self, cause: impl ToString) -> Error {
        Error::BadDescription {
            path: self.path.clone(),
            cause: cause.to_string(),
        }
    }
}

/// Links the component's imports, which must be in the contract.
fn link(path: &Path, component: &Component) -> Result<Linker<HostState>, Error> {
    let linker = imports::linker(component).map_err(|cause| Error::Engine(format!("{cause:#}")))?;
    let not_a_plugin = |cause: wasmtime::Error| Error::NotAPlugin {
        path: path.to_owned(),
        cause: one_line(&cause),
    };
    let ready = linker.instantiate_pre(component).map_err(not_a_plugin)?;
    bindings::PluginPre::new(ready).map_err(not_a_plugin)?;
    Ok(linker)
}

/// An error with its causes, as one line.
fn one_line(cause: &wasmtime::Error) -> String {
    format!("{cause:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
