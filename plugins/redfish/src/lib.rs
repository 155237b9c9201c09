//! `fence_redfish`: servers whose BMC or chassis has Redfish (DMTF DSP0266).
//!
//! A service root leads to a collection of systems. Each system has a
//! `PowerState` and an action `#ComputerSystem.Reset`. The device accepts a
//! request before it acts, and some devices show an old state for some seconds.

mod answers;
mod refusal;
mod reset;
mod service;
mod system;
mod systems;
mod task;

use std::collections::BTreeMap;

use fencebox_sdk::http::Path;
use fencebox_sdk::prelude::*;

use reset::Reset;
use service::Service;
use system::System;
use task::{Progress, Task};

/// A session with one device.
pub struct Bmc {
    service: Service,
    /// The system in the option `systems_uri`.
    given: Option<Path>,
    /// The names of systems in the option `plug`.
    named: Vec<String>,
    /// The last record of each plug.
    found: BTreeMap<String, System>,
    tasks: BTreeMap<String, Task>,
}

#[device]
impl Device for Bmc {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_redfish", "Fence agent for Redfish")
            .longdesc(
                "Switches servers on and off through Redfish, the interface of BMCs and chassis that DMTF DSP0266 \
                 describes. The account needs the privileges Login and ConfigureComponents, or the vendor's permission \
                 to control the power of the host. Power off is always forced. If the device has several systems, \
                 systems_uri is the URI of one, or plug is its Id, Name, HostName or UUID. The device itself has to \
                 report off; an accepted request is not a success.",
            )
            .vendor_url("https://www.dmtf.org/standards/redfish")
            .rights([
                "GET /redfish/v1/Systems/* (Login)",
                "POST /redfish/v1/Systems/*/Actions/ComputerSystem.Reset (ConfigureComponents)",
            ])
            .options(["ip", "username", "password", "plug", "port_as_ip", "ssl"])
            .default("ipport", "443")
            .default("ssl", "1")
            .meaning(
                "plug",
                "Id, Name, HostName or UUID of the system; with port_as_ip the address",
            )
            .parameter(
                Parameter::text("redfish_uri")
                    .obsoletes("redfish-uri")
                    .shortdesc("URI of the service root")
                    .default(service::ROOT),
            )
            .parameter(
                Parameter::text("systems_uri")
                    .obsoletes("systems-uri")
                    .shortdesc("URI of the system, such as /redfish/v1/Systems/System.Embedded.1"),
            )
            .parameter(
                Parameter::boolean("session_auth")
                    .shortdesc("Log in once for a session and log out, instead of HTTP Basic"),
            )
            // BMCs need up to 6 seconds for an answer, and some report off 15 seconds after a request.
            .default("login_timeout", "10")
            .default("shell_timeout", "10")
            .default("power_timeout", "60")
            .operations(Operations::PLUG_OPTIONAL)
            .endpoint(Endpoint::from_options(service::ENDPOINT).scheme(Scheme::Https))
    }

    fn check_options(options: &Options) -> Result<()> {
        service::root(options)?;
        service::check_username(options)?;
        given(options).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        let (given, named) = (given(options)?, named(options));
        // `check_options` gets one plug in each call.
        if given.is_some() && named.len() > 1 {
            let reason = "is one system, and plug names several; omit systems_uri, or set one plug";
            return Err(Error::invalid_option("systems_uri", reason));
        }
        Ok(Self {
            service: Service::open(options)?,
            given,
            named,
            found: BTreeMap::new(),
            tasks: BTreeMap::new(),
        })
    }

    /// The service root is public, so only a system shows that the login works.
    fn probe(&mut self) -> Result<()> {
        let mut plugs = self.named.clone();
        if plugs.is_empty() {
            plugs.push(String::new());
        }
        for plug in plugs {
            let system = self.read(&plug)?;
            if system.power_state().is_none() {
                return Err(Error::unexpected(format!("{} has no PowerState", system.name())));
            }
            reset::select(&mut self.service, &system, Reset::Off)?;
        }
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        if self.is_under_way(plug)? {
            return Ok(PowerStatus::Unknown);
        }
        Ok(self.read(plug)?.power())
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let kind = match target {
            PowerTarget::On => Reset::On,
            PowerTarget::Off => Reset::Off,
        };
        let is_same = self.tasks.get(plug).is_some_and(|task| task.kind() == kind);
        if is_same && self.is_under_way(plug)? {
            return Ok(());
        }
        match self.reset(plug, kind) {
            // The device is not asked to be trusted: the next reads decide.
            Err(reset::Failure::AlreadyThere(reason)) => {
                log::info(format!("the device refused the request as not needed: {reason}"));
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    fn diagnose(&mut self, plug: &str) -> Result<()> {
        Ok(self.reset(plug, Reset::Interrupt)?)
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let members = match &self.given {
            Some(path) => vec![path.clone()],
            None => systems::members(&mut self.service)?,
        };
        let plug = |path: Path| {
            let system = self.service.system(path)?;
            let plug = Plug::new(system.id()).alias(system.name());
            Ok(if with_status { plug.status(system.power()) } else { plug })
        };
        members.into_iter().map(plug).collect()
    }

    fn close(&mut self) {
        self.service.close();
    }
}

impl Bmc {
    /// The system of a plug, as the device reports it now.
    fn read(&mut self, plug: &str) -> Result<System> {
        let path = match (self.found.remove(plug), &self.given) {
            (Some(system), _) => system.into_path(),
            (None, Some(path)) => path.clone(),
            (None, None) => systems::find(&mut self.service, plug, self.named.len() > 1)?,
        };
        let system = match self.service.system(path) {
            Err(Error::PlugNotFound(path)) if self.given.is_some() => {
                let reason = format!("is {path}, and the device has no system there; omit it, or use action list");
                return Err(Error::invalid_option("systems_uri", reason));
            }
            Err(Error::PlugNotFound(path)) => {
                return Err(Error::unexpected(format!(
                    "the device lists the system {path}, and does not have it"
                )));
            }
            outcome => outcome?,
        };
        self.found.insert(plug.to_owned(), system.clone());
        Ok(system)
    }

    fn reset(&mut self, plug: &str, kind: Reset) -> Result<(), reset::Failure> {
        let system = match self.found.get(plug) {
            Some(system) => system.clone(),
            None => self.read(plug)?,
        };
        self.tasks.remove(plug);
        let task = reset::send(&mut self.service, &system, kind);
        if task.is_err() {
            // The next request begins with a new record.
            self.found.remove(plug);
        }
        if let Some(path) = task? {
            self.tasks.insert(plug.to_owned(), Task::new(path, kind));
        }
        Ok(())
    }

    /// Whether a task that this session started for the plug still runs.
    fn is_under_way(&mut self, plug: &str) -> Result<bool> {
        let Some(task) = self.tasks.get(plug) else {
            return Ok(false);
        };
        match task.progress(&mut self.service)? {
            Progress::UnderWay => Ok(true),
            Progress::Ended => {
                self.tasks.remove(plug);
                Ok(false)
            }
            Progress::Failed(reason) => {
                self.tasks.remove(plug);
                Err(Error::task_failed(reason))
            }
        }
    }
}

/// The system in the option `systems_uri`.
fn given(options: &Options) -> Result<Option<Path>> {
    options
        .get("systems_uri")
        .map(|uri| service::path_of("systems_uri", uri))
        .transpose()
}

/// The names of systems. With `port_as_ip`, the plug is the address.
fn named(options: &Options) -> Vec<String> {
    if options.is_set("port_as_ip") {
        return Vec::new();
    }
    options.plugs().into_iter().map(str::to_owned).collect()
}

export!(Bmc);
