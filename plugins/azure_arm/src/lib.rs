//! `fence_azure_arm`: virtual machines of Microsoft Azure, through the REST API
//! of Azure Resource Manager.
//!
//! Azure accepts a request with an operation, and executes it later. The view of
//! a machine lags behind, so it proves off only after the operation of this
//! session has succeeded.

mod answers;
mod cloud;
mod description;
mod login;
mod machines;
mod metadata;
mod refusal;
mod settings;

use fencebox_operations::{Purpose, Requests};
use fencebox_sdk::http::Path;
use fencebox_sdk::prelude::*;

use answers::Machine;
use machines::{Machines, Outcome, Verb};
use settings::Settings;

/// A session with one resource group.
pub struct Group {
    machines: Machines,
    /// The machines in the option `plug`.
    named: Vec<String>,
    requests: Requests<Path>,
}

#[device]
impl Device for Group {
    fn describe(_name: &str) -> Agent {
        description::agent()
    }

    fn check_options(options: &Options) -> Result<()> {
        Settings::read(options).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Self {
            machines: Machines::open(Settings::read(options)?)?,
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            requests: Requests::default(),
        })
    }

    fn probe(&mut self) -> Result<()> {
        if self.named.is_empty() {
            return self.machines.check_list();
        }
        for plug in self.named.clone() {
            self.machines.machine(&plug)?;
            self.machines.check_permissions(&plug)?;
        }
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        if self.is_under_way(plug)? {
            return Ok(PowerStatus::Unknown);
        }
        Ok(self.requests.seen(plug, self.machines.machine(plug)?.power()))
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let purpose = Purpose::Power(target);
        if self.requests.has_operation_for(plug, purpose) && self.is_under_way(plug)? {
            return Ok(());
        }
        let verb = match target {
            PowerTarget::On => Verb::Start,
            PowerTarget::Off => Verb::PowerOff,
        };
        self.requests.send(plug, purpose);
        match self.machines.act(plug, verb)? {
            Outcome::Accepted(operation) => self.requests.accepted(plug, operation),
            Outcome::Done => self.requests.confirm(plug),
            // Azure does not power off a machine without a host. It says so by the state that it keeps itself, and not
            // by the view that lags behind.
            Outcome::Deallocated(reason) => {
                if !self.machines.machine(plug)?.is_deallocated() {
                    return Err(Error::busy(reason, None));
                }
                log::info(format!("{}: {reason}", excerpt(plug)));
                self.requests.confirm(plug);
            }
        }
        Ok(())
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let plug = |machine: Machine| {
            let plug = Plug::new(&machine.name);
            if with_status {
                plug.status(machine.power())
            } else {
                plug
            }
        };
        Ok(self.machines.all(with_status)?.into_iter().map(plug).collect())
    }
}

impl Group {
    /// Whether the operation of this session for the plug still runs.
    fn is_under_way(&mut self, plug: &str) -> Result<bool> {
        let machines = &mut self.machines;
        self.requests.follow(plug, |operation| machines.progress(operation))
    }
}

export!(Group);
