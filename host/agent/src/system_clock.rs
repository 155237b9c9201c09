//! The clock of a real run. SIGTERM ends its waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use super::clock::{Clock, Interrupted};

/// Real time.
pub struct SystemClock {
    started: Instant,
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop {
    requested: Mutex<bool>,
    bell: Condvar,
}

impl SystemClock {
    /// A clock that starts at zero now.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            stop: Arc::default(),
        }
    }
}

impl Stop {
    fn requested(&self) -> MutexGuard<'_, bool> {
        self.requested.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        let requested = self.stop.requested();
        let outcome = self
            .stop
            .bell
            .wait_timeout_while(requested, duration, |requested| !*requested);
        let (requested, _) = outcome.unwrap_or_else(PoisonError::into_inner);
        if *requested { Err(Interrupted) } else { Ok(()) }
    }

    fn interrupted(&self) -> bool {
        *self.stop.requested()
    }

    fn handle_sigterm(&self) {
        let stop = self.stop.clone();
        let watch = move || {
            let Ok(mut signals) = Signals::new([SIGTERM]) else {
                return;
            };
            for _ in signals.forever() {
                *stop.requested() = true;
                stop.bell.notify_all();
            }
        };
        // If the thread cannot be started, SIGTERM ends the agent like any program.
        let _ = std::thread::Builder::new().spawn(watch);
    }
}
