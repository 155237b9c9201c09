//! A device that records facts about its calls for the audit.

use std::time::Duration;

use crate::Needs;
use crate::clock::{Clock, Deadline};
use crate::device::{Device, Error, Plug, PowerStatus, PowerTarget, Rejection, RemotePeer};
use crate::limits::Limits;
use crate::options::Options;

/// The facts about the calls of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The peers that the device has contacted.
    pub contacts: Vec<RemotePeer>,
    /// The time of all logins.
    pub login: Duration,
    /// The time of all calls, with logins.
    pub device: Duration,
    /// The first power status that the device reported, of any plug.
    pub first: Option<PowerStatus>,
    /// The last power status, of any plug.
    pub last: Option<PowerStatus>,
}

/// A device and the report about it.
pub struct Observed<'a> {
    device: &'a mut dyn Device,
    clock: &'a dyn Clock,
    report: Report,
}

impl<'a> Observed<'a> {
    /// Observes this device, with the times of this clock.
    pub fn new(device: &'a mut dyn Device, clock: &'a dyn Clock) -> Self {
        Self {
            device,
            clock,
            report: Report::default(),
        }
    }

    /// The report about all calls.
    pub fn report(self) -> Report {
        Report {
            contacts: self.device.contacts(),
            ..self.report
        }
    }

    fn timed<T>(&mut self, call: impl FnOnce(&mut dyn Device) -> T) -> (T, Duration) {
        let start = self.clock.now();
        let answer = call(self.device);
        let took = self.clock.now().saturating_sub(start);
        self.report.device += took;
        (answer, took)
    }
}

impl Device for Observed<'_> {
    fn locate(&mut self, options: &Options) -> Result<(), Rejection> {
        self.device.locate(options)
    }

    fn prepare(&mut self) -> Result<Needs, Rejection> {
        self.device.prepare()
    }

    fn check_options(&mut self, options: &Options) -> Result<(), Error> {
        self.device.check_options(options)
    }

    fn open(&mut self, options: &Options, limits: Limits) -> Result<(), Error> {
        let (answer, took) = self.timed(|device| device.open(options, limits));
        self.report.login += took;
        answer
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        self.device.set_deadline(deadline);
    }

    fn renew(&mut self) -> Result<(), Error> {
        let (answer, took) = self.timed(|device| device.renew());
        self.report.login += took;
        answer
    }

    fn probe(&mut self) -> Result<(), Error> {
        self.timed(|device| device.probe()).0
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error> {
        let (answer, _) = self.timed(|device| device.power_status(plug));
        if let Ok(status) = answer {
            self.report.first.get_or_insert(status);
            self.report.last = Some(status);
        }
        answer
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error> {
        self.timed(|device| device.set_power(plug, target)).0
    }

    fn cycle(&mut self, plug: &str) -> Result<(), Error> {
        self.timed(|device| device.cycle(plug)).0
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool, Error> {
        self.timed(|device| device.cycle_complete(plug)).0
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>, Error> {
        self.timed(|device| device.plugs(with_status)).0
    }

    fn diagnose(&mut self, plug: &str) -> Result<(), Error> {
        self.timed(|device| device.diagnose(plug)).0
    }

    fn close(&mut self) -> Result<(), Error> {
        self.timed(|device| device.close()).0
    }

    fn contacts(&self) -> Vec<RemotePeer> {
        self.device.contacts()
    }
}
