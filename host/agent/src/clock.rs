//! Time, so that a test can own it.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// The action was told to stop (SIGTERM).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Ends when the wait for an answer has lasted too long.
pub type Expiry = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where all time in a run comes from, the plugin's included.
pub trait Clock: Send + Sync {
    /// Time since the agent was started. Never goes back.
    fn now(&self) -> Duration;
    /// The time of day.
    fn wall(&self) -> SystemTime;
    /// Waits, unless the agent is told to stop first.
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted>;
    /// Whether the agent was told to stop.
    fn interrupted(&self) -> bool;
    /// A wait for an answer begins, of at most `budget`: what tells when that
    /// has passed on this clock. Nothing where real time tells it.
    fn expiry(&self, _budget: Duration) -> Option<Expiry> {
        None
    }
    /// From now on SIGTERM ends sleeps instead of the process, because there
    /// may be a session to close.
    fn heed_sigterm(&self) {}
}

/// The moment, on the [`Clock`], at which an action is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// So long from now.
    pub fn after(clock: &dyn Clock, budget: Duration) -> Self {
        Self(clock.now().saturating_add(budget))
    }

    /// Time left; zero once it has passed.
    pub fn remaining(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.now())
    }

    /// Whether it has passed.
    pub fn passed(self, clock: &dyn Clock) -> bool {
        self.remaining(clock).is_zero()
    }

    /// The same moment in whole seconds since the agent's start, for messages.
    pub fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}
