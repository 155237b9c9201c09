//! The parts of virtual machine records that fencing reads.

use std::fmt;

use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::{Misfit, Part, Value};

/// The members of a record that the plugin reads.
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

/// Operations during or after which a machine runs.
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

/// The kinds of objects that the pool stores as a VM record.
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
    /// Any other word, or an empty one.
    Other(String),
}

impl State {
    /// Case-sensitive: errors contain `halted`, but records never do.
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

/// One run of a machine: its domain number, which every start and reboot
/// changes, and the host that assigned the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    /// The reference of the host, for comparison only.
    pub(crate) host: String,
    pub(crate) number: i64,
}

/// The record of a machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) uuid: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// A current operation of [`STARTING`].
    pub(crate) starting: Option<String>,
    /// The current run, if the record has both the host and the number.
    pub(crate) domain: Option<Domain>,
    /// The part of the record that shows a run, for messages.
    resident: Option<String>,
}

impl Machine {
    /// Reads a record. Of an object that is never switched, only its names matter.
    pub(crate) fn read(record: &Part<'_>) -> Result<Self, Misfit> {
        let kind = kind(record)?;
        if kind != Kind::Machine {
            return Ok(Self {
                uuid: text(record, "uuid"),
                label: text(record, "name_label"),
                kind,
                state: State::Other(String::new()),
                starting: None,
                domain: None,
                resident: None,
            });
        }
        let state = record.optional("power_state")?.map(|word| word.text()).transpose()?;
        let (host, number) = residence(record)?;
        Ok(Self {
            uuid: record.member("uuid")?.text()?.to_ascii_lowercase(),
            label: record.member("name_label")?.text()?.to_owned(),
            kind,
            state: State::parse(state.unwrap_or_default()),
            starting: starting(record)?,
            resident: match (&host, &number) {
                (_, Number::Odd) => Some("domid is not a number".to_owned()),
                (_, Number::Domain(number)) => Some(format!("domid is {number}")),
                (Some(_), Number::None) => Some("resident_on is a host".to_owned()),
                (None, Number::None) => None,
            },
            domain: match (host, number) {
                (Some(host), Number::Domain(number)) => Some(Domain { host, number }),
                _ => None,
            },
        })
    }

    /// Off only if the pool reports `Halted` and no start is under way.
    ///
    /// During a start the pool still reports `Halted`, although the domain may
    /// already exist: such a machine is on standby. It is not unknown, because
    /// the agent's host sends no request for a plug with an unknown status. On
    /// standby the agent's host requests `off`. The pool refuses this as busy
    /// until the start is complete, and the agent's host retries. If the start
    /// hangs, `off` fails at its timeout and never succeeds.
    ///
    /// A record that is `Halted` and has a domain or a host, or a `domid` that is not
    /// a number, contradicts itself:
    /// one of the two is old, and the record does not show which.
    ///
    /// A shutdown under way does not matter: once the pool reports `Halted`,
    /// the domain has ended, and the rest of the task is cleanup.
    pub(crate) fn power(&self) -> PowerStatus {
        if let (State::Halted, Some(resident)) = (&self.state, &self.resident) {
            log::warn(format!(
                "{} is Halted, but its {resident}: the record contradicts itself and does not count as off",
                self.uuid
            ));
            return PowerStatus::Unknown;
        }
        match (&self.state, &self.starting) {
            (State::Halted, Some(operation)) => {
                log::warn(format!(
                    "{} is Halted, but `{operation}` is under way: this does not count as off",
                    self.uuid
                ));
                PowerStatus::Standby
            }
            (State::Halted, None) => PowerStatus::Off,
            (State::Running, _) => PowerStatus::On,
            // These machines keep their disks and can resume with their memory.
            (State::Paused | State::Suspended, _) => PowerStatus::Standby,
            (State::Other(_), _) => {
                log::warn(format!("{} has an unknown power state: {}", self.uuid, self.state));
                PowerStatus::Unknown
            }
        }
    }
}

/// The kind of the record. A snapshot also has the flag of a template. Any flag is
/// enough for an object that is never switched; a machine has all of them.
fn kind(record: &Part<'_>) -> Result<Kind, Misfit> {
    let flags = [
        ("is_control_domain", Kind::ControlDomain),
        ("is_a_snapshot", Kind::Snapshot),
        ("is_a_template", Kind::Template),
    ];
    for (name, kind) in flags {
        if record.optional(name)?.is_some_and(|flag| flag.boolean() == Ok(true)) {
            return Ok(kind);
        }
    }
    record
        .optional("is_a_snapshot")?
        .map(|flag| flag.boolean())
        .transpose()?;
    record.member("is_control_domain")?.boolean()?;
    record.member("is_a_template")?.boolean()?;
    Ok(Kind::Machine)
}

/// A text of the record; empty if it is missing or of another type.
pub(crate) fn text(record: &Part<'_>, name: &str) -> String {
    let part = record.optional(name).ok().flatten();
    part.and_then(|part| part.text().ok()).unwrap_or_default().to_owned()
}

/// The first starting operation in `current_operations`, a map from tasks to
/// names of operations.
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

/// The number of a domain.
enum Number {
    /// Missing or negative: the machine does not run.
    None,
    Domain(i64),
    /// Not a number, so the record does not show whether the machine runs.
    Odd,
}

/// The host that a machine runs on, if the record has one, and the number of its
/// domain. xapi sends integers as text. A machine that does not run has the domain
/// -1 and the host `OpaqueRef:NULL`.
fn residence(record: &Part<'_>) -> Result<(Option<String>, Number), Misfit> {
    let host = record.optional("resident_on")?.map(|host| host.text()).transpose()?;
    let host = host.filter(|host| !host.is_empty() && !host.ends_with(":NULL"));
    let number = match record.optional("domid")?.map(|number| number.value()) {
        None => Some(-1),
        Some(Value::Int(number)) => Some(*number),
        Some(Value::Text(digits)) if digits.is_empty() => Some(-1),
        Some(Value::Text(digits)) => digits.parse().ok(),
        Some(_) => None,
    };
    let number = match number {
        None => Number::Odd,
        Some(..0) => Number::None,
        Some(number) => Number::Domain(number),
    };
    Ok((host.map(str::to_owned), number))
}
