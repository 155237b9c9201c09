//! Polls the power status until it is the requested one, and repeats requests
//! without effect.

use super::request::{Answer, Request};
use super::{Fencing, READ_PAUSE, Reading, request_line};
use crate::device::{Error, PowerStatus, PowerTarget};

/// The state of the polling.
#[derive(Default)]
struct Progress {
    /// Number of polls that did not show the target.
    polls: u32,
    /// Number of reads in a row that showed the target.
    reads: u32,
    /// The next read needs a new connection.
    needs_renewal: bool,
    /// The device was busy during the poll, and all other plugs have reached the
    /// target: the count of reads in a row continues.
    is_postponed: bool,
    /// The warning about contradictory reads was logged.
    is_reported: bool,
    /// The last transient failure.
    error: Option<Error>,
}

impl Fencing<'_> {
    /// Polls until every plug has reached the target in as many reads in a row as
    /// the proof needs. Reads that show the target do not count as polls.
    pub(super) fn await_power(&mut self, requests: &mut [Request<'_>], target: PowerTarget) -> Result<(), Error> {
        let needed = self.proof.reads(target);
        let mut progress = Progress::default();
        loop {
            let reading = self.poll(requests, target, &mut progress)?;
            if reading.reached(target) {
                progress.reads += 1;
                if progress.reads >= needed {
                    return Ok(());
                }
                progress.needs_renewal = true;
                self.pause(READ_PAUSE)
                    .map_err(|stop| stop.after(last_error(requests, &progress)))?;
                continue;
            }
            if !progress.is_postponed {
                self.report_contradiction(&reading, needed, target, &mut progress);
            }
            self.log.info(format!(
                "{}: {}: not yet, {reading} after poll {}",
                self.agent,
                target.word(),
                progress.polls
            ));
            self.log.progress(format!(
                "{}: {}: {reading} so far, {} s",
                self.agent,
                target.word(),
                self.clock.now().as_secs()
            ));
            self.pause(self.timeouts.status_sleep)
                .map_err(|stop| stop.after(last_error(requests, &progress)))?;
            progress.polls += 1;
            if self.timeouts.power_timeout > 0 && progress.polls >= self.timeouts.power_timeout {
                return Err(timed_out(requests, target, &progress));
            }
        }
    }

    /// Starts the count of reads again after a read that does not show the target,
    /// and logs a warning once.
    fn report_contradiction(&self, reading: &Reading, needed: u32, target: PowerTarget, progress: &mut Progress) {
        let reads = std::mem::take(&mut progress.reads);
        if reads > 0 && !std::mem::replace(&mut progress.is_reported, true) {
            let word = target.word();
            self.log.warning(format!(
                "{}: {word}: {reads} of {needed} reads reported {word}, and now the device reports {reading}: its \
                 reads may be old; the count starts again",
                self.agent
            ));
        }
    }

    /// Reads every plug once. A read with a transient failure counts as unknown. A
    /// busy answer does not count as a read: otherwise a rate limit of the device
    /// would always interrupt the reads in a row.
    /// A request is repeated when it is due and the plug is certainly unchanged.
    fn poll(
        &mut self,
        requests: &mut [Request<'_>],
        target: PowerTarget,
        progress: &mut Progress,
    ) -> Result<Reading, Error> {
        progress.error = None;
        progress.is_postponed = false;
        if progress.needs_renewal {
            match self.device.renew() {
                Ok(()) => progress.needs_renewal = false,
                failure => {
                    failure.or_else(|error| self.pass_over(error, "new session", progress))?;
                    return Ok(Reading(vec![PowerStatus::Unknown; requests.len()]));
                }
            }
        }
        let (mut statuses, mut is_any_busy, mut are_others_reached) = (Vec::with_capacity(requests.len()), false, true);
        for request in requests {
            let status = match self.device.power_status(request.plug) {
                Ok(status) => status,
                Err(error @ Error::TaskFailed(_)) if request.excuses_failure() => {
                    self.log.warning(format!(
                        "{}: {}: after the request was repeated: {error}",
                        self.agent,
                        request_line(target.word(), request.plug)
                    ));
                    progress.error = Some(error);
                    PowerStatus::Unknown
                }
                Err(error) => {
                    let is_busy = matches!(error, Error::Busy { .. });
                    self.pass_over(error, &request_line("read power", request.plug), progress)?;
                    if is_busy {
                        is_any_busy = true;
                        statuses.push(PowerStatus::Unknown);
                        continue;
                    }
                    PowerStatus::Unknown
                }
            };
            are_others_reached &= target.reached(status);
            let is_unchanged = status != PowerStatus::Unknown && !target.reached(status);
            if is_unchanged && request.is_due(self.clock.now()) {
                self.repeat(request, target)?;
            }
            statuses.push(status);
        }
        progress.is_postponed = is_any_busy && are_others_reached;
        Ok(Reading(statuses))
    }

    /// Logs a transient failure; other failures end the action.
    fn pass_over(&mut self, error: Error, what: &str, progress: &mut Progress) -> Result<(), Error> {
        if !error.is_transient() {
            return Err(error);
        }
        self.log.warning(format!("{}: {what}: {error}", self.agent));
        if let Error::Busy { seconds: Some(_), .. } = error {
            self.pause(self.busy_pause(&error))
                .map_err(|stop| stop.after(Some(&error)))?;
        }
        progress.error = Some(error);
        Ok(())
    }

    /// Repeats a request. If the device accepted it before, a rejection is not a
    /// failure: the device may still process the first request.
    fn repeat(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        if !request.is_accepted() {
            return self.send(request, target);
        }
        let line = request_line(target.word(), request.plug);
        self.log.warning(format!(
            "{}: {line}: the device accepted the request, and {} polls show no effect; asking again",
            self.agent,
            request.unchanged()
        ));
        request.note_repeat();
        match self.send(request, target) {
            Err(error @ Error::TaskFailed(_)) => {
                self.log.warning(format!(
                    "{}: {line}: {error}; the next power status decides",
                    self.agent
                ));
                request.note(Answer::Accepted, self.clock.now());
                request.error = Some(error);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Sends a request. A lost answer is not a failure yet: the next power status
    /// decides.
    pub(super) fn send(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        let error = match self.device.set_power(request.plug, target) {
            Ok(()) => {
                request.note(Answer::Accepted, self.clock.now());
                request.error = None;
                return Ok(());
            }
            Err(error) if error.is_transient() => error,
            Err(error) => return Err(error),
        };
        let wait = self.busy_pause(&error).max(self.timeouts.status_sleep);
        self.log.warning(format!(
            "{}: {}: {error}; reading the power status to see the result of the request",
            self.agent,
            request_line(target.word(), request.plug)
        ));
        // A busy device has not accepted the request.
        let answer = match error {
            Error::Busy { .. } => Answer::Busy,
            _ => Answer::Lost,
        };
        request.error = Some(error);
        request.note(answer, self.clock.now() + wait);
        Ok(())
    }
}

/// The device's last reason: that of the last poll, or that of a request that was
/// not accepted.
fn last_error<'a>(requests: &'a [Request<'_>], progress: &'a Progress) -> Option<&'a Error> {
    let rejected = || requests.iter().find_map(|request| request.error.as_ref());
    progress.error.as_ref().or_else(rejected)
}

fn timed_out(requests: &[Request<'_>], target: PowerTarget, progress: &Progress) -> Error {
    let plugs: Vec<_> = requests.iter().map(|request| request.plug).collect();
    let subject = match plugs[..] {
        // A device that is one machine has no plug.
        [] | [""] => "the machine is".to_owned(),
        [plug] => format!("plug {plug} is"),
        _ => format!("plugs {} are", plugs.join(", ")),
    };
    let error = last_error(requests, progress).map(|error| format!("; last error: {error}"));
    Error::TimedOut(format!(
        "{subject} not {} after {} polls (option power_timeout){}",
        target.word(),
        progress.polls,
        error.unwrap_or_default()
    ))
}
