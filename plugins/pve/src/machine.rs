//! Which machine a plug is, where it is, and what its state means.

use std::fmt;

use fencebox_sdk::http::Element;
use fencebox_sdk::prelude::*;

use crate::answers::{Kind, Record, Row, is_set, number};
use crate::api::{Api, read};

/// Maximum number of machines in a message.
const SHOWN: usize = 20;

/// The number of a machine, unique in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vmid(u64);

impl Vmid {
    /// The number that a plug is, as the device writes it.
    pub(crate) fn parse(plug: &str) -> Option<Self> {
        let is_number = plug.len() <= 9 && plug.bytes().all(|byte| byte.is_ascii_digit());
        let number = plug.parse().ok().filter(|_| is_number && !plug.starts_with('0'))?;
        Some(Self(number))
    }
}

impl fmt::Display for Vmid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// Where a machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) vmid: Vmid,
    pub(crate) node: String,
    pub(crate) kind: Kind,
}

/// All machines of the cluster that the account may see, and whether the list
/// has nothing else. Their nodes are always right, and their states up to 20
/// seconds old.
pub(crate) fn rows(api: &mut Api) -> Result<(Vec<Row>, bool)> {
    let answer = api.get("/cluster/resources?type=vm")?;
    let elements: Vec<Element<Row>> = read(&answer)?;
    let number = elements.len();
    let rows: Vec<Row> = elements.into_iter().filter_map(|one| one.into_result().ok()).collect();
    let is_complete = rows.len() == number;
    Ok((rows, is_complete))
}

/// Finds the machine that a plug names.
pub(crate) fn find(api: &mut Api, plug: &str, is_container: bool) -> Result<Place> {
    let (rows, is_complete) = rows(api)?;
    let vmid = Vmid::parse(plug);
    let is_plug = |row: &&Row| match vmid {
        Some(vmid) => number(&row.vmid) == Some(vmid.0),
        None => row.name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(plug)),
    };
    let found: Vec<&Row> = rows.iter().filter(is_plug).collect();
    let machines: Vec<&Row> = found.iter().copied().filter(|row| !is_set(&row.template)).collect();
    let row = match machines[..] {
        [row] => row,
        [] if !found.is_empty() => return Err(is_template(plug)),
        [] if is_complete => return Err(missing(plug, vmid, &rows)),
        [] => return Err(Error::unexpected("the cluster lists machines in an unknown form")),
        _ if vmid.is_some() => return Err(Error::unexpected(format!("the cluster lists {plug} twice"))),
        _ => {
            let numbers = machines.iter().take(SHOWN).filter_map(|row| number(&row.vmid));
            return Err(Error::PlugAmbiguous(numbers.map(|number| number.to_string()).collect()));
        }
    };
    if is_container && row.kind != Kind::Lxc {
        let reason = format!("is lxc, and {} is a virtual machine; omit it", excerpt(plug));
        return Err(Error::invalid_option("vmtype", reason));
    }
    let vmid = number(&row.vmid).ok_or_else(|| Error::unexpected("the cluster lists a machine without a number"))?;
    Ok(Place {
        vmid: Vmid(vmid),
        node: row.node.clone(),
        kind: row.kind,
    })
}

/// Why no machine is the plug.
fn missing(plug: &str, vmid: Option<Vmid>, rows: &[Row]) -> Error {
    // A node that does not report has machines without names. One of them may be the plug.
    let nameless = rows.iter().filter(|row| row.name.as_str().is_none()).count();
    if vmid.is_none() && nameless > 0 {
        return Error::unexpected(format!(
            "no machine has the name {}, but the names of {nameless} are not known, because their nodes do not \
             report; set plug to the number of the machine",
            excerpt(plug)
        ));
    }
    if vmid.is_none() {
        log::warn(format!(
            "no machine has the name {}; map the nodes to the numbers of their machines, as with \
             pcmk_host_map=\"node1:100;node2:101\"",
            excerpt(plug)
        ));
    }
    if rows.is_empty() {
        log::warn("the account sees no machine at all; it needs VM.Audit for /vms/NUMBER or for a pool");
    }
    Error::plug_not_found(plug)
}

fn is_template(plug: &str) -> Error {
    let reason = format!("{} is a template, which cannot run", excerpt(plug));
    Error::invalid_option("plug", reason)
}

/// A machine, as its node reports it.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) place: Place,
    pub(crate) record: Record,
}

impl Machine {
    /// The record in an answer of the node at `place` about `plug`.
    pub(crate) fn new(place: Place, plug: &str, record: Record) -> Result<Self> {
        if number(&record.vmid) != Some(place.vmid.0) {
            let other = excerpt(&record.vmid.to_string());
            return Err(Error::unexpected(format!(
                "an answer about {other} instead of {}",
                place.vmid
            )));
        }
        // The list of machines may have an old name.
        let name = record.name.as_str().unwrap_or_default();
        if Vmid::parse(plug).is_none() && !name.eq_ignore_ascii_case(plug) {
            let (vmid, name, plug) = (place.vmid, excerpt(name), excerpt(plug));
            return Err(Error::unexpected(format!("the name of {vmid} is {name}, not {plug}")));
        }
        if is_set(&record.template) {
            return Err(is_template(plug));
        }
        Ok(Self { place, record })
    }
}

impl Record {
    /// The lock of a task on the device.
    pub(crate) fn lock(&self) -> Option<&str> {
        self.lock.as_str().filter(|lock| !lock.is_empty())
    }

    /// Off only if nothing in the record contradicts it.
    pub(crate) fn power(&self) -> PowerStatus {
        match self.status.as_str() {
            Some("stopped") => self.stopped(),
            // Containers have no `qmpstatus`.
            Some("running") if self.qmpstatus.is_null() => PowerStatus::On,
            Some("running") => match self.qmpstatus.as_str() {
                Some(
                    "running" | "inmigrate" | "postmigrate" | "finish-migrate" | "restore-vm" | "save-vm" | "colo",
                ) => PowerStatus::On,
                // Its process has the memory, and it may go on. A backup of a machine that is off is `prelaunch`.
                Some(
                    "paused" | "prelaunch" | "suspended" | "io-error" | "internal-error" | "guest-panicked"
                    | "shutdown" | "watchdog" | "debug",
                ) => PowerStatus::Standby,
                _ => self.unknown("qmpstatus", &self.qmpstatus),
            },
            _ => self.unknown("status", &self.status),
        }
    }

    fn stopped(&self) -> PowerStatus {
        if !self.qmpstatus.is_null() && self.qmpstatus != "stopped" {
            return self.unknown("qmpstatus", &self.qmpstatus);
        }
        if number(&self.pid).is_some_and(|pid| pid > 0) {
            return self.unknown("state: stopped, and with the process", &self.pid);
        }
        match self.lock() {
            None if self.lock.is_null() || self.lock.is_string() => PowerStatus::Off,
            // It has no process, and writes to no disk. Only a start would continue with its memory.
            Some("suspended") => {
                log::warn(format!("{} is suspended to disk, which is off", self.vmid));
                PowerStatus::Off
            }
            // These tasks never start a machine with the memory that it had.
            Some(
                "backup" | "clone" | "create" | "destroyed" | "disk" | "fstrim" | "mounted" | "snapshot"
                | "snapshot-delete",
            ) => PowerStatus::Off,
            // After a migration or a rollback it may run on with its memory, maybe on another node.
            _ => self.unknown(
                "state: stopped, and it may run on after the task with the lock",
                &self.lock,
            ),
        }
    }

    fn unknown(&self, what: &str, word: &Value) -> PowerStatus {
        let word = excerpt(&word.to_string());
        log::warn(format!("{} has an unknown {what} {word}", self.vmid));
        PowerStatus::Unknown
    }
}
