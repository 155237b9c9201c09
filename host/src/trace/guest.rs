//! The clock of a plugin that is recorded or replayed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::event::Event;
use super::recorder::Events;
use crate::agent::clock::{Clock, Expiry, Interrupted};

/// A clock that records each reading.
pub(super) struct RecordingClock {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Arc<Mutex<Events>>,
}

impl RecordingClock {
    fn add(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).add(event);
    }
}

impl Clock for RecordingClock {
    fn now(&self) -> Duration {
        let now = self.clock.now();
        self.add(Event::Monotonic {
            nanoseconds: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
        });
        now
    }

    fn wall(&self) -> SystemTime {
        let wall = self.clock.wall();
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.add(Event::Wall {
            seconds: since.as_secs(),
            nanoseconds: since.subsec_nanos(),
        });
        wall
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        self.clock.sleep(duration)
    }

    fn interrupted(&self) -> bool {
        self.clock.interrupted()
    }

    fn expiry(&self, budget: Duration) -> Option<Expiry> {
        self.clock.expiry(budget)
    }
}

/// A clock that repeats the recorded readings, in their order. After the last one it stands still.
pub(super) struct RepeatingClock {
    clock: Arc<dyn Clock>,
    walls: Mutex<VecDeque<Duration>>,
    moments: Mutex<VecDeque<Duration>>,
}

impl RepeatingClock {
    pub(super) fn new(clock: Arc<dyn Clock>, events: &[Event]) -> Self {
        let walls = events.iter().filter_map(|event| match event {
            Event::Wall { seconds, nanoseconds } => Some(Duration::new(*seconds, *nanoseconds)),
            _ => None,
        });
        let moments = events.iter().filter_map(|event| match event {
            Event::Monotonic { nanoseconds } => Some(Duration::from_nanos(*nanoseconds)),
            _ => None,
        });
        Self {
            clock,
            walls: Mutex::new(walls.collect()),
            moments: Mutex::new(moments.collect()),
        }
    }
}

/// Removes the first reading, but keeps the last one.
fn next(readings: &Mutex<VecDeque<Duration>>) -> Option<Duration> {
    let mut readings = readings.lock().unwrap_or_else(PoisonError::into_inner);
    if readings.len() > 1 {
        readings.pop_front()
    } else {
        readings.front().copied()
    }
}

impl Clock for RepeatingClock {
    fn now(&self) -> Duration {
        next(&self.moments).unwrap_or_else(|| self.clock.now())
    }

    fn wall(&self) -> SystemTime {
        next(&self.walls).map_or_else(|| self.clock.wall(), |since| UNIX_EPOCH + since)
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        self.clock.sleep(duration)
    }

    fn interrupted(&self) -> bool {
        self.clock.interrupted()
    }

    fn expiry(&self, budget: Duration) -> Option<Expiry> {
        self.clock.expiry(budget)
    }
}
