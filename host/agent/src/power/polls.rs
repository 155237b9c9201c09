//! Reading the power until it is what was asked for, and asking again where it
//! surely is not.

use super::request::{Answer, Request};
use super::{Fencing, READ_PAUSE, Reading};
use crate::device::{Error, PowerStatus, PowerTarget};

/// What is known while the power is polled.
#[derive(Default)]
struct Progress {
    /// Polls that did not show the target.
    polls: u32,
    /// Reads in a row that did.
    reads: u32,
    /// The next read needs a new connection.
    needs_renewal: bool,
    /// The device asked to be read later, and nothing else was wrong: reads in
    /// a row go on.
    is_postponed: bool,
    /// That reads contradict each other was reported.
    is_reported: bool,
    /// The last failure in passing.
    trouble: Option<Error>,
}

impl Fencing<'_> {
    /// Polls until every plug is what it was asked to become, in as many reads
    /// in a row as prove it. Reads that show the target do not count as polls.
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
                self.pause(READ_PAUSE)?;
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
            self.pause(self.timeouts.status_sleep)?;
            progress.polls += 1;
            if self.timeouts.power_timeout > 0 && progress.polls >= self.timeouts.power_timeout {
                return Err(timed_out(requests, target, progress));
            }
        }
    }

    /// Reads that show the target count from the start again after one that
    /// does not.
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

    /// Reads every plug once. A read that fails in passing counts as unknown,
    /// but one that the device puts off is none: a limit on its rate of
    /// requests would keep reads from ever being in a row.
    /// A request is sent again when it is due and its plug surely unchanged.
    fn poll(
        &mut self,
        requests: &mut [Request<'_>],
        target: PowerTarget,
        progress: &mut Progress,
    ) -> Result<Reading, Error> {
        progress.trouble = None;
        progress.is_postponed = false;
        if progress.needs_renewal {
            match self.device.renew() {
                Ok(()) => progress.needs_renewal = false,
                failure => {
                    failure.or_else(|trouble| self.pass_over(trouble, "new session", progress))?;
                    return Ok(Reading(vec![PowerStatus::Unknown; requests.len()]));
                }
            }
        }
        let (mut statuses, mut is_any_busy, mut are_others_reached) = (Vec::with_capacity(requests.len()), false, true);
        for request in requests {
            let status = match self.device.power_status(request.plug) {
                Ok(status) => status,
                Err(trouble @ Error::TaskFailed(_)) if request.excuses_failure() => {
                    self.log.warning(format!(
                        "{}: {} {}: after the request was repeated: {trouble}",
                        self.agent,
                        target.word(),
                        request.plug
                    ));
                    PowerStatus::Unknown
                }
                Err(trouble) => {
                    let is_busy = matches!(trouble, Error::Busy { .. });
                    self.pass_over(trouble, &format!("read power {}", request.plug), progress)?;
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

    /// A failure in passing, which is not the end.
    fn pass_over(&mut self, trouble: Error, what: &str, progress: &mut Progress) -> Result<(), Error> {
        if !trouble.is_transient() {
            return Err(trouble);
        }
        self.log.warning(format!("{}: {what}: {trouble}", self.agent));
        if let Error::Busy { seconds: Some(_), .. } = trouble {
            self.pause(self.busy_pause(&trouble))?;
        }
        progress.trouble = Some(trouble);
        Ok(())
    }

    /// Sends a request again. Where the device took it once, a refusal is no
    /// failure: it may be at work on the first one.
    fn repeat(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        if !request.is_accepted() {
            return self.send(request, target);
        }
        let (word, plug) = (target.word(), request.plug);
        self.log.warning(format!(
            "{}: {word} {plug}: the device accepted the request, and {} polls show no effect; asking again",
            self.agent,
            request.unchanged()
        ));
        request.note_repeat();
        match self.send(request, target) {
            Err(trouble @ Error::TaskFailed(_)) => {
                self.log.warning(format!(
                    "{}: {word} {plug}: {trouble}; the next power status decides",
                    self.agent
                ));
                request.note(Answer::Accepted, self.clock.now());
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Sends a request. An answer that was lost is no failure yet: the power
    /// that is read next decides.
    pub(super) fn send(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        let trouble = match self.device.set_power(request.plug, target) {
            Ok(()) => {
                request.note(Answer::Accepted, self.clock.now());
                return Ok(());
            }
            Err(trouble) if trouble.is_transient() => trouble,
            Err(trouble) => return Err(trouble),
        };
        let wait = self.busy_pause(&trouble).max(self.timeouts.status_sleep);
        self.log.warning(format!(
            "{}: {} {}: {trouble}; reading the power status to see the result of the request",
            self.agent,
            target.word(),
            request.plug
        ));
        // A device that is busy has not taken the request.
        let answer = match trouble {
            Error::Busy { .. } => Answer::Busy,
            _ => Answer::Lost,
        };
        request.note(answer, self.clock.now() + wait);
        Ok(())
    }
}

fn timed_out(requests: &[Request<'_>], target: PowerTarget, progress: Progress) -> Error {
    let plugs: Vec<_> = requests.iter().map(|request| request.plug).collect();
    let trouble = progress.trouble.map(|trouble| format!("; last error: {trouble}"));
    Error::TimedOut(format!(
        "{} is not {} after {} polls (option power_timeout){}",
        plugs.join(", "),
        target.word(),
        progress.polls,
        trouble.unwrap_or_default()
    ))
}
