//! The state machine: asks, waits, asks again, and reports success only when
//! the device itself has reported the power that was asked for.
//!
//! What the Python agents' library does is kept: the first look, the counts of
//! polls and attempts, the order of calls (`docs/protocol.md`). Added are: a
//! request whose answer was lost is neither taken for done nor sent twice
//! blindly, a device that is busy is asked again, and so is one that took a
//! request and shows no effect of it.
//!
//! # The promise
//!
//! Exit 0 from `off`, and from `reboot` with `method=onoff`, means that each
//! plug was off at a moment after the request to switch it off was sent, if
//! the device keeps this assumption:
//!
//! > Of any [`OFF_READS`] reads in a row after that request, each on a new
//! > connection and [`READ_PAUSE`] after the one before, at least one shows
//! > the plug as it is after the request.
//!
//! A device whose reads are never older than 1.8 s keeps it, and so does a
//! device with several replicas of which never five reads in a row are old.
//! The plug is still off then, unless something else switches it on.
//!
//! A device that declares `operations.settled-status` promises more: no read is
//! old. Then one read proves it, and a first look that says off ends the
//! action. A device with `operations.no-status` promises nothing, and what it
//! accepts counts as done. For `method=cycle` see `cycle`.
//!
//! `adversary` checks the promise against every device that keeps the
//! assumption, up to a stated depth, and shows that one old read more breaks
//! it.

#[cfg(test)]
mod adversary;
mod cycle;
mod polls;
mod proof;
mod reading;
mod request;
mod retry;

use super::clock::{Clock, Deadline};
use super::device::{Device, Error, PowerTarget};
use super::limits::{Limits, Timeouts};
use super::log::Log;
use super::options::Options;
pub use proof::{OFF_READS, Proof, READ_PAUSE};
pub use reading::Reading;
use request::Request;

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
    pub timeouts: Timeouts,
    /// When the action is given up.
    pub deadline: Deadline,
    /// What proves that a plug is off.
    pub proof: Proof,
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
            login: self.timeouts.login(),
            shell: self.timeouts.shell(),
        };
        self.retry("log in", |device| device.open(options, limits))
    }

    /// The power of all plugs now. A read that fails in passing is repeated.
    pub fn status(&mut self, plugs: &[String]) -> Result<Reading, Error> {
        let read = |plug: &String| self.retry("read power", |device| device.power_status(plug));
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
            if self.proof == Proof::Accepted {
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

    /// Asks for power off of plugs that read like this before. Where one reads
    /// off already, the read may be older than its last start: the request goes
    /// out all the same, and that the device refuses to switch off what is off
    /// is no failure then.
    pub fn switch_off(&mut self, plugs: &[String], before: Option<&Reading>) -> Result<(), Error> {
        let was_any_off = before.is_some_and(Reading::is_any_off);
        match self.proof {
            Proof::OneRead if before.is_some_and(|before| before.reached(PowerTarget::Off)) => return Ok(()),
            Proof::Reads(_) if was_any_off => {}
            _ => return self.switch(plugs, PowerTarget::Off, 1),
        }
        self.log.info(format!(
            "{}: off: the device reports off already, but the report may be old; sending the request anyway",
            self.agent
        ));
        let mut asked = self.ask(plugs, PowerTarget::Off, 1)?;
        if let Some(refusal) = asked.failure {
            self.log
                .info(format!("{}: off: {refusal}; the next power status decides", self.agent));
        }
        self.await_power(&mut asked.requests, PowerTarget::Off)
    }

    /// From now on all of it has to be over at this moment, if it is the
    /// earlier one: waits, log-ins, retries and each single exchange.
    pub fn narrow(&mut self, deadline: Deadline) {
        self.deadline = self.deadline.min(deadline);
        self.device.set_deadline(self.deadline);
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
            let mut request = Request::new(plug, self.proof.may_lag());
            let mut made = 1;
            let mut outcome = self.request(&mut request, target);
            while let Err(Error::TaskFailed(reason)) = &outcome
                && made < allowed
            {
                // The last failure is reported; one line is enough.
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
            self.pause(self.timeouts.power_wait)?;
        }
        Ok(asked)
    }

    /// Sends a request for the first time. What a device cannot prove has to
    /// be accepted in so many words.
    fn request(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        if self.proof == Proof::Accepted {
            let plug = request.plug;
            return self.retry_while_busy(target.word(), |device| device.set_power(plug, target));
        }
        self.send(request, target)
    }
}

#[cfg(test)]
mod tests;
