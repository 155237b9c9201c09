//! The state machine: asks, waits, asks again, and says *done* only when the
//! device itself has said so.
//!
//! What the Python agents' library does is kept: the first look, the counts of
//! polls and attempts, the order of calls (`docs/protocol.md`). What it does
//! not do is added: a request whose answer was lost is neither taken for done
//! nor sent twice blindly, and a device that is busy is asked again.

use std::time::Duration;

use super::clock::{Clock, Deadline};
use super::device::{Device, Error, PowerStatus, PowerTarget};
use super::limits::{Limits, Pace};
use super::log::Log;
use super::options::Options;

/// Pauses before a read or a log-in is tried again.
const BACK_OFF: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// Longest that a busy device is believed.
const BUSY_LIMIT: Duration = Duration::from_secs(30);
/// How often, at most, a request is sent whose answer is lost each time.
const SEND_LIMIT: u32 = 3;

/// One action on one device.
pub struct Fencing<'a> {
    /// The far end.
    pub device: &'a mut dyn Device,
    /// All time comes from here.
    pub clock: &'a dyn Clock,
    /// Where progress goes.
    pub log: &'a Log,
    /// The agent's name, for messages.
    pub agent: &'a str,
    /// What the options say about time and attempts.
    pub pace: Pace,
    /// When the action is given up.
    pub deadline: Deadline,
    /// The device cannot report power (`operations.no-status`): what it
    /// accepts counts as done, and its metadata says so.
    pub unverified: bool,
}

/// The power of several plugs, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading(Vec<PowerStatus>);

impl Reading {
    /// As one: unknown if any is, off if all are, else on. (The Python agents
    /// let a later plug hide an earlier one's unknown.)
    pub fn overall(&self) -> PowerStatus {
        if self.0.contains(&PowerStatus::Unknown) {
            PowerStatus::Unknown
        } else if self.0.iter().all(|status| *status == PowerStatus::Off) {
            PowerStatus::Off
        } else {
            PowerStatus::On
        }
    }

    /// Whether every plug is what it was asked to become.
    pub fn reached(&self, target: PowerTarget) -> bool {
        self.0.iter().all(|status| target.reached(*status))
    }
}

/// A request, and what is known of its fate.
struct Request<'p> {
    plug: &'p str,
    /// Its answer was lost, or the device was busy: it may have to be sent
    /// again, so many times, and not before that moment.
    doubtful: Option<(u32, Duration)>,
}

impl Fencing<'_> {
    /// Logs in.
    pub fn open(&mut self, options: &Options) -> Result<(), Error> {
        let limits = Limits {
            deadline: self.deadline,
            login: self.pace.login(),
            shell: self.pace.shell(),
        };
        self.patiently("log in", |device| device.open(options, limits))
    }

    /// The power of all plugs now. A read that fails in passing is repeated.
    pub fn status(&mut self, plugs: &[String]) -> Result<Reading, Error> {
        let read = |plug: &String| self.patiently("read power", |device| device.power_status(plug));
        plugs.iter().map(read).collect::<Result<_, _>>().map(Reading)
    }

    /// Asks for power on or off and polls until the device reports it for
    /// every plug. After too many polls, or where the device took a request and
    /// failed it, asks again: `attempts` times in all.
    pub fn switch(&mut self, plugs: &[String], target: PowerTarget, attempts: u32) -> Result<(), Error> {
        let mut left = attempts;
        loop {
            if left == 0 {
                return Err(Error::TimedOut("no attempt was allowed (retry_on=0)".to_owned()));
            }
            let (mut requests, made) = self.ask(plugs, target, left)?;
            left = left.saturating_sub(made.max(1));
            if self.unverified {
                return Ok(());
            }
            match self.await_power(&mut requests, target) {
                Err(Error::TimedOut(reason)) if left > 0 => {
                    self.log
                        .warning(format!("{}: {}: {reason}; asking again", self.agent, target.word()));
                }
                outcome => return outcome,
            }
        }
    }

    /// Asks for every plug, and for one whose request the device took and then
    /// failed up to `allowed` times. Such a plug does not keep the others from
    /// being asked, but the whole has failed then. Returns the requests, and
    /// the most that were made for one plug.
    fn ask<'p>(
        &mut self,
        plugs: &'p [String],
        target: PowerTarget,
        allowed: u32,
    ) -> Result<(Vec<Request<'p>>, u32), Error> {
        let mut requests = Vec::with_capacity(plugs.len());
        let (mut most, mut failure) = (0, None);
        for plug in plugs {
            let mut request = Request {
                plug,
                doubtful: Some((SEND_LIMIT, Duration::ZERO)),
            };
            let mut made = 1;
            let mut outcome = self.request(&mut request, target);
            while let Err(Error::TaskFailed(reason)) = &outcome
                && made < allowed
            {
                // The last failure is told; one line is enough.
                self.log.info(format!(
                    "{}: {} {plug}: the device failed the request: {reason}; asking again",
                    self.agent,
                    target.word()
                ));
                made += 1;
                outcome = self.request(&mut request, target);
            }
            match outcome {
                Err(trouble @ Error::TaskFailed(_)) => failure = failure.or(Some(trouble)),
                outcome => outcome?,
            }
            most = most.max(made);
            requests.push(request);
            self.pause(self.pace.power_wait)?;
        }
        failure.map_or(Ok((requests, most)), Err)
    }

    /// Sends a request for the first time. What a device cannot prove has to
    /// be accepted in so many words.
    fn request(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        if self.unverified {
            let plug = request.plug;
            return self.patiently_if_busy(target.word(), |device| device.set_power(plug, target));
        }
        self.send(request, target)
    }

    /// Polls until every plug is what it was asked to become.
    fn await_power(&mut self, requests: &mut [Request<'_>], target: PowerTarget) -> Result<(), Error> {
        let mut polls = 0;
        loop {
            let (reading, trouble) = self.poll(requests, target)?;
            if reading.reached(target) {
                return Ok(());
            }
            self.log.info(format!(
                "{}: {}: not yet, {:?} after poll {polls}",
                self.agent,
                target.word(),
                reading.0
            ));
            self.pause(self.pace.status_sleep)?;
            polls += 1;
            if self.pace.power_timeout > 0 && polls >= self.pace.power_timeout {
                let trouble = trouble.map(|trouble| format!("; last: {trouble}")).unwrap_or_default();
                let plugs: Vec<_> = requests.iter().map(|request| request.plug).collect();
                return Err(Error::TimedOut(format!(
                    "{} is not {} after {polls} polls (option power_timeout){trouble}",
                    plugs.join(", "),
                    target.word()
                )));
            }
        }
    }

    /// Sends a request. An answer that was lost is no failure yet: the power
    /// that is read next tells.
    fn send(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        let left = request.doubtful.map_or(0, |(left, _)| left);
        match self.device.set_power(request.plug, target) {
            Ok(()) => request.doubtful = None,
            Err(trouble) if trouble.is_transient() => {
                let wait = self.busy_pause(&trouble).max(self.pace.status_sleep);
                self.log.warning(format!(
                    "{}: {} {}: {trouble}; reading the power to learn what became of the request",
                    self.agent,
                    target.word(),
                    request.plug
                ));
                // A device that is busy has not taken the request.
                let left = if matches!(trouble, Error::Busy { .. }) {
                    left
                } else {
                    left.saturating_sub(1)
                };
                request.doubtful = Some((left, self.clock.now() + wait));
            }
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }

    /// Reads every plug once. A read that fails in passing counts as unknown;
    /// a request in doubt is sent again when its plug is surely unchanged:
    /// both requests ask for a state, so that twice is the same as once.
    fn poll(&mut self, requests: &mut [Request<'_>], target: PowerTarget) -> Result<(Reading, Option<Error>), Error> {
        let mut statuses = Vec::with_capacity(requests.len());
        let mut last_trouble = None;
        for request in requests {
            let status = match self.device.power_status(request.plug) {
                Ok(status) => status,
                Err(trouble) if trouble.is_transient() => {
                    self.log
                        .warning(format!("{}: read power {}: {trouble}", self.agent, request.plug));
                    if let Error::Busy { seconds: Some(_), .. } = trouble {
                        self.pause(self.busy_pause(&trouble))?;
                    }
                    last_trouble = Some(trouble);
                    PowerStatus::Unknown
                }
                Err(trouble) => return Err(trouble),
            };
            let unchanged = status != PowerStatus::Unknown && !target.reached(status);
            if let Some((left, not_before)) = request.doubtful
                && unchanged
                && left > 0
                && self.clock.now() >= not_before
            {
                self.send(request, target)?;
            }
            statuses.push(status);
        }
        Ok((Reading(statuses), last_trouble))
    }

    /// Asks for a power cycle of each plug, and polls until the device says
    /// that it is complete. A plug that fails does not keep the others from
    /// being asked, but the whole has failed then.
    pub fn cycle(&mut self, plugs: &[String], attempts: u32) -> Result<(), Error> {
        let mut failure = None;
        for plug in plugs {
            match self.ask_cycle(plug, attempts) {
                Err(trouble @ Error::TaskFailed(_)) => failure = failure.or(Some(trouble)),
                outcome => outcome?,
            }
            self.pause(self.pace.power_wait)?;
        }
        failure.map_or(Ok(()), Err)?;
        plugs.iter().try_for_each(|plug| self.await_cycle(plug))
    }

    /// A cycle that the device says it failed is asked for again. One whose
    /// answer was lost is not: twice is not the same as once.
    fn ask_cycle(&mut self, plug: &str, attempts: u32) -> Result<(), Error> {
        let mut outcome = Err(Error::TaskFailed("no attempt was allowed".to_owned()));
        for _ in 0..attempts {
            outcome = self.patiently_if_busy("cycle", |device| device.cycle(plug));
            if !matches!(outcome, Err(Error::TaskFailed(_))) {
                break;
            }
        }
        match outcome {
            Err(trouble) if trouble.is_transient() => {
                self.log.warning(format!(
                    "{}: cycle {plug}: {trouble}; asking the device what became of the request",
                    self.agent
                ));
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn await_cycle(&mut self, plug: &str) -> Result<(), Error> {
        let mut polls = 0;
        loop {
            match self.device.cycle_complete(plug) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(trouble) if trouble.is_transient() => {
                    self.log.warning(format!("{}: cycle {plug}: {trouble}", self.agent));
                }
                Err(trouble) => return Err(trouble),
            }
            self.pause(self.pace.status_sleep)?;
            polls += 1;
            if self.pace.power_timeout > 0 && polls >= self.pace.power_timeout {
                return Err(Error::TimedOut(format!(
                    "the device has not reported the cycle of {plug} as complete after {polls} polls (option power_timeout)"
                )));
            }
        }
    }

    /// Repeats what failed in passing: three times, and while the device says
    /// that it is busy as long as there is time. For reads and log-ins only.
    pub fn patiently<T>(
        &mut self,
        what: &str,
        mut call: impl FnMut(&mut dyn Device) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut pauses = BACK_OFF.into_iter();
        loop {
            let trouble = match self.patiently_if_busy(what, &mut call) {
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

    fn patiently_if_busy<T>(
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

    fn busy_pause(&self, trouble: &Error) -> Duration {
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

#[cfg(test)]
mod tests;
