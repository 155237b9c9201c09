//! A session with the REST API: its credentials, and the machines that it uses.

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::cloud::Instance;
use crate::dedicated::Dedicated;
use crate::errors;
use crate::inventory;
use crate::kinds::Kind;
use crate::probe;
use crate::settings::Settings;
use crate::vps::Vps;

/// Number of retries of a cycle that failed temporarily before its request was
/// sent. The host itself does not retry a cycle.
const EXCUSES: u32 = 3;

/// A session.
pub(crate) struct Rest {
    api: Api,
    settings: Settings,
    machines: BTreeMap<String, Machine>,
    unsent_retries: u32,
    /// Number of reads of the list in this session.
    lists: u32,
}

/// A machine, and the requests of this session to it.
enum Machine {
    Dedicated(Dedicated),
    Vps(Vps),
    Cloud(Instance),
}

impl Rest {
    pub(crate) fn new(api: Api, settings: Settings) -> Self {
        Self {
            api,
            settings,
            machines: BTreeMap::new(),
            unsent_retries: 0,
            lists: 0,
        }
    }

    pub(crate) fn probe(&mut self) -> Result<()> {
        let outcome = probe::probe(&mut self.api, &self.settings);
        outcome.inspect_err(|problem| {
            if let Error::PlugNotFound(plug) = problem {
                self.explain(plug, problem);
            }
        })
    }

    pub(crate) fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let before = self.lists;
        self.lists += 1;
        inventory::plugs(&mut self.api, &self.settings, with_status, before)
    }

    pub(crate) fn power(&mut self, plug: &str) -> Result<PowerStatus> {
        let (api, settings, machine) = self.machine(plug);
        let power = match machine {
            Machine::Dedicated(server) => server.power(api),
            Machine::Vps(vps) => vps.power(api),
            Machine::Cloud(instance) => instance.power(api, settings),
        };
        power.inspect_err(|problem| self.explain(plug, problem))
    }

    pub(crate) fn switch(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let (api, settings, machine) = self.machine(plug);
        match machine {
            Machine::Dedicated(server) => server.switch(api, settings, target),
            Machine::Vps(vps) => vps.switch(api, target),
            Machine::Cloud(instance) => instance.switch(api, settings, target),
        }
    }

    /// The host calls this once, because a second cycle would be a second reboot.
    /// Before the request is sent a retry is harmless, so the host is asked for one.
    pub(crate) fn cycle(&mut self, plug: &str) -> Result<()> {
        let (api, settings, machine) = self.machine(plug);
        let outcome = match machine {
            Machine::Dedicated(server) => server.cycle(api, settings),
            Machine::Vps(vps) => vps.cycle(api),
            Machine::Cloud(instance) => instance.cycle(api, settings),
        };
        match outcome {
            Err(problem) if errors::leaves_doubt(&problem) && !machine.has_begun() => {
                let text = problem.text();
                self.unsent_retries += 1;
                Err(if self.unsent_retries <= EXCUSES {
                    Error::busy(format!("nothing was sent to {plug} yet: {text}"), None)
                } else {
                    Error::task_failed(format!("no reboot of {plug} was requested: {text}"))
                })
            }
            outcome => outcome,
        }
    }

    pub(crate) fn is_cycled(&mut self, plug: &str) -> Result<bool> {
        let (api, settings, machine) = self.machine(plug);
        match machine {
            Machine::Dedicated(server) => server.is_cycled(api),
            Machine::Vps(vps) => vps.is_cycled(api),
            Machine::Cloud(instance) => instance.is_cycled(api, settings),
        }
    }

    fn machine(&mut self, plug: &str) -> (&mut Api, &Settings, &mut Machine) {
        let kind = self.settings.kind_of(plug);
        let machine = self.machines.entry(plug.to_owned()).or_insert_with(|| match kind {
            Kind::Dedicated => Machine::Dedicated(Dedicated::of(plug)),
            Kind::Vps => Machine::Vps(Vps::of(plug)),
            Kind::Cloud => Machine::Cloud(Instance::of(plug)),
        });
        (&mut self.api, &self.settings, machine)
    }

    /// Logs the kind of service in which a missing plug was searched, if only its name decided that.
    fn explain(&self, plug: &str, problem: &Error) {
        if matches!(problem, Error::PlugNotFound(_)) && self.settings.service.is_none() {
            log::warn(format!(
                "{plug} was searched as service={} because of its name; if that is wrong, set the option service",
                Kind::by_name(plug).word()
            ));
        }
    }
}

impl Machine {
    /// Whether a request that changes the power was sent, or may have been.
    fn has_begun(&self) -> bool {
        match self {
            Self::Dedicated(server) => server.has_begun(),
            Self::Vps(vps) => vps.has_begun(),
            Self::Cloud(instance) => instance.has_begun(),
        }
    }
}
