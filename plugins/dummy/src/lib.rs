//! `fence_dummy`: a device that is not there, for tests.
//!
//! What it answers depends on the option `type`: what a file says (`file`),
//! failure (`fail`), or what another program says in answer to a request in a
//! folder (`recorder`). With the option `mode` it rehearses for Pacemaker's own
//! tests instead: actions pass, fail, or do either by rng.
//!
//! Alone among plugins it may sleep, because tests want a device that is slow.

mod description;
mod recorder;
mod rehearsal;
mod rng;
mod status_file;
mod timestamp;

use std::time::{Duration, Instant};

use fencebox_sdk::prelude::*;

use recorder::Recorder;
use rehearsal::Rehearsal;

/// One conversation with nobody.
pub enum Dummy {
    /// The power is what the file of option `status_file` says.
    File,
    /// The power is never what was asked for.
    Fail(PowerStatus),
    /// Another program switches.
    Recorder(Recorder),
    /// Actions pass or fail as their options say.
    Rehearsal(Rehearsal),
}

impl Device for Dummy {
    fn describe(name: &str) -> Agent {
        description::of(name)
    }

    fn open(options: &Options) -> Result<Self> {
        if let Some(longest) = options.get("random_sleep_range") {
            let longest = longest.trim().parse().ok().filter(|&seconds: &u64| seconds > 0);
            let longest = longest.ok_or_else(|| {
                Error::invalid_option(
                    "random_sleep_range",
                    "is no whole number of seconds from 1 on; correct it",
                )
            })?;
            let length = rng::up_to(longest);
            log::info(format!("random sleep: {length} s"));
            sleep(Duration::from_secs(length))?;
        }
        if let Some(rehearsal) = Rehearsal::of(options) {
            return rehearsal.begin().map(Dummy::Rehearsal);
        }
        match options.get("type") {
            // This type never comes on, and already says so when it is asked to.
            Some("fail") if options.get("action") == Some("on") => Ok(Dummy::Fail(PowerStatus::Off)),
            Some("fail") => Ok(Dummy::Fail(PowerStatus::On)),
            Some("recorder") => Recorder::of(options).map(Dummy::Recorder),
            // As the Python agent: every other word means this one.
            _ => Ok(Dummy::File),
        }
    }

    fn probe(&mut self) -> Result<()> {
        match self {
            Dummy::Rehearsal(rehearsal) => rehearsal.monitor(),
            _ => Ok(()),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        match self {
            Dummy::File => status_file::read(),
            Dummy::Fail(status) => Ok(*status),
            Dummy::Recorder(recorder) => recorder.power_status(plug),
            Dummy::Rehearsal(rehearsal) => rehearsal.power_status(plug),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        match self {
            Dummy::File => status_file::write(target),
            Dummy::Fail(status) => {
                *status = match target {
                    PowerTarget::On => PowerStatus::Off,
                    PowerTarget::Off => PowerStatus::Unknown,
                };
                Ok(())
            }
            Dummy::Recorder(recorder) => recorder.set_power(plug, target),
            Dummy::Rehearsal(rehearsal) => rehearsal.set_power(plug, target),
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        match self {
            Dummy::Rehearsal(rehearsal) => rehearsal.plugs(),
            _ => Err(Error::Unsupported),
        }
    }
}

/// Sleeps; woken up early, because the agent is told to stop or out of time,
/// goes no further.
fn sleep(length: Duration) -> Result<()> {
    let start = Instant::now();
    std::thread::sleep(length);
    // The clock of the host counts in milliseconds.
    if start.elapsed() + Duration::from_millis(10) < length {
        Err(Error::ConnectionLost("the sleep was cut short".to_owned()))
    } else {
        Ok(())
    }
}

export!(Dummy);
