//! Waiting: for what fails in passing, for a device that is busy, and never
//! past the deadline.

use std::time::Duration;

use super::Fencing;
use crate::device::{Device, Error};

/// Pauses before a read or a log-in is tried again.
const BACK_OFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// Longest that a busy device is believed.
const BUSY_LIMIT: Duration = Duration::from_secs(30);

impl Fencing<'_> {
    /// Repeats what failed in passing: three times, and while the device says
    /// that it is busy as long as there is time. For reads and log-ins only.
    pub fn retry<T>(
        &mut self,
        what: &str,
        mut call: impl FnMut(&mut dyn Device) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut pauses = BACK_OFF.into_iter();
        loop {
            let trouble = match self.retry_while_busy(what, &mut call) {
                Err(trouble) if trouble.is_transient() => trouble,
                outcome => return outcome,
            };
            let Some(pause) = pauses.next() else {
                return Err(trouble);
            };
            self.log.info(format!(
                "{}: {what}: {trouble}; trying again in {} s",
                self.agent,
                pause.as_secs()
            ));
            self.pause(pause)?;
        }
    }

    pub(super) fn retry_while_busy<T>(
        &mut self,
        what: &str,
        mut call: impl FnMut(&mut dyn Device) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            match call(self.device) {
                Err(trouble @ Error::Busy { .. }) => {
                    self.log.info(format!("{}: {what}: {trouble}; waiting", self.agent));
                    self.pause(self.busy_pause(&trouble))?;
                }
                outcome => return outcome,
            }
        }
    }

    pub(super) fn busy_pause(&self, trouble: &Error) -> Duration {
        match trouble {
            Error::Busy { seconds, .. } => busy_for(*seconds),
            _ => Duration::ZERO,
        }
    }

    /// Waits, but not past the deadline, and not once told to stop.
    pub fn pause(&self, duration: Duration) -> Result<(), Error> {
        if self.clock.interrupted() {
            return Err(Error::Interrupted);
        }
        let left = self.deadline.remaining(self.clock);
        if left.is_zero() || left < duration {
            return Err(Error::Deadline(self.deadline.as_secs()));
        }
        if duration.is_zero() {
            return Ok(());
        }
        self.clock.sleep(duration).map_err(|_| Error::Interrupted)
    }
}

/// At least a second: a device that says "now" while busy means "soon".
fn busy_for(seconds: Option<u32>) -> Duration {
    Duration::from_secs(seconds.unwrap_or(1).max(1).into()).min(BUSY_LIMIT)
}
