//! The state machine: asks, waits, asks again, and says *done* only when the
//! device itself has said so.
//!
//! What the Python agents' library does is kept: the first look, the counts of
//! polls and attempts, the order of calls (`docs/protocol.md`). What it does
//! not do is added: a request whose answer was lost is neither taken for done
//! nor sent twice blindly, and a device that is busy is asked again.

mod patience;
mod reading;

use std::time::Duration;

use super::clock::{Clock, Deadline};
use super::device::{Device, Error, PowerStatus, PowerTarget};
use super::limits::{Limits, Pace};
use super::log::Log;
use super::options::Options;
pub use reading::Reading;

/// How often, at most, a request is sent whose answer is lost each time.
const SEND_LIMIT: u32 = 3;
/// How often in a row a plug has to read off that did so before anything was
/// asked of it, on a device whose reads may lag.
const STEADY_READS: u32 = 5;

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
    /// What the device reports is true at that moment
    /// (`operations.settled-status`).
    pub settled: bool,
}

/// A request, and what is known of its fate.
struct Request<'p> {
    plug: &'p str,
    /// Its answer was lost, or the device was busy: it may have to be sent
    /// again, so many times, and not before that moment.
    doubtful: Option<(u32, Duration)>,
}

/// Requests for all plugs.
struct Asked<'p> {
    requests: Vec<Request<'p>>,
    /// The most that were made for one plug.
    most: u32,
    /// The first that the device took and failed.
    failure: Option<Error>,
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
            let Asked {
                mut requests,
                most,
                failure,
            } = self.ask(plugs, target, left)?;
            failure.map_or(Ok(()), Err)?;
            left = left.saturating_sub(most.max(1));
            if self.unverified {
                return Ok(());
            }
            match self.await_power(&mut requests, target, 1) {
                Err(Error::TimedOut(reason)) if left > 0 => {
                    self.log
                        .warning(format!("{}: {}: {reason}; asking again", self.agent, target.word()));
                }
                outcome => return outcome,
            }
        }
    }

    /// Asks for power off of plugs that read like this before. Where one reads
    /// off already, the read may be older than its last start: the request goes
    /// out all the same, and several reads in a row have to say that it is off.
    /// That the device refuses to switch off what is off is no failure then.
    pub fn switch_off(&mut self, plugs: &[String], before: &Reading) -> Result<(), Error> {
        if self.settled && before.reached(PowerTarget::Off) {
            return Ok(());
        }
        if self.settled || !before.is_any_off() {
            return self.switch(plugs, PowerTarget::Off, 1);
        }
        self.log.info(format!(
            "{}: off: it reads off already, which may be old: asking for it all the same",
            self.agent
        ));
        let mut asked = self.ask(plugs, PowerTarget::Off, 1)?;
        if let Some(refusal) = asked.failure {
            self.log.info(format!(
                "{}: off: {refusal}; the power that is read next decides",
                self.agent
            ));
        }
        self.await_power(&mut asked.requests, PowerTarget::Off, STEADY_READS)
    }

    /// Asks for every plug, and for one whose request the device took and then
    /// failed up to `allowed` times. Such a plug does not keep the others from
    /// being asked.
    fn ask<'p>(&mut self, plugs: &'p [String], target: PowerTarget, allowed: u32) -> Result<Asked<'p>, Error> {
        let mut asked = Asked {
            requests: Vec::with_capacity(plugs.len()),
            most: 0,
            failure: None,
        };
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
                Err(trouble @ Error::TaskFailed(_)) => asked.failure = asked.failure.or(Some(trouble)),
                outcome => outcome?,
            }
            asked.most = asked.most.max(made);
            asked.requests.push(request);
            self.pause(self.pace.power_wait)?;
        }
        Ok(asked)
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

    /// Polls until every plug is what it was asked to become, in so many reads
    /// in a row, which do not count as polls.
    fn await_power(&mut self, requests: &mut [Request<'_>], target: PowerTarget, steady: u32) -> Result<(), Error> {
        let (mut polls, mut reached) = (0, 0);
        loop {
            let (reading, trouble) = self.poll(requests, target)?;
            if reading.reached(target) {
                reached += 1;
                if reached >= steady {
                    return Ok(());
                }
                self.pause(self.pace.status_sleep)?;
                continue;
            }
            reached = 0;
            self.log.info(format!(
                "{}: {}: not yet, {reading} after poll {polls}",
                self.agent,
                target.word(),
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
}

#[cfg(test)]
mod tests;
