//! A clock for tests: sleeping takes no real time.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::clock::{Clock, Expiry, Interrupted};

/// A clock whose time passes only during sleeps.
///
/// A wait for an answer takes real time, unless the device uses this clock too
/// ([`VirtualClock::shared`]): then the device sets the duration of the wait.
#[derive(Debug, Default)]
pub struct VirtualClock {
    time: Arc<Mutex<Time>>,
    shared: bool,
}

#[derive(Debug, Default)]
struct Time {
    now: Duration,
    /// The time of SIGTERM.
    stop: Option<Duration>,
    /// The number of waits for an answer until now.
    waits: u64,
    /// The current wait, until it ends.
    wait: Option<Wait>,
}

/// A wait for an answer.
#[derive(Debug)]
struct Wait {
    number: u64,
    end: Duration,
    waker: Option<Waker>,
    /// The link of the thread that waits, by proc_thread-self(5).
    thread: Option<PathBuf>,
}

impl VirtualClock {
    /// A clock for an agent and its device. The device has to set the duration of
    /// each wait ([`VirtualClock::pass`]); otherwise a wait for a missing answer
    /// would last forever.
    pub fn shared() -> Self {
        Self {
            shared: true,
            ..Self::default()
        }
    }

    /// Sets the time of SIGTERM.
    pub fn stop_at(&self, moment: Duration) {
        locked(&self.time).stop = Some(moment);
    }

    /// The number of the current wait for an answer, for [`VirtualClock::pass`].
    pub fn wait(&self) -> Option<u64> {
        locked(&self.time).wait.as_ref().map(|wait| wait.number)
    }

    /// The thread that waits for an answer: its number on Linux. A device that sees it asleep can let time pass.
    pub fn waiting_thread(&self) -> Option<String> {
        let time = locked(&self.time);
        let thread = time.wait.as_ref()?.thread.as_ref()?;
        Some(thread.file_name()?.to_string_lossy().into_owned())
    }

    /// Extends a wait by this duration, for the device. Returns whether the agent
    /// still waits after that. If the wait ends, time stops at its end.
    pub fn pass(&self, wait: u64, duration: Duration) -> bool {
        let mut time = locked(&self.time);
        let later = time.now.saturating_add(duration);
        let Some(wait) = time.wait.as_mut().filter(|own| own.number == wait) else {
            return false;
        };
        let (end, lasts) = (wait.end.min(later), later < wait.end);
        if !lasts && let Some(waker) = wait.waker.take() {
            waker.wake();
        }
        time.now = time.now.max(end);
        lasts
    }
}

fn locked(time: &Mutex<Time>) -> MutexGuard<'_, Time> {
    time.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        locked(&self.time).now
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + self.now()
    }

    fn sleep(&self, duration: Duration) -> Result<(), Interrupted> {
        let mut time = locked(&self.time);
        let end = time.now.saturating_add(duration);
        match time.stop {
            Some(stop) if stop <= end => {
                time.now = time.now.max(stop);
                Err(Interrupted)
            }
            _ => {
                time.now = end;
                Ok(())
            }
        }
    }

    fn interrupted(&self) -> bool {
        let time = locked(&self.time);
        time.stop.is_some_and(|stop| stop <= time.now)
    }

    fn expiry(&self, budget: Duration) -> Option<Expiry> {
        if !self.shared {
            return None;
        }
        let mut time = locked(&self.time);
        time.waits += 1;
        let (number, end) = (time.waits, time.now.saturating_add(budget));
        time.wait = Some(Wait {
            number,
            end,
            waker: None,
            thread: std::fs::read_link("/proc/thread-self").ok(),
        });
        Some(Box::pin(End {
            time: self.time.clone(),
            number,
        }))
    }
}

/// A future that is ready at the end of a wait. The wait ends when it is dropped.
struct End {
    time: Arc<Mutex<Time>>,
    number: u64,
}

impl Future for End {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut time = locked(&self.time);
        let now = time.now;
        match time.wait.as_mut().filter(|wait| wait.number == self.number) {
            Some(wait) if now < wait.end => {
                wait.waker = Some(context.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut time = locked(&self.time);
        if time.wait.as_ref().is_some_and(|wait| wait.number == self.number) {
            time.wait = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is_over(expiry: &mut Expiry) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        expiry.as_mut().poll(&mut context).is_ready()
    }

    #[test]
    fn the_device_sets_the_duration_of_a_wait() {
        let clock = VirtualClock::shared();
        let mut expiry = clock.expiry(3 * SECOND).expect("it is shared");
        let wait = clock.wait().expect("one has begun");
        assert!(clock.pass(wait, 2 * SECOND) && !is_over(&mut expiry));
        assert_eq!(clock.now(), 2 * SECOND);
        assert!(!clock.pass(wait, 9 * SECOND) && is_over(&mut expiry));
        assert_eq!(clock.now(), 3 * SECOND, "the wait has ended");
    }

    #[test]
    fn a_wait_that_was_dropped_takes_no_time() {
        let clock = VirtualClock::shared();
        let first = clock.expiry(SECOND);
        let wait = clock.wait().expect("one has begun");
        drop(first);
        assert_eq!(clock.wait(), None);
        let _second = clock.expiry(SECOND);
        assert!(!clock.pass(wait, SECOND));
        assert_eq!(clock.now(), Duration::ZERO);
    }

    #[test]
    fn waits_on_a_clock_that_is_not_shared_take_real_time() {
        assert!(VirtualClock::default().expiry(SECOND).is_none());
    }
}
