//! An agent's plugin with its description. The component starts when it is first needed.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::ResourceAny;
use zeroize::Zeroizing;

use super::bindings::Plugin as Bindings;
use super::located::Located;
use super::seam::{Plain, Seam};
use super::state::{HostState, store};
use super::trust::{Trusted, trusted};
use super::wasi::GuestSources;
use super::{Declared, Error, Plugin, replacement, trap};
use crate::agent::clock::{Clock, Deadline};
use crate::agent::device::{self, Rejection};
use crate::agent::log::{Level, Log};
use crate::capability::calls::{DescribingLines, NoSession};
use crate::capability::http;
use crate::capability::log::PluginLog;
use crate::capability::sockets::SocketFilter;
use crate::policy::{AgentPolicy, Denied};

/// Maximum number of times that an action opens its plugin. Each further time, an upgrade has replaced it.
const TRIES: usize = 3;

/// A plugin that runs as one agent.
pub struct PluginInstance {
    /// The description and the capabilities.
    pub declared: Declared,
    pub(super) plugin: Arc<Plugin>,
    pub(super) agent_policy: Arc<AgentPolicy>,
    /// Why it must not act, if so.
    refusal: Option<Denied>,
    warnings: Vec<String>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: Arc<Log>,
    pub(super) agent: String,
    pub(super) plugin_log: Arc<PluginLog>,
    /// The declared capabilities with the values of the options, after the options were checked.
    pub(super) located: Option<Located>,
    /// What the action has used so far: a second login after a failure must not get more than the limits.
    pub(super) http_usage: http::Usage,
    pub(super) filter: Option<SocketFilter>,
    pub(super) seam: Arc<dyn Seam>,
    /// Set from the first session on.
    pub(super) running: Option<Running>,
    /// The error that stopped the plugin, if any.
    pub(super) stopped: Option<device::Error>,
}

/// The component, instantiated.
pub(super) struct Running {
    pub(super) store: Store<HostState>,
    pub(super) bindings: Bindings,
    pub(super) session: Option<ResourceAny>,
    /// The options for a new session, if a new session can replace the current one.
    pub(super) reopening: Option<Zeroizing<Vec<(String, String)>>>,
}

impl PluginInstance {
    pub(super) fn new(plugin: Arc<Plugin>, name: &str, log: Arc<Log>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let Trusted {
            declared,
            refusal,
            warning,
        } = trusted(&plugin, name)?;
        let plugin_log = Arc::new(PluginLog::new(log.clone(), name, *plugin.agent_policy.limits()));
        Ok(Self {
            agent_policy: plugin.agent_policy.clone(),
            declared,
            refusal: plugin.refusal.clone().or(refusal),
            plugin,
            warnings: warning.into_iter().collect(),
            clock,
            plugin_log,
            log,
            agent: name.to_owned(),
            located: None,
            http_usage: http::Usage::default(),
            filter: None,
            seam: Arc::new(Plain),
            running: None,
            stopped: None,
        })
    }

    /// The same, with something between the plugin and the host.
    #[must_use]
    pub fn with_seam(self, seam: Arc<dyn Seam>) -> Self {
        Self { seam, ..self }
    }

    /// Whether it may act, as far as this is visible without loading the component.
    pub(super) fn check_refusal(&self) -> Result<(), Denied> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => self.agent_policy.check_anything(),
        }
    }

    /// Loads the component.
    ///
    /// # Errors
    /// The reason and the remedy, if the plugin must not act or cannot be loaded.
    pub fn load(&mut self) -> Result<(), Rejection> {
        self.check_refusal()?;
        self.open()?;
        let loaded = self.plugin.loaded()?;
        if let Some(refusal) = &loaded.refusal {
            return Err(refusal.clone().into());
        }
        for warning in self.warnings.drain(..).chain(loaded.warning.clone()) {
            self.log.warning(format!("{}: {warning}", self.agent));
        }
        Ok(())
    }

    /// Opens the component. If an upgrade replaces it meanwhile, waits until the record and the plugin belong together.
    /// This comes before a file is compiled, because that can take longer than an upgrade.
    fn open(&mut self) -> Result<(), Rejection> {
        for _ in 1..TRIES {
            match self.open_once() {
                Ok(true) => return Ok(()),
                Ok(false) if replacement::is_completed(&self.plugin.path, self.clock.as_ref()) => {}
                Ok(false) => break,
                Err(Error::Unreadable { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {}
                Err(cause) => return Err(cause.into()),
            }
            self.use_replacement()?;
        }
        if self.open_once()? {
            return Ok(());
        }
        Err(self.plugin.other_file().into())
    }

    /// Loads the component if it is the recorded one. Returns whether it is.
    fn open_once(&self) -> Result<bool, Error> {
        if let Some(loaded) = self.plugin.loaded.get() {
            return Ok(self.plugin.is_recorded(loaded.hash));
        }
        let opened = self.plugin.open()?;
        if !self.plugin.is_recorded(opened.hash()) {
            return Ok(false);
        }
        self.plugin.load(opened).map(|_| true)
    }

    /// Uses the plugin that has replaced this one. Its description must be the same, because the options were read by
    /// the old description.
    fn use_replacement(&mut self) -> Result<(), Error> {
        let new = Arc::new(Plugin::installed(&self.agent, &self.agent_policy)?);
        let trusted = trusted(&new, &self.agent)?;
        if new.refusal.is_some() || trusted.refusal.is_some() || trusted.declared != self.declared {
            return Err(new.bad_description("the plugin was replaced when this action started; run the action again"));
        }
        self.plugin = new;
        Ok(())
    }

    /// Wipes the secrets, and leaves everything else to the end of the process, which releases it at once.
    pub fn abandon(mut self) {
        if let Some(running) = &mut self.running {
            running.reopening = None;
            running.store.data_mut().calls = Box::new(NoSession::describing(DescribingLines::default()));
        }
        std::mem::forget(self);
    }

    /// The running component. The first call instantiates it and starts to watch its time.
    pub(super) fn running(&mut self, deadline: Deadline) -> Result<&mut Running, device::Error> {
        if self.running.is_none() {
            self.running = Some(self.start(deadline)?);
        }
        let running = self.running.as_mut();
        running.ok_or_else(|| device::Error::Plugin("it is not running".to_owned()))
    }

    fn start(&self, deadline: Deadline) -> Result<Running, device::Error> {
        let failed = |cause: &dyn std::fmt::Display| device::Error::Plugin(cause.to_string());
        let loaded = self.plugin.loaded().map_err(|cause| failed(&cause))?;
        let limits = *self.agent_policy.limits();
        let (engine, watch) = (loaded.component.engine(), &self.plugin.watch);
        let guest = GuestSources {
            clock: self.seam.guest_clock(self.clock.clone()),
            random: self.seam.random(),
        };
        let store = store(engine, limits, self.clock.clone(), deadline, watch, guest);
        let mut store =
            store.map_err(|cause| failed(&format!("cannot start the thread that watches the plugin: {cause}")))?;
        let bindings = Bindings::instantiate(&mut store, &loaded.component, &loaded.linker);
        let output = store.data().output.take();
        for line in output.lines() {
            self.plugin_log.line(Level::Debug, &format!("printed: {line}"));
        }
        let bindings = bindings.map_err(|cause| match trap::explain_start(&store, &cause, &output) {
            // wasmtime's message about a limit does not name the policy.
            device::Error::Plugin(text) if limits.lowered().next().is_some() => {
                device::Error::Plugin(format!("{text} (policy limits: {limits})"))
            }
            other => other,
        })?;
        Ok(Running {
            store,
            bindings,
            session: None,
            reopening: None,
        })
    }
}
