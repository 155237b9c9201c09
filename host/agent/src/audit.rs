//! The audit: who requested which action on which machine, and its result. Each
//! action has one record at its begin and one at its end, in the journal or in
//! syslog, and also in a file if the administrator names one. Numbers about the
//! actions can go to files for monitoring.
//!
//! If the cluster kills an agent after a timeout, the action has only the first
//! record.

mod caller;
mod daemon;
mod file;
mod metrics;
mod observed;
mod record;
#[cfg(test)]
mod tests;
mod within;

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

pub use caller::Caller;
pub use daemon::{Journal, daemon};
pub use file::AuditFile;
pub use metrics::Metrics;
pub use observed::{Observed, Report};
pub use record::Record;

use super::clock::Clock;
use super::exit::Exit;
use super::log::Log;
use crate::Needs;

/// Maximum number of reasons of a failure in a record.
const REASONS: usize = 4;

/// A destination of records.
pub trait Sink: Send {
    /// Connects to the destination now instead of at the first record. False if it does not exist.
    fn connect(&mut self) -> bool {
        true
    }

    /// Writes one masked record. A destination that does not accept it does not
    /// delay the action.
    fn write(&mut self, record: &Record);

    /// Adds what it needs of the system after the process is confined.
    fn add_needs(&self, _needs: &mut Needs) {}

    /// Why the last record was not written, for a warning. Each fault is returned once.
    fn fault(&mut self) -> Option<String> {
        None
    }
}

/// The audit of one run.
pub struct Audit(Mutex<State>);

struct State {
    agent: String,
    caller: Caller,
    sinks: Vec<Box<dyn Sink>>,
    /// The plugin's file and the BLAKE3 hash of its content.
    plugin: Option<(String, String)>,
    facts: Facts,
    /// No further record is written: the agent only prints a document, or the
    /// last record is written.
    silent: bool,
}

/// The facts about the action until now.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) action: Option<String>,
    pub(crate) plugs: Vec<String>,
    pub(crate) begun: bool,
    pub(crate) reasons: Vec<String>,
    pub(crate) answer: Option<String>,
    pub(crate) delay: Duration,
    pub(crate) report: Report,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Exit code 0, or 2 of `status`.
    Success,
    /// The action failed after its first record was written.
    Failure,
    /// The agent did not contact the device: an option, the plugin or the policy
    /// does not allow it.
    Refused,
    /// SIGTERM ended the action.
    Interrupted,
    /// A defect of fencebox itself.
    Panic,
}

impl Ending {
    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
            Self::Panic => "panic",
        }
    }
}

impl Audit {
    /// The audit of the agent with the name `agent`, with these destinations.
    pub fn new(agent: &str, caller: Caller, sinks: Vec<Box<dyn Sink>>) -> Self {
        Self(Mutex::new(State {
            agent: agent.to_owned(),
            caller,
            sinks,
            plugin: None,
            facts: Facts::default(),
            silent: false,
        }))
    }

    /// Connects to all destinations and reads what the records need, because the confinement denies it later. Returns
    /// `needs` with what the destinations need after that.
    pub fn connect(&self, needs: &Needs) -> Needs {
        let mut state = self.state();
        state.sinks.retain_mut(|sink| sink.connect());
        state.caller.parent_name();
        let mut needs = needs.clone();
        state.sinks.iter().for_each(|sink| sink.add_needs(&mut needs));
        needs
    }

    /// An audit without destinations.
    pub fn disabled() -> Self {
        Self::new("", Caller::default(), Vec::new())
    }

    /// Sets the plugin: its file, and its BLAKE3 hash in hexadecimal digits.
    pub fn set_plugin(&self, file: &str, hash: &str) {
        self.state().plugin = Some((file.to_owned(), hash.to_owned()));
    }

    /// Sets the action, as the caller wrote it.
    pub fn set_action(&self, action: &str) {
        self.state().facts.action = Some(action.to_owned());
    }

    /// Writes no records, because the agent does not contact a device.
    pub fn silence(&self) {
        self.state().silent = true;
    }

    /// Adds a reason why the action fails. Can be called several times.
    pub fn fails(&self, reason: &str) {
        let reasons = &mut self.state().facts.reasons;
        if reasons.len() < REASONS {
            reasons.push(reason.to_owned());
        }
    }

    /// Sets the text of standard output. Only a single line is recorded.
    pub fn answers(&self, text: &str) {
        let mut lines = text.lines();
        if let (Some(line), None) = (lines.next(), lines.next()) {
            self.state().facts.answer = Some(line.to_owned());
        }
    }

    /// Sets how long the option `delay` has delayed the action.
    pub fn delayed(&self, delay: Duration) {
        self.state().facts.delay = delay;
    }

    /// Sets the report about the device.
    pub fn observed(&self, report: Report) {
        self.state().facts.report = report;
    }

    /// Writes the first record, before the device is contacted.
    pub fn begin(&self, plugs: &[String], clock: &dyn Clock, log: &Log) {
        let mut state = self.state();
        state.facts.plugs = plugs.to_vec();
        state.facts.begun = true;
        if !state.silent {
            state.write(|state| Record::begin(state, clock.wall()), log);
        }
    }

    /// Writes the last record.
    pub fn end(&self, exit: Exit, clock: &dyn Clock, log: &Log) {
        let mut state = self.state();
        let ending = match exit {
            Exit::Success | Exit::Off => Ending::Success,
            Exit::Failure if clock.interrupted() => Ending::Interrupted,
            Exit::Failure if state.facts.begun => Ending::Failure,
            Exit::Failure => Ending::Refused,
        };
        state.end(ending, exit, clock, log);
    }

    /// Writes the last record after a panic; none if this module panicked.
    pub fn panicked(&self, clock: &dyn Clock, log: &Log) {
        let mut state = match self.0.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        state.end(Ending::Panic, Exit::Failure, clock, log);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&mut self, ending: Ending, exit: Exit, clock: &dyn Clock, log: &Log) {
        if !self.silent {
            self.write(|state| Record::end(state, ending, exit, clock.wall(), clock.now()), log);
            self.silent = true;
        }
    }

    fn write(&mut self, record: impl FnOnce(&Self) -> Record, log: &Log) {
        self.sinks.retain_mut(|sink| sink.connect());
        if self.sinks.is_empty() {
            return;
        }
        let mut record = record(self);
        record.mask(log);
        for sink in &mut self.sinks {
            sink.write(&record);
            if let Some(fault) = sink.fault() {
                log.warning(format!("{}: {fault}", self.agent));
            }
        }
    }
}
