//! Who did what to which machine, and what came of it: for every action one
//! record when it begins and one when it ends, in the journal or in syslog.
//!
//! A cluster that has waited long enough kills its agents without warning: of
//! such an action there is the first record only.

mod caller;
mod daemon;
mod observed;
mod record;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

pub use caller::Caller;
pub use daemon::{Journal, daemon};
pub use observed::{Observed, Report};
pub use record::Record;

use super::clock::Clock;
use super::exit::Exit;
use super::log::Log;

/// Most reasons of a failure that are kept; a call with many mistakes has many.
const REASONS: usize = 4;

/// A place that records go to.
pub trait Sink: Send {
    /// One record, already masked. A place that takes nothing holds up nobody.
    fn write(&mut self, record: &Record);
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
    /// There is nothing to tell: only a document is printed, or nothing is
    /// left to tell because the last record is written.
    silent: bool,
}

/// What is known so far about the action.
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
    /// The device was to be asked, and it did not work out.
    Failure,
    /// Nobody was asked: the call, the plugin or the policy forbids it.
    Refused,
    /// SIGTERM.
    Interrupted,
    /// A defect of fencebox itself.
    Panic,
}

impl Ending {
    /// As records have it.
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
    /// Of the agent called `agent`, into these places.
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

    /// Of which nobody hears.
    pub fn unheard() -> Self {
        Self::new("", Caller::default(), Vec::new())
    }

    /// Which code acts: its file, and its BLAKE3 hash in hexadecimal digits.
    pub fn set_plugin(&self, file: &str, hash: &str) {
        self.state().plugin = Some((file.to_owned(), hash.to_owned()));
    }

    /// What is asked for, as the caller wrote it.
    pub fn set_action(&self, action: &str) {
        self.state().facts.action = Some(action.to_owned());
    }

    /// No record: no device is meant.
    pub fn silence(&self) {
        self.state().silent = true;
    }

    /// Why the action fails; may be called more than once.
    pub fn fails(&self, reason: &str) {
        let reasons = &mut self.state().facts.reasons;
        if reasons.len() < REASONS {
            reasons.push(reason.to_owned());
        }
    }

    /// What goes to standard output; only a single line is of interest.
    pub fn answers(&self, text: &str) {
        let mut lines = text.lines();
        if let (Some(line), None) = (lines.next(), lines.next()) {
            self.state().facts.answer = Some(line.to_owned());
        }
    }

    /// How long the option `delay` held the action back.
    pub fn delayed(&self, delay: Duration) {
        self.state().facts.delay = delay;
    }

    /// What was seen of the device.
    pub fn observed(&self, report: Report) {
        self.state().facts.report = report;
    }

    /// The first record: from now on a device may be contacted.
    pub fn begin(&self, plugs: &[String], clock: &dyn Clock, log: &Log) {
        let mut state = self.state();
        state.facts.plugs = plugs.to_vec();
        state.facts.begun = true;
        if !state.silent {
            state.write(|state| Record::begin(state, clock.wall()), log);
        }
    }

    /// The last record.
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

    /// The last record, of a run that has panicked; none if the panic was in
    /// here.
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
        if self.sinks.is_empty() {
            return;
        }
        let mut record = record(self);
        record.mask(log);
        for sink in &mut self.sinks {
            sink.write(&record);
        }
    }
}
