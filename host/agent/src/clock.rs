//! The clock of a run, which tests can replace.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// SIGTERM has interrupted the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// A future that is ready when the wait for an answer reaches its time limit.
pub type Expiry = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The source of all time in a run, also for the plugin.
pub trait Clock: Send + Sync {
    /// The time since the agent's start. It never decreases.
    fn now(&self) -> Duration;
    /// The time of day.
    fn wall(&self) -> SystemTime;
    /// Waits for this duration.
    ///
    /// # Errors
    ///
    /// If SIGTERM arrives before the end.
    fn sleep(&self, duration: Duration) -> Result<(), Interrupted>;
    /// Whether SIGTERM has arrived.
    fn interrupted(&self) -> bool;
    /// Begins a wait of at most `budget` for an answer. The future is ready when
    /// this time has passed on this clock. None if the caller should use real
    /// time.
    fn expiry(&self, _budget: Duration) -> Option<Expiry> {
        None
    }
    /// From now on SIGTERM ends sleeps instead of the process, because a session
    /// may have to be closed.
    fn handle_sigterm(&self) {}
}

/// The time on the [`Clock`] at which an action times out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// The deadline `budget` from now.
    pub fn after(clock: &dyn Clock, budget: Duration) -> Self {
        Self(clock.now().saturating_add(budget))
    }

    /// The remaining time; zero after the deadline.
    pub fn remaining(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.now())
    }

    /// Whether the deadline has passed.
    pub fn passed(self, clock: &dyn Clock) -> bool {
        self.remaining(clock).is_zero()
    }

    /// The deadline in whole seconds since the agent's start, for messages.
    pub fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}
