//! `fence_vmware_rest`: virtual machines of a VMware vCenter, by its REST API (vSphere Automation API).
//!
//! The API has two forms: `/rest` of vSphere 6.5 and later, and `/api` of 7.0 and later. Requests that switch a machine
//! are answered when the machine is switched. Names are unique in a folder only.

mod machines;
mod refusal;
mod service;

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

use machines::Row;
use refusal::Kind;
use service::Service;

/// A session with one vCenter.
pub struct Vcenter {
    service: Service,
    /// The plugs of the action.
    named: Vec<String>,
    /// The query text of the option `filter`.
    filter: String,
    /// The machine of each plug.
    found: BTreeMap<String, Row>,
}

#[device]
impl Device for Vcenter {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_vmware_rest", "Fence agent for VMware vCenter, by REST")
            .longdesc(
                "Switches virtual machines on and off through the REST API of a VMware vCenter. plug is the name of the \
                 machine, which must be unique in the vCenter, or its identifier, such as vm-57. The agent always uses \
                 TLS. A machine counts as off only if vCenter can reach its host and reports POWERED_OFF: a suspended \
                 machine is not off. An ESXi host without vCenter needs fence_vmware_soap.",
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
            .default("power_wait", "1")
            .default("shell_timeout", "5")
            .meaning("plug", "Name of the virtual machine, or its identifier, such as vm-57")
            .parameter(
                Parameter::text("api_path")
                    .default(service::ROOT)
                    .shortdesc("Path of the API: /rest, or /api for vSphere 7.0 and later"),
            )
            .parameter(
                Parameter::text("filter")
                    .shortdesc("Query that selects the machines of list, such as filter.names=a&filter.names=b"),
            )
            .endpoint(Endpoint::from_options(service::ENDPOINT).scheme(Scheme::Https))
    }

    fn check_options(options: &Options) -> Result<()> {
        service::check_login(options)?;
        let root = service::root(options)?;
        machines::query(&root, options.get("filter").unwrap_or_default()).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Self {
            named: options.plugs().into_iter().map(str::to_owned).collect(),
            filter: options.get("filter").unwrap_or_default().to_owned(),
            service: Service::open(options)?,
            found: BTreeMap::new(),
        })
    }

    /// Reads the plugs. Without one, reads the list, which has at most 4,000 machines: a longer one is an error that
    /// shows that the login works.
    fn probe(&mut self) -> Result<()> {
        for plug in self.named.clone() {
            self.read(&plug)?;
        }
        if !self.named.is_empty() {
            return Ok(());
        }
        match machines::list(&mut self.service, &self.filter)? {
            Some(rows) if rows.is_empty() => Err(Error::NotPermitted(
                "the account sees no virtual machine; give it System.Read on them, or correct filter".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        self.read(plug)
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let row = self.find(plug)?;
        let answer = self.service.switch(row.id(), target)?;
        match answer.status() {
            200..=299 => Ok(()),
            _ if refusal::kind(&answer) == Kind::AlreadyThere => {
                log::info("the device refused the request as not needed");
                Ok(())
            }
            _ => Err(refusal::of_request(&answer, plug)),
        }
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let Some(rows) = machines::list(&mut self.service, &self.filter)? else {
            let reason = "must select fewer machines: the list has more than 4,000 (1,000 before vSphere 7.0)";
            return Err(Error::invalid_option("filter", reason));
        };
        let plug = |row: &Row| {
            let plug = Plug::new(row.name());
            if !with_status {
                return Ok(plug);
            }
            let power = match row.power() {
                // Off needs a proof.
                PowerStatus::Off => self.read_record(row, &row.name())?,
                power => power,
            };
            Ok(plug.status(power))
        };
        rows.iter().map(plug).collect()
    }

    fn close(&mut self) {
        self.service.close();
    }
}

impl Vcenter {
    /// The machine of a plug.
    fn find(&mut self, plug: &str) -> Result<Row> {
        if let Some(row) = self.found.get(plug) {
            return Ok(row.clone());
        }
        let row = machines::find(&mut self.service, plug)?;
        self.found.insert(plug.to_owned(), row.clone());
        Ok(row)
    }

    /// The power status of a plug. Rows of a list show the last known power state of a machine whose host is
    /// disconnected; the record of the machine is an error then.
    fn read(&mut self, plug: &str) -> Result<PowerStatus> {
        let row = self.find(plug)?;
        let power = self.read_record(&row, plug);
        if power.is_err() {
            // The machine may have another name or identifier now.
            self.found.remove(plug);
        }
        power
    }

    fn read_record(&mut self, row: &Row, plug: &str) -> Result<PowerStatus> {
        let answer = self.service.record(row.id())?;
        match refusal::kind(&answer) {
            Kind::Success => {
                let record = self.service.value(&answer)?;
                machines::power_of_record(row, &record)
            }
            Kind::Inaccessible => {
                log::warn(format!(
                    "the power state of {} is unknown: its host is disconnected, or its files are inaccessible: {}",
                    excerpt(&row.name()),
                    answer.reason()
                ));
                Ok(PowerStatus::Unknown)
            }
            _ => Err(refusal::of_read(&answer, plug)),
        }
    }
}

export!(Vcenter);
