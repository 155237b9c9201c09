//! Power cycles that a device performs in one request.
//!
//! Reads in a row prove nothing here, because a plug is on before and after a
//! cycle. The plugin has to recognize something that is newer than the request,
//! such as the number of the domain or the end of the request's own task
//! (`session.cycle-complete`). It compares with its read directly before the
//! request; the cycle is proven if this read is not old.

use super::{Fencing, request_line};
use crate::device::Error;

impl Fencing<'_> {
    /// Requests a power cycle of each plug, and polls until the device reports that
    /// it is complete. A failure of one plug does not prevent the requests for the
    /// others, but the action fails.
    pub fn cycle(&mut self, plugs: &[String], attempts: u32) -> Result<(), Error> {
        let (mut failure, mut lost) = (None, Vec::new());
        for plug in plugs {
            match self.ask_cycle(plug, attempts) {
                Err(error @ Error::TaskFailed(_)) => failure = failure.or(Some(error)),
                outcome => lost.push((plug, outcome?)),
            }
            self.pause(self.timeouts.power_wait)?;
        }
        failure.map_or(Ok(()), Err)?;
        lost.into_iter()
            .try_for_each(|(plug, lost)| self.await_cycle(plug, lost))
    }

    /// Requests a cycle again if the device reports that it failed. A request whose
    /// answer was lost is not repeated, because it could cause a second cycle; the
    /// failure is returned.
    fn ask_cycle(&mut self, plug: &str, attempts: u32) -> Result<Option<Error>, Error> {
        let mut outcome = Err(Error::TaskFailed("no attempt was allowed".to_owned()));
        for _ in 0..attempts {
            outcome = self.retry_while_busy("cycle", |device| device.cycle(plug));
            if !matches!(outcome, Err(Error::TaskFailed(_))) {
                break;
            }
        }
        match outcome {
            Err(error) if error.is_transient() => {
                self.log.warning(format!(
                    "{}: {}: {error}; polling the device for the result of the request",
                    self.agent,
                    request_line("cycle", plug)
                ));
                Ok(Some(error))
            }
            outcome => outcome.map(|()| None),
        }
    }

    /// `last` is the last failure of the device.
    fn await_cycle(&mut self, plug: &str, mut last: Option<Error>) -> Result<(), Error> {
        let mut polls = 0;
        loop {
            match self.device.cycle_complete(plug) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if error.is_transient() => {
                    self.log
                        .warning(format!("{}: {}: {error}", self.agent, request_line("cycle", plug)));
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
            self.pause(self.timeouts.status_sleep)
                .map_err(|stop| stop.after(last.as_ref()))?;
            polls += 1;
            if self.timeouts.power_timeout > 0 && polls >= self.timeouts.power_timeout {
                let last = last.map(|last| format!("; last error: {last}"));
                return Err(Error::TimedOut(format!(
                    "the device has not reported the request {} as complete after {polls} polls (option \
                     power_timeout){}",
                    request_line("cycle", plug),
                    last.unwrap_or_default()
                )));
            }
        }
    }
}
