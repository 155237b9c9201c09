//! `fence_ipmilan` and its six other names: machines with a BMC, through IPMI over LAN.
//!
//! The facts come from "IPMI Specification, Second Generation, v2.0, revision 1.1",
//! chapter 28, and from the metadata of fence-agents 4.12.1. Sessions are in the library
//! `fencebox-ipmi`.

mod description;
mod errors;
mod settings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use fencebox_ipmi::{Failure, Request, Session};
use fencebox_sdk::net::UdpSocket;
use fencebox_sdk::prelude::*;

use settings::Settings;

/// The network function of the chassis.
const CHASSIS: u8 = 0x00;
/// Get Chassis Status.
const STATUS: u8 = 0x01;
/// Chassis Control.
const CONTROL: u8 = 0x02;
/// The actions of Chassis Control (table 28-4). The reset and the soft shutdown are not
/// used: neither switches off.
const DOWN: u8 = 0;
const UP: u8 = 1;
const CYCLE: u8 = 2;
const INTERRUPT: u8 = 4;

/// The warning about IPMI 2.0 was logged: an action has several sessions.
static IS_WARNED: AtomicBool = AtomicBool::new(false);

/// A session with a BMC.
pub struct Bmc {
    settings: Settings,
    /// None after the BMC did not answer: it may have lost the session.
    session: Option<Session<UdpSocket>>,
}

impl Device for Bmc {
    fn describe(name: &str) -> Agent {
        description::of(name)
    }

    fn check_options(options: &Options) -> Result<()> {
        let settings = Settings::new(options)?;
        settings::warn(options, &settings);
        Ok(())
    }

    fn open(options: &Options) -> Result<Self> {
        let mut bmc = Bmc {
            settings: Settings::new(options)?,
            session: None,
        };
        match bmc.session().map(drop) {
            Ok(()) => Ok(bmc),
            Err(failure) => Err(errors::of_read(failure, &bmc.settings)),
        }
    }

    fn probe(&mut self) -> Result<()> {
        if !self.settings.may_switch() {
            log::warn("privlvl is below operator: fencing will not be permitted");
        }
        Ok(())
    }

    fn power_status(&mut self, _plug: &str) -> Result<PowerStatus> {
        // Sent once: the host counts reads in a row, and a second request would hide the answer to the first.
        let data = self
            .call(&Request::new(CHASSIS, STATUS, []).once())
            .map_err(|failure| errors::of_read(failure, &self.settings))?;
        let [power, _event, _misc, ..] = data.as_slice() else {
            return Err(Error::unexpected("the BMC reports a chassis status that is too short"));
        };
        if power & 0b1_1000 != 0 {
            log::warn(format!(
                "the BMC reports a fault of the power supply or its control (status {power:02x})"
            ));
        }
        Ok(if power & 1 == 0 {
            PowerStatus::Off
        } else {
            PowerStatus::On
        })
    }

    fn set_power(&mut self, _plug: &str, target: PowerTarget) -> Result<()> {
        let action = match target {
            PowerTarget::On => UP,
            PowerTarget::Off => DOWN,
        };
        self.control(Request::new(CHASSIS, CONTROL, [action]))
    }

    fn cycle(&mut self, plug: &str) -> Result<()> {
        // Without this, an old "off" would count as that of the cycle.
        if self.power_status(plug)? != PowerStatus::On {
            return Err(Error::task_failed(
                "the machine is off, and a power cycle needs it on; use method=onoff",
            ));
        }
        self.control(Request::new(CHASSIS, CONTROL, [CYCLE]).once())
    }

    /// IPMI does not report that a cycle is complete. A read of off after the read of on is
    /// the only proof.
    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        Ok(self.power_status(plug)? == PowerStatus::Off)
    }

    fn diagnose(&mut self, _plug: &str) -> Result<()> {
        self.control(Request::new(CHASSIS, CONTROL, [INTERRUPT]).once())
    }

    fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.close();
        }
    }
}

impl Bmc {
    fn control(&mut self, request: Request) -> Result<()> {
        let outcome = self.call(&request);
        outcome
            .map(drop)
            .map_err(|failure| errors::of_control(failure, &self.settings))
    }

    fn call(&mut self, request: &Request) -> Result<Vec<u8>, Failure> {
        let timeout = self.settings.timeout;
        let outcome = self.session()?.call_within(request, timeout);
        if matches!(outcome, Err(Failure::Silent { .. } | Failure::Io(_))) {
            // A BMC has few sessions, so this one is closed if it still exists.
            self.close();
        }
        outcome
    }

    /// The session; a new one if there is none.
    fn session(&mut self) -> Result<&mut Session<UdpSocket>, Failure> {
        let Self { settings, session } = self;
        if let Some(session) = session {
            return Ok(session);
        }
        let until = Instant::now() + settings.login_timeout;
        let socket = UdpSocket::connect(&settings.host, settings.port, until)?;
        let new = fencebox_ipmi::open(socket, &settings.login())?;
        if !settings.lanplus && new.suite().is_some() && !IS_WARNED.swap(true, Ordering::Relaxed) {
            log::warn("the BMC does not offer IPMI 1.5 with this authentication: using IPMI 2.0; set lanplus=1");
        }
        Ok(session.insert(new))
    }
}

export!(Bmc);

#[cfg(test)]
mod tests;
