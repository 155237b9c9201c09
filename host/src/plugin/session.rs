//! A session of a running plugin, as the state machine sees a device.

use std::time::Duration;

use wasmtime::component::{ResourceAny, ResourceTableError};
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;
use zeroize::Zeroizing;

use super::PluginInstance;
use super::bindings::exports::fencebox::agent::device::GuestSession;
use super::bindings::fencebox::agent::types;
use super::instance::Running;
use super::located::Located;
use super::state::{HostState, Stopped, arm};
use crate::agent::clock::Deadline;
use crate::agent::device::{Device, Error, Plug, PowerStatus, PowerTarget, RemotePeer};
use crate::agent::limits::Limits;
use crate::agent::log::Level;
use crate::agent::options::Options;
use crate::agent::secret::Secret;
use crate::capability::files::Files;
use crate::capability::http::{self, Credentials, Http, Timeout};
use crate::capability::log::PluginLog;
use crate::capability::sockets::{ByteLimitExceeded, SocketFilter};
use crate::confinement::Needs;
use crate::plugin::wasi::WaitAborted;
use crate::policy::Limit;

/// Time to log out in, once the action is over, whatever became of it.
const CLOSING: Duration = Duration::from_secs(5);

impl Device for PluginInstance {
    fn check(&mut self, options: &Options) -> Result<(), String> {
        self.load()?;
        let located = Located::new(self, options).map_err(|rule| rule.to_string())?;
        self.located = Some(located);
        Ok(())
    }

    /// The component is loaded and does not run yet: what confines a thread
    /// confines those that it starts, and no others.
    fn prepare(&mut self) -> Result<Needs, String> {
        Ok(self.located()?.needs())
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
        } = self.located().map_err(Error::Denied)?.clone();
        let filter = SocketFilter::new(sockets, *self.agent_policy.limits());
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
            timeout: Timeout {
                limit: limits.login,
                option: "login_timeout",
            },
            log: self.log.clone(),
            agent: self.agent.clone(),
            pinnable: options.table().find("ssl_fingerprint").is_some(),
        });
        let (log, agent, most) = (self.log.clone(), self.agent.clone(), *self.agent_policy.limits());
        let state = self.running(limits.deadline)?.store.data_mut();
        state.deadline = limits.deadline;
        state.http = Some(http);
        state.files = Some(files);
        state.grant_sockets(filter, protocols);
        state.journal.get_or_insert_with(|| PluginLog::new(log, &agent, most));
        let options = self.for_plugin(options);
        let session = self.call(|guest, store| guest.call_open(store, &options))?;
        // Only sockets stay open in a session: an HTTP exchange has a connection of its own.
        let reopening = self.declared.sockets.iter().next().map(|_| options);
        let running = self.running(limits.deadline)?;
        running.session = Some(session);
        running.reopening = reopening;
        if let Some(http) = &mut running.store.data_mut().http {
            http.set_timeout(Timeout {
                limit: limits.shell,
                option: "shell_timeout",
            });
        }
        Ok(())
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        let Some(running) = &mut self.running else {
            return;
        };
        let state = running.store.data_mut();
        state.deadline = deadline;
        if let Some(http) = &mut state.http {
            http.set_deadline(deadline);
        }
        if let Some(files) = &mut state.files {
            files.set_deadline(deadline);
        }
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
        let target = match target {
            PowerTarget::On => types::PowerTarget::On,
            PowerTarget::Off => types::PowerTarget::Off,
        };
        self.in_session(|guest, store, session| guest.call_set_power(store, session, &plug, target))
    }

    fn cycle(&mut self, plug: &str) -> Result<(), Error> {
        let plug = plug.to_owned();
        self.in_session(|guest, store, session| guest.call_cycle(store, session, &plug))
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
        if let Some(http) = &mut state.http {
            http.start_closing(closing);
        }
        if let Some(files) = &mut state.files {
            files.start_closing(closing);
        }
        self.in_session(|guest, store, session| guest.call_close(store, session).map(Ok))
    }

    fn contacts(&self) -> Vec<RemotePeer> {
        let Some(running) = &self.running else {
            return Vec::new();
        };
        let state = running.store.data();
        let mut contacts = state
            .http
            .as_ref()
            .map(|http| http.contacts().to_vec())
            .unwrap_or_default();
        contacts.extend(state.filter.contacts());
        contacts
    }
}

impl PluginInstance {
    /// What `check` found; without it nothing is reached.
    fn located(&self) -> Result<&Located, String> {
        let located = self.located.as_ref();
        located.ok_or_else(|| "the options were not checked".to_owned())
    }

    /// What the plugin gets to see: everything but what the host does itself,
    /// and a plug only if it is the only one.
    fn for_plugin(&self, options: &Options) -> Zeroizing<Vec<(String, String)>> {
        let credentials = self.declared.endpoints.plugin_needs_credentials();
        let one_plug = options.plugs().is_ok_and(|plugs| plugs.len() == 1);
        options
            .iter()
            .filter(|(name, _)| one_plug || *name != "plug")
            .filter(|(name, _)| credentials || !matches!(*name, "username" | "password"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<Vec<_>>()
            .into()
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

    /// Calls into the plugin. The only place that does once it has described
    /// itself: with a fresh allowance of computing, and with what it printed
    /// kept for the debug log.
    fn call<T>(
        &mut self,
        function: impl FnOnce(GuestSession<'_>, &mut Store<HostState>) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Error> {
        if let Some(stopped) = &self.stopped {
            return Err(stopped.clone());
        }
        // A plugin that wants sockets it never spoke of says so itself; of the others it is the policy's doing.
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
        let guest = bindings.fencebox_agent_device().session();
        let answer = function(guest, store).map_err(|cause| explain(store, &cause));
        let state = store.data_mut();
        if let Some(journal) = &mut state.journal {
            for line in state.output.take().lines() {
                journal.line(Level::Debug, &format!("printed: {line}"));
            }
            for rule in state.filter.take_denials() {
                journal.line(level, &format!("refused: {rule}"));
            }
        }
        match answer {
            Ok(answer) => answer.map_err(error),
            // A plugin that was stopped cannot be entered again.
            Err(stopped) => Err(self.stopped.insert(stopped).clone()),
        }
    }
}

fn power_status(status: types::PowerStatus) -> PowerStatus {
    match status {
        types::PowerStatus::On => PowerStatus::On,
        types::PowerStatus::Off => PowerStatus::Off,
        types::PowerStatus::Standby => PowerStatus::Standby,
        types::PowerStatus::Unknown => PowerStatus::Unknown,
    }
}

/// An error that the plugin returned.
pub(super) fn error(error: types::Error) -> Error {
    match error {
        types::Error::LoginDenied(text) => Error::LoginDenied(text),
        types::Error::NotPermitted(text) => Error::NotPermitted(text),
        types::Error::Denied(text) => Error::Denied(text),
        types::Error::ConnectionLost(text) => Error::ConnectionLost(text),
        types::Error::TimedOut(text) => Error::TimedOut(text),
        types::Error::Busy(busy) => Error::Busy {
            reason: busy.reason,
            seconds: busy.seconds,
        },
        types::Error::PlugNotFound(plug) => Error::PlugNotFound(plug),
        types::Error::PlugAmbiguous(plugs) => Error::PlugAmbiguous(plugs),
        types::Error::TaskFailed(text) => Error::TaskFailed(text),
        types::Error::InvalidOption(option) => Error::InvalidOption {
            name: option.name,
            reason: option.reason,
        },
        types::Error::Unexpected(text) => Error::Unexpected(text),
        types::Error::Unsupported => Error::Unsupported,
    }
}

/// Why a call into the plugin came back without an answer: what the host
/// stopped it for, or what it did to itself.
pub(super) fn explain(store: &mut Store<HostState>, cause: &wasmtime::Error) -> Error {
    explain_known(store, cause).unwrap_or_else(|| {
        // Data that cannot be passed between guest and host. Wasmtime has no
        // public type for the reasons; the limit is the one with a remedy.
        // Above it is the guest's backtrace, which helps nobody at night.
        let (cause, most) = (cause.root_cause(), store.data().limits.get(Limit::Handover));
        let note = most.note();
        Error::Plugin(format!(
            "data of a call cannot be passed: {cause}; a call can hand over at most {most}{note}"
        ))
    })
}

/// The same for an instantiation, in which nothing is passed.
pub(super) fn explain_start(store: &mut Store<HostState>, cause: &wasmtime::Error) -> Error {
    explain_known(store, cause).unwrap_or_else(|| Error::Plugin(super::one_line(cause)))
}

/// The reasons that have a type.
fn explain_known(store: &mut Store<HostState>, cause: &wasmtime::Error) -> Option<Error> {
    let state = store.data();
    if let Some(stopped) = cause.downcast_ref::<Stopped>() {
        return Some(match stopped {
            Stopped::Deadline => Error::Deadline(state.deadline.as_secs()),
            other => Error::Plugin(other.to_string()),
        });
    }
    if let Some(gave_up) = cause.downcast_ref::<WaitAborted>() {
        return Some(match gave_up {
            WaitAborted::Deadline => Error::Deadline(state.deadline.as_secs()),
            WaitAborted::Interrupted => Error::Interrupted,
        });
    }
    if let Some(too_much) = cause.downcast_ref::<ByteLimitExceeded>() {
        return Some(Error::Plugin(too_much.to_string()));
    }
    if let Some(ResourceTableError::Full) = cause.downcast_ref() {
        let most = state.limits.get(Limit::Resources);
        return Some(Error::Plugin(format!(
            "it held more than {most} resources of WASI{}",
            most.note()
        )));
    }
    if cause.downcast_ref::<I32Exit>().is_some() {
        return Some(Error::Plugin("it exited in the middle of a call".to_owned()));
    }
    Some(Error::Plugin(match cause.downcast_ref::<Trap>()? {
        // A guest keeps part of its stack in its own memory, and may run out
        // of that part first.
        trap @ (Trap::StackOverflow | Trap::MemoryOutOfBounds) => {
            let note = match trap {
                Trap::StackOverflow => state.limits.get(Limit::Stack).note(),
                _ => String::new(),
            };
            format!("it recursed too deeply, or reached outside of its memory{note}")
        }
        // What a panic ends in. Its message went to standard error.
        Trap::UnreachableCodeReached => panic_message(&state.output.take()),
        trap => trap.to_string(),
    }))
}

/// The message of a Rust guest's panic is `thread '…' panicked at FILE:LINE:`
/// and then, on lines of its own, the text.
fn panic_message(output: &str) -> String {
    match output.find("panicked at ") {
        Some(start) => {
            let lines = output
                .get(start..)
                .unwrap_or_default()
                .lines()
                .take_while(|line| !line.starts_with("note:"));
            lines.map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
        }
        None => "it stopped without a word (unreachable code)".to_owned(),
    }
}
