//! A clock that a test owns: sleeping takes no time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::clock::{Clock, Interrupted};

/// Time that passes only where somebody sleeps.
#[derive(Debug, Default)]
pub struct VirtualClock(Mutex<Hands>);

#[derive(Debug, Default)]
struct Hands {
    now: Duration,
    /// When somebody says stop.
    stop: Option<Duration>,
}

impl VirtualClock {
    /// Says stop (SIGTERM) at that moment.
    pub fn stop_at(&self, moment: Duration) {
        self.hands().stop = Some(moment);
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.hands().now
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + self.now()
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        let mut hands = self.hands();
        let end = hands.now.saturating_add(duration);
        match hands.stop {
            Some(stop) if stop <= end => {
                hands.now = hands.now.max(stop);
                Err(Interrupted)
            }
            _ => {
                hands.now = end;
                Ok(())
            }
        }
    }

    fn interrupted(&self) -> bool {
        let hands = self.hands();
        hands.stop.is_some_and(|stop| stop <= hands.now)
    }
}
