//! `fence_dummy`: an agent without a device, for tests.
//!
//! The option `type` selects the source of the power status: a file (`file`),
//! always a failure (`fail`), or the response of another program to a request
//! file (`recorder`). With the option `mode` it serves Pacemaker's own tests
//! instead: actions pass, fail, or do either at random.
//!
//! This is the only plugin that may sleep, because tests need a slow device.

mod description;
mod recorder;
mod rehearsal;
mod rng;
mod status_file;

use std::time::{Duration, Instant};

use fencebox_sdk::prelude::*;

use recorder::Recorder;
use rehearsal::Rehearsal;

/// One session of the agent, by kind.
pub enum Dummy {
    /// The file of option `status_file` contains the power status.
    File,
    /// The power status is never the requested one.
    Fail(PowerStatus),
    /// Another program confirms requests.
    Recorder(Recorder),
    /// Options decide whether actions pass or fail.
    Rehearsal(Rehearsal),
}

impl Device for Dummy {
    fn describe(name: &str) -> Agent {
        description::of(name)
    }

    fn check_options(options: &Options) -> Result<()> {
        Rehearsal::check(options)
    }

    fn open(options: &Options) -> Result<Self> {
        if let Some(longest) = options.get("random_sleep_range") {
            let longest = longest.trim().parse().ok().filter(|&seconds: &u64| seconds > 0);
            let longest = longest.ok_or_else(|| {
                Error::invalid_option("random_sleep_range", "must be a whole number of seconds, 1 or more")
            })?;
            let length = rng::up_to(longest);
            log::info(format!("random sleep: {length} s"));
            sleep(Duration::from_secs(length))?;
        }
        if let Some(rehearsal) = Rehearsal::of(options) {
            return rehearsal.begin().map(Dummy::Rehearsal);
        }
        match options.get("type") {
            // This type never switches on, so `on` starts with the status off.
            Some("fail") if options.get("action") == Some("on") => Ok(Dummy::Fail(PowerStatus::Off)),
            Some("fail") => Ok(Dummy::Fail(PowerStatus::On)),
            Some("recorder") => Recorder::of(options).map(Dummy::Recorder),
            // As in the Python agent, any other word means `file`.
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

/// Sleeps.
///
/// # Errors
/// [`Error::ConnectionLost`] if the host ends the sleep early, because of a
/// signal or a timeout.
fn sleep(length: Duration) -> Result<()> {
    let start = Instant::now();
    std::thread::sleep(length);
    // The host's clock has a resolution of milliseconds.
    if start.elapsed() + Duration::from_millis(10) < length {
        Err(Error::ConnectionLost("the delay was interrupted".to_owned()))
    } else {
        Ok(())
    }
}

export!(Dummy);
