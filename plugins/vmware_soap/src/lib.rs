//! `fence_vmware_soap`: virtual machines of a VMware vCenter, or of an ESXi host without one, by the vSphere Web Services
//! API (SOAP, namespace `urn:vim25`).
//!
//! A machine is a managed object. Its properties are read with the property collector, in pages if there are many
//! machines. A request that switches a machine starts a task.

mod calls;
mod envelope;
mod fault;
mod machine;
mod properties;
mod search;
mod task;

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use calls::{Reference, Vim};
use fault::Failure;
use machine::Machine;
use task::{Progress, Task};

/// A session with a vCenter or an ESXi host.
pub struct Vsphere {
    vim: Vim,
    /// The plugs of the action.
    named: Vec<String>,
    /// The managed object of each plug.
    found: BTreeMap<String, Reference>,
    tasks: BTreeMap<String, Task>,
}

#[device]
impl Device for Vsphere {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_vmware_soap", "Fence agent for VMware vCenter and ESXi, by SOAP")
            .longdesc(
                "Switches virtual machines on and off through the SOAP API of a VMware vCenter or ESXi host. plug is the \
                 inventory path of the machine (/datacenter/vm/folder/name), its UUID, or its name, if the name is \
                 unique. The agent always uses TLS. A machine counts as off only if its host is connected and reports \
                 poweredOff: a suspended or disconnected machine is not off.",
            )
            .vendor_url("https://www.vmware.com")
            .rights([
                "VirtualMachine.Interact.PowerOff",
                "VirtualMachine.Interact.PowerOn",
                "System.Read",
                "System.View",
            ])
            .options(["ip", "username", "password", "plug", "ssl", "notls"])
            .default("ipport", "443")
            .default("ssl", "1")
            .meaning(
                "plug",
                "Inventory path (/datacenter/vm/folder/name), UUID, or unique name of the machine",
            )
            .endpoint(Endpoint::from_options(calls::ENDPOINT).scheme(Scheme::Https))
    }

    fn check_options(options: &Options) -> Result<()> {
        for name in ["username", "password", "plug"] {
            let is_good = |value: &str| fencebox_xml::escape(value).is_some();
            if !options.get(name).is_none_or(is_good) {
                return Err(Error::invalid_option(name, "has a character that XML cannot transmit"));
            }
        }
        Ok(())
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Self {
            vim: Vim::open(options)?,
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            found: BTreeMap::new(),
            tasks: BTreeMap::new(),
        })
    }

    fn probe(&mut self) -> Result<()> {
        for plug in self.named.clone() {
            self.read(&plug)?;
            if let Some(machine) = self.found.get(&plug) {
                self.vim.check_privileges(machine)?;
            }
        }
        if self.named.is_empty() && !search::sees_any(&mut self.vim)? {
            return Err(Error::NotPermitted(
                "the account sees no virtual machine; give it System.View and System.Read on them".to_owned(),
            ));
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
        let is_same = self.tasks.get(plug).is_some_and(|task| task.target() == target);
        if is_same && self.is_under_way(plug)? {
            return Ok(());
        }
        let machine = self.find(plug)?;
        self.tasks.remove(plug);
        match task::start(&mut self.vim, &machine, target) {
            Ok(task) => {
                self.tasks.insert(plug.to_owned(), task);
                Ok(())
            }
            // The device is not asked to be trusted: the next reads decide.
            Err(Failure::Fault(fault)) if fault.is_already(target) => {
                log::info("the device refused the request as not needed");
                Ok(())
            }
            Err(failure) => {
                // The machine may have another managed object now.
                self.found.remove(plug);
                Err(failure.of_request())
            }
        }
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let machines = search::all(&mut self.vim)?;
        let plug = |machine: &Machine| {
            let plug = Plug::new(machine.name()).alias(machine.uuid());
            if with_status {
                plug.status(machine.power())
            } else {
                plug
            }
        };
        Ok(machines.iter().map(plug).collect())
    }

    fn close(&mut self) {
        self.vim.close();
    }
}

impl Vsphere {
    /// The managed object of a plug.
    fn find(&mut self, plug: &str) -> Result<Reference> {
        if let Some(machine) = self.found.get(plug) {
            return Ok(machine.clone());
        }
        let machine = search::find(&mut self.vim, plug)?;
        self.found.insert(plug.to_owned(), machine.clone());
        Ok(machine)
    }

    /// The machine of a plug, as the device reports it now.
    fn read(&mut self, plug: &str) -> Result<Machine> {
        let reference = self.find(plug)?;
        let machine = Machine::read(&mut self.vim, &reference).and_then(|machine| {
            machine.check(plug)?;
            Ok(machine)
        });
        if machine.is_err() {
            // It may have been renamed or registered again.
            self.found.remove(plug);
        }
        machine
    }

    /// Whether a task that this session started for the plug still runs.
    fn is_under_way(&mut self, plug: &str) -> Result<bool> {
        let Some(task) = self.tasks.get(plug) else {
            return Ok(false);
        };
        match task.progress(&mut self.vim)? {
            Progress::UnderWay => Ok(true),
            Progress::Ended => {
                self.tasks.remove(plug);
                Ok(false)
            }
            Progress::Failed(fault) => {
                self.tasks.remove(plug);
                Err(Failure::Fault(fault).of_request())
            }
        }
    }
}

export!(Vsphere);
