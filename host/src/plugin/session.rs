//! A session of a running plugin, as the state machine sees a device.

use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::ResourceAny;
use zeroize::Zeroizing;

use super::bindings::exports::fencebox::agent::device::{Guest, GuestSession};
use super::bindings::fencebox::agent::types;
use super::convert::{error, power_status};
use super::instance::Running;
use super::located::Located;
use super::state::{HostState, arm};
use super::trap::explain;
use super::{PluginInstance, check};
use crate::agent::clock::Deadline;
use crate::agent::device::{Device, Error, Plug, PowerStatus, PowerTarget, Rejection, RemotePeer};
use crate::agent::limits::Limits;
use crate::agent::log::Level;
use crate::agent::options::Options;
use crate::agent::secret::Secret;
use crate::capability::calls::Session;
use crate::capability::files::Files;
use crate::capability::http::{self, Credentials, Http, Remedies, Timeout};
use crate::capability::sockets::SocketFilter;
use crate::confinement::Needs;

/// Time to log out after the action, whether it succeeded or not.
const CLOSING: Duration = Duration::from_secs(5);

impl Device for PluginInstance {
    fn locate(&mut self, options: &Options) -> Result<(), Rejection> {
        if self.plugin.is_only_recorded() {
            // The component is not needed to check the options.
            self.check_refusal()?;
        } else {
            self.load()?;
        }
        self.located = Some(Located::new(self, options)?);
        Ok(())
    }

    /// The component is loaded but does not run yet, because a confinement covers only the threads that start after it.
    fn prepare(&mut self) -> Result<Needs, Rejection> {
        self.load()?;
        Ok(self.located()?.needs())
    }

    fn check_options(&mut self, options: &Options) -> Result<(), Error> {
        check::check_options(self, options)
    }

    fn longest(&self) -> Duration {
        self.agent_policy.limits().wall_time()
    }

    fn open(&mut self, options: &Options, limits: Limits) -> Result<(), Error> {
        // Each session starts from the addresses that the options name.
        let Located {
            addresses,
            sockets,
            files,
            client_certificate,
        } = self.located()?.clone();
        let bounds = *self.agent_policy.limits();
        let filter = self.filter.get_or_insert_with(|| SocketFilter::new(sockets, bounds));
        let filter = filter.clone();
        self.seam.sockets(&filter);
        let protocols = self.declared.sockets.protocols();
        let clock = self.clock.clone();
        let files = Files::new(files, clock.clone(), limits.deadline);
        let http = Http::new(http::Parts {
            endpoints: self.declared.endpoints.clone(),
            addresses,
            agent_policy: self.agent_policy.clone(),
            credentials: Credentials {
                username: options.get("username").unwrap_or_default().to_owned(),
                password: Secret::new(options.get("password").unwrap_or_default().to_owned()),
            },
            clock,
            deadline: limits.deadline,
            usage: self.http_usage.clone(),
            timeout: Timeout {
                limit: limits.login,
                option: "login_timeout",
            },
            log: self.log.clone(),
            agent: self.agent.clone(),
            remedies: Remedies {
                fingerprint: options.table().find("ssl_fingerprint").is_some(),
                file: options.table().find("ca_file").is_some(),
                insecure: options.table().find("ssl_insecure").is_some(),
            },
            client_certificate,
        });
        let calls = Box::new(Session {
            http,
            files,
            sockets: filter.clone(),
            log: self.plugin_log.clone(),
        });
        let calls = self.seam.calls(calls);
        let state = self.running(limits.deadline)?.store.data_mut();
        state.deadline = limits.deadline;
        state.begin_session(calls, filter, protocols);
        let options = self.for_plugin(options, options.get("plug"));
        let session = self.call(|guest, store| guest.call_open(store, &options))?;
        // Only sockets stay open in a session: an HTTP exchange has a connection of its own.
        let reopening = self.declared.sockets.iter().next().map(|_| options);
        let running = self.running(limits.deadline)?;
        running.session = Some(session);
        running.reopening = reopening;
        running.store.data_mut().calls.set_timeout(Timeout {
            limit: limits.shell,
            option: "shell_timeout",
        });
        Ok(())
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        let Some(running) = &mut self.running else {
            return;
        };
        let state = running.store.data_mut();
        state.deadline = deadline;
        state.calls.set_deadline(deadline);
    }

    /// The old session ends before the new one begins: a device may allow only
    /// one.
    fn renew(&mut self) -> Result<(), Error> {
        let Some(options) = self.running.as_mut().and_then(|running| running.reopening.take()) else {
            return Ok(());
        };
        let outcome = self
            .end_session()
            .and_then(|()| self.call(|guest, store| guest.call_open(store, &options)));
        if let Some(running) = &mut self.running {
            running.session = outcome.as_ref().ok().copied();
            running.reopening = Some(options);
        }
        outcome.map(drop)
    }

    fn probe(&mut self) -> Result<(), Error> {
        self.in_session(|guest, store, session| guest.call_probe(store, session))
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error> {
        let plug = plug.to_owned();
        let status = self.in_session(|guest, store, session| guest.call_power_status(store, session, &plug))?;
        Ok(power_status(status))
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error> {
        let plug = plug.to_owned();
        self.seam.switching(Some(target));
        let target = match target {
            PowerTarget::On => types::PowerTarget::On,
            PowerTarget::Off => types::PowerTarget::Off,
        };
        let outcome = self.in_session(|guest, store, session| guest.call_set_power(store, session, &plug, target));
        self.seam.switching(None);
        outcome
    }

    fn cycle(&mut self, plug: &str) -> Result<(), Error> {
        let plug = plug.to_owned();
        self.seam.switching(Some(PowerTarget::Off));
        let outcome = self.in_session(|guest, store, session| guest.call_cycle(store, session, &plug));
        self.seam.switching(None);
        outcome
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool, Error> {
        let plug = plug.to_owned();
        self.in_session(|guest, store, session| guest.call_cycle_complete(store, session, &plug))
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>, Error> {
        let plugs = self.in_session(|guest, store, session| guest.call_plugs(store, session, with_status))?;
        let plug = |plug: types::Plug| Plug {
            id: plug.id,
            alias: plug.alias,
            status: plug.status.map(power_status),
        };
        Ok(plugs.into_iter().map(plug).collect())
    }

    fn diagnose(&mut self, plug: &str) -> Result<(), Error> {
        let plug = plug.to_owned();
        self.in_session(|guest, store, session| guest.call_diagnose(store, session, &plug))
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let state = running.store.data_mut();
        let closing = Deadline::after(state.clock.as_ref(), CLOSING);
        state.deadline = closing;
        state.closing = true;
        state.calls.start_closing(closing);
        self.in_session(|guest, store, session| guest.call_close(store, session).map(Ok))
    }

    fn contacts(&self) -> Vec<RemotePeer> {
        let running = self.running.as_ref();
        running.map_or_else(Vec::new, |running| running.store.data().calls.remote_peers())
    }
}

impl PluginInstance {
    /// The result of `check`; without it the plugin can reach nothing.
    pub(super) fn located(&self) -> Result<&Located, Error> {
        let located = self.located.as_ref();
        located.ok_or_else(|| Error::Denied("the options were not checked".to_owned()))
    }

    /// How the first exchange with each origin went.
    pub fn reports(&self) -> Vec<http::Report> {
        self.http_usage.reports()
    }

    /// The options that the plugin receives: all except those that the host itself handles, with this plug.
    pub(super) fn for_plugin(&self, options: &Options, plug: Option<&str>) -> Zeroizing<Vec<(String, String)>> {
        let named = options.iter().filter(|(name, _)| *name != "plug" && self.passes(name));
        named
            .chain(plug.map(|plug| ("plug", plug)))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<Vec<_>>()
            .into()
    }

    /// Whether the plugin receives this option.
    pub(super) fn passes(&self, name: &str) -> bool {
        self.declared.endpoints.plugin_needs_credentials() || !matches!(name, "username" | "password")
    }

    /// Logs out, and lets the guest drop all that the session holds.
    fn end_session(&mut self) -> Result<(), Error> {
        let Some(session) = self.running.as_mut().and_then(|running| running.session.take()) else {
            return Ok(());
        };
        self.call(|guest, store| {
            guest.call_close(&mut *store, session)?;
            session.resource_drop(store).map(Ok)
        })
    }

    /// Calls a method of the session that was opened.
    fn in_session<T>(
        &mut self,
        function: impl FnOnce(
            GuestSession<'_>,
            &mut Store<HostState>,
            ResourceAny,
        ) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Error> {
        let session = self.running.as_ref().and_then(|running| running.session);
        let session = session.ok_or_else(|| Error::Plugin("it has no open session".to_owned()))?;
        self.call(|guest, store| function(guest, store, session))
    }

    /// Calls a function of the session. Every call of a session goes through this function.
    fn call<T>(
        &mut self,
        function: impl FnOnce(GuestSession<'_>, &mut Store<HostState>) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Error> {
        self.call_device(|device, store| function(device.session(), store))
    }

    /// Calls an export of the plugin: resets its computing time, and logs what it printed.
    pub(super) fn call_device<T>(
        &mut self,
        function: impl FnOnce(&Guest, &mut Store<HostState>) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Error> {
        if let Some(stopped) = &self.stopped {
            return Err(stopped.clone());
        }
        // If sockets are declared, a denial comes from the policy, and the administrator must see it.
        let level = match self.declared.sockets.iter().next() {
            Some(_) => Level::Warning,
            None => Level::Debug,
        };
        let Some(Running { store, bindings, .. }) = &mut self.running else {
            return Err(Error::Plugin("it is not running".to_owned()));
        };
        let state = store.data();
        if state.deadline.passed(state.clock.as_ref()) {
            return Err(Error::Deadline(state.deadline.as_secs()));
        }
        arm(store);
        let answer = function(bindings.fencebox_agent_device(), store);
        let state = store.data_mut();
        // Before the reason, if the plugin stopped.
        let output = state.output.take();
        for line in output.lines() {
            state.calls.log(Level::Debug, &format!("printed: {line}"));
        }
        for rule in state.filter.take_denials() {
            state.calls.log(level, &format!("refused: {rule}"));
        }
        match answer.map_err(|cause| explain(store, &cause, &output)) {
            Ok(answer) => answer.map_err(error),
            // A plugin that was stopped cannot be entered again.
            Err(stopped) => Err(self.stopped.insert(stopped).clone()),
        }
    }
}
