//! Records of virtual machines, as far as fencing reads them.

use std::fmt;

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::{Misfit, Part, Value};

/// The members of a record that are read.
pub(crate) const MEMBERS: [&str; 9] = [
    "uuid",
    "name_label",
    "power_state",
    "is_a_template",
    "is_control_domain",
    "is_a_snapshot",
    "resident_on",
    "domid",
    "current_operations",
];

/// Operations after which, or in the course of which, a machine runs.
const STARTING: [&str; 12] = [
    "start",
    "start_on",
    "resume",
    "resume_on",
    "unpause",
    "clean_reboot",
    "hard_reboot",
    "pool_migrate",
    "migrate_send",
    "checkpoint",
    "revert",
    "reverting",
];

/// What the pool keeps a record of as a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Machine,
    Template,
    Snapshot,
    ControlDomain,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Machine => "virtual machine",
            Self::Template => "template",
            Self::Snapshot => "snapshot",
            Self::ControlDomain => "control domain",
        })
    }
}

/// `power_state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Halted,
    Running,
    Paused,
    Suspended,
    /// Any other word, or none.
    Other(String),
}

impl State {
    /// Case counts: `halted` is a word of errors, and of no record.
    fn parse(word: &str) -> Self {
        match word {
            "Halted" => Self::Halted,
            "Running" => Self::Running,
            "Paused" => Self::Paused,
            "Suspended" => Self::Suspended,
            other => Self::Other(excerpt(other)),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(word) if word.is_empty() => formatter.write_str("without a power state"),
            Self::Other(word) => formatter.write_str(word),
            known => write!(formatter, "{known:?}"),
        }
    }
}

/// One run of a machine: the number of its domain, which each start and each
/// reboot changes, on the host that gave the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    /// Reference of the host, for comparison only.
    pub(crate) host: String,
    pub(crate) number: i64,
}

/// A record.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) uuid: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// An operation under way that leads to a machine that runs.
    pub(crate) starting: Option<String>,
    /// The present run, where there is one and the record has both parts of it.
    pub(crate) domain: Option<Domain>,
    /// What in the record says that there is a run.
    resident: Option<String>,
}

impl Machine {
    pub(crate) fn read(record: &Part<'_>) -> Result<Self, Misfit> {
        let state = record.optional("power_state")?.map(|word| word.text()).transpose()?;
        let (host, number) = residence(record)?;
        Ok(Self {
            uuid: record.member("uuid")?.text()?.to_ascii_lowercase(),
            label: record.member("name_label")?.text()?.to_owned(),
            kind: kind(record)?,
            state: State::parse(state.unwrap_or_default()),
            starting: starting(record)?,
            resident: match (&host, number) {
                (None, None) => None,
                (_, Some(number)) => Some(format!("domid is {number}")),
                (Some(_), None) => Some("resident_on is a host".to_owned()),
            },
            domain: host.zip(number).map(|(host, number)| Domain { host, number }),
        })
    }

    /// Off is only what the pool itself calls halted, and is not about to run.
    ///
    /// While a start is under way the pool still says `Halted`, and the domain
    /// may be there already: such a machine is on standby. It is not unknown,
    /// because of a machine whose power is unknown the host asks for nothing;
    /// so `off` is asked for, which the pool refuses as busy until the start
    /// is over, and is then asked for again. A start that hangs makes `off`
    /// fail when its time is up, and never succeed.
    ///
    /// A record that is Halted and has a domain or a host contradicts itself:
    /// one of the two is old, and nobody knows which.
    ///
    /// A shutdown under way does not count: once the pool says `Halted`, the
    /// domain is gone, and what is left of the task is tidying up.
    pub(crate) fn power(&self) -> PowerStatus {
        if let (State::Halted, Some(resident)) = (&self.state, &self.resident) {
            log::warn(format!(
                "{} is Halted, but its {resident}: the record contradicts itself, and that is not taken for off",
                self.uuid
            ));
            return PowerStatus::Unknown;
        }
        match (&self.state, &self.starting) {
            (State::Halted, Some(operation)) => {
                log::warn(format!(
                    "{} is Halted, but `{operation}` is under way: that is not taken for off",
                    self.uuid
                ));
                PowerStatus::Standby
            }
            (State::Halted, None) => PowerStatus::Off,
            (State::Running, _) => PowerStatus::On,
            // They hold their disks, and go on with the memory they had.
            (State::Paused | State::Suspended, _) => PowerStatus::Standby,
            (State::Other(_), _) => {
                log::warn(format!(
                    "{} has no power state that is known: {}",
                    self.uuid, self.state
                ));
                PowerStatus::Unknown
            }
        }
    }
}

/// A snapshot says that it is a template too.
fn kind(record: &Part<'_>) -> Result<Kind, Misfit> {
    let is_snapshot = record
        .optional("is_a_snapshot")?
        .map(|flag| flag.boolean())
        .transpose()?;
    let is_control_domain = record.member("is_control_domain")?.boolean()?;
    let is_template = record.member("is_a_template")?.boolean()?;
    Ok(match (is_control_domain, is_snapshot == Some(true), is_template) {
        (true, ..) => Kind::ControlDomain,
        (_, true, _) => Kind::Snapshot,
        (.., true) => Kind::Template,
        _ => Kind::Machine,
    })
}

/// `current_operations`: names of operations by their tasks.
fn starting(record: &Part<'_>) -> Result<Option<String>, Misfit> {
    let Some(operations) = record.optional("current_operations")? else {
        return Ok(None);
    };
    for (_, operation) in operations.members()? {
        let operation = operation.text()?;
        if STARTING.contains(&operation) {
            return Ok(Some(operation.to_owned()));
        }
    }
    Ok(None)
}

/// The host that a machine runs on and the number of its domain, each where the
/// record has one. Integers travel as texts of digits. A machine that does not
/// run is in the domain -1 of the host `OpaqueRef:NULL`.
fn residence(record: &Part<'_>) -> Result<(Option<String>, Option<i64>), Misfit> {
    let host = record.optional("resident_on")?.map(|host| host.text()).transpose()?;
    let number = record.optional("domid")?.and_then(|number| match number.value() {
        Value::Int(number) => Some(*number),
        Value::Text(digits) => digits.parse().ok(),
        _ => None,
    });
    let host = host.filter(|host| !host.is_empty() && !host.ends_with(":NULL"));
    Ok((host.map(str::to_owned), number.filter(|&number| number >= 0)))
}
