//! Retries after transient failures and for busy devices, never after the
//! deadline.

use std::time::Duration;

use super::Fencing;
use crate::device::{Device, Error};

/// Pauses before the retries of a read or a login.
const BACK_OFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// Maximum pause for a busy device.
const BUSY_LIMIT: Duration = Duration::from_secs(30);

impl Fencing<'_> {
    /// Retries a call after transient failures: three times, and as long as the
    /// device reports that it is busy, until the deadline. For reads and logins
    /// only. The error is or contains the last failure of the device.
    pub fn retry<T>(
        &mut self,
        what: &str,
        mut call: impl FnMut(&mut dyn Device) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut pauses = BACK_OFF.into_iter();
        let mut last = None;
        loop {
            let error = match self.retry_while_busy(what, &mut call) {
                Err(error) if error.is_transient() => error,
                outcome => return outcome.map_err(|stop| stop.after(last.as_ref())),
            };
            let Some(pause) = pauses.next() else {
                return Err(error);
            };
            self.log.info(format!(
                "{}: {what}: {error}; trying again in {} s",
                self.agent,
                pause.as_secs()
            ));
            self.pause(pause).map_err(|stop| stop.after(Some(&error)))?;
            last = Some(error);
        }
    }

    pub(super) fn retry_while_busy<T>(
        &mut self,
        what: &str,
        mut call: impl FnMut(&mut dyn Device) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut last = None;
        loop {
            match call(self.device) {
                Err(error @ Error::Busy { .. }) => {
                    self.log.info(format!("{}: {what}: {error}; waiting", self.agent));
                    let pause = self.busy_pause(&error);
                    self.pause(pause).map_err(|stop| stop.after(Some(&error)))?;
                    last = Some(error);
                }
                outcome => return outcome.map_err(|stop| stop.after(last.as_ref())),
            }
        }
    }

    pub(super) fn busy_pause(&self, error: &Error) -> Duration {
        match error {
            Error::Busy { seconds, .. } => busy_for(*seconds),
            _ => Duration::ZERO,
        }
    }

    /// Waits.
    ///
    /// # Errors
    ///
    /// If the wait would end after the deadline, or after SIGTERM.
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

/// The pause for a busy device: at least one second, also if the device asks for
/// zero seconds.
fn busy_for(seconds: Option<u32>) -> Duration {
    Duration::from_secs(seconds.unwrap_or(1).max(1).into()).min(BUSY_LIMIT)
}
