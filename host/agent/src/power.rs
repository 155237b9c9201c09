//! The state machine: it sends requests, polls, retries, and reports success only
//! after the device itself has reported the requested power.
//!
//! It keeps the behavior of the Python agents' library: the first read, the
//! numbers of polls and attempts, and the order of calls (`docs/protocol.md`). In
//! addition, a request whose answer was lost does not count as done and is not
//! blindly sent twice; and the request is repeated if the device is busy, or if
//! it accepted the request without effect.
//!
//! # The promise
//!
//! Exit code 0 from `off`, and from `reboot` with `method=onoff`, means that each
//! plug was off at a moment after the request to switch it off was sent, if
//! the device keeps this assumption:
//!
//! > Of any [`OFF_READS`] reads in a row after that request, each on a new
//! > connection and [`READ_PAUSE`] after the one before, at least one shows
//! > the plug as it is after the request.
//!
//! A device whose reads are never older than 1.8 s keeps it. A device with
//! several replicas also keeps it, if five reads in a row are never all old. The
//! plug is still off at the end, unless something else switches it on.
//!
//! A device that declares `operations.settled-status` has no old reads. Then one
//! read is the proof, and the action ends if the first read is off. A device with
//! `operations.no-status` proves nothing, and an accepted request counts as done.
//! For `method=cycle` see `cycle`.
//!
//! `adversary` tests the promise with every device that keeps the assumption,
//! up to a given depth, and shows that one more old read breaks it.

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
    /// The device.
    pub device: &'a mut dyn Device,
    /// The source of all time.
    pub clock: &'a dyn Clock,
    /// The log of progress.
    pub log: &'a Log,
    /// The agent's name, for messages.
    pub agent: &'a str,
    /// The values of the options about time and attempts.
    pub timeouts: Timeouts,
    /// The deadline of the action.
    pub deadline: Deadline,
    /// What proves that a plug is off.
    pub proof: Proof,
}

/// The requests for all plugs.
struct Asked<'p> {
    requests: Vec<Request<'p>>,
    /// The maximum number of requests for one plug.
    most: u32,
    /// The first failure of a request that the device accepted.
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

    /// Reads the power status of all plugs. Reads with transient failures are
    /// repeated.
    pub fn status(&mut self, plugs: &[String]) -> Result<Reading, Error> {
        let read = |plug: &String| self.retry("read power", |device| device.power_status(plug));
        plugs.iter().map(read).collect::<Result<_, _>>().map(Reading)
    }

    /// Requests power on or off, and polls until the device reports it for every
    /// plug. After too many polls, or if the device accepted a request that then
    /// failed, sends the request again: at most `attempts` requests in total.
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

    /// Switches plugs off; `before` is their power status before. If the device
    /// reports a plug off already, this read can be older than the machine's last
    /// start. So the request is sent anyway, and it is not a failure if the device
    /// rejects it because the plug is off.
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

    /// Sets an earlier deadline for everything that follows: waits, logins, retries
    /// and each exchange. A later deadline has no effect.
    pub fn narrow(&mut self, deadline: Deadline) {
        self.deadline = self.deadline.min(deadline);
        self.device.set_deadline(self.deadline);
    }

    /// Sends a request for every plug. If the device accepted a request that then
    /// failed, sends it again, at most `allowed` requests for the plug. A failure
    /// of one plug does not prevent the requests for the others.
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
                    "{}: {}: the device failed the request: {reason}; asking again",
                    self.agent,
                    request_line(target.word(), plug)
                ));
                made += 1;
                outcome = self.request(&mut request, target);
            }
            match outcome {
                Err(error @ Error::TaskFailed(_)) => asked.failure = asked.failure.or(Some(error)),
                outcome => outcome?,
            }
            asked.most = asked.most.max(made);
            asked.requests.push(request);
            self.pause(self.timeouts.power_wait)?;
        }
        Ok(asked)
    }

    /// Sends a request for the first time. A device without a power status has to
    /// accept the request explicitly.
    fn request(&mut self, request: &mut Request<'_>, target: PowerTarget) -> Result<(), Error> {
        if self.proof == Proof::Accepted {
            let plug = request.plug;
            return self.retry_while_busy(target.word(), |device| device.set_power(plug, target));
        }
        self.send(request, target)
    }
}

/// How messages name a request: `off 7`. A device that is one machine has no plug, and the word is enough.
fn request_line(word: &str, plug: &str) -> String {
    format!("{word} {plug}").trim_end().to_owned()
}

#[cfg(test)]
mod tests;
