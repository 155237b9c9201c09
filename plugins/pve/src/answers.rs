//! The parts of the device's answers that fencing reads. Unknown members are
//! ignored. A member that occurs twice makes its structure invalid.

use fencebox_sdk::prelude::*;

/// What every answer contains.
#[derive(Deserialize)]
pub(crate) struct Answer<T> {
    pub(crate) data: T,
}

/// The answer to a login.
#[derive(Deserialize)]
pub(crate) struct Login {
    #[serde(default)]
    pub(crate) ticket: Value,
    #[serde(rename = "CSRFPreventionToken", default)]
    pub(crate) csrf: Value,
    #[serde(rename = "NeedTFA", default)]
    pub(crate) needs_second_factor: Value,
}

/// A row of the machines of the cluster.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) vmid: Value,
    pub(crate) node: String,
    // A node that does not report has machines without names.
    #[serde(default)]
    pub(crate) name: Value,
    #[serde(default)]
    pub(crate) template: Value,
}

/// Virtual machine or container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Qemu,
    Lxc,
}

impl Kind {
    /// As in paths and in the option `vmtype`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Lxc => "lxc",
        }
    }
}

/// The state of a machine, as its node reports it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    #[serde(default)]
    pub(crate) vmid: Value,
    #[serde(default)]
    pub(crate) name: Value,
    #[serde(default)]
    pub(crate) status: Value,
    /// Containers have none.
    #[serde(default)]
    pub(crate) qmpstatus: Value,
    #[serde(default)]
    pub(crate) lock: Value,
    #[serde(default)]
    pub(crate) pid: Value,
    #[serde(default)]
    pub(crate) template: Value,
    #[serde(default)]
    pub(crate) ha: Value,
}

/// The state of a task.
#[derive(Deserialize)]
pub(crate) struct TaskStatus {
    #[serde(default)]
    pub(crate) upid: Value,
    #[serde(default)]
    pub(crate) status: Value,
    #[serde(default)]
    pub(crate) exitstatus: Value,
}

/// A number as the device writes it: some versions write it as text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

/// A boolean as the device writes it: `1`, `"1"` or `true`.
pub(crate) fn is_set(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| number(value) == Some(1))
}
