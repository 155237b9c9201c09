//! The parts of the cloud's answers that fencing reads. Unknown members are
//! ignored. A member that occurs twice makes its structure invalid.

use fencebox_sdk::http::{Element, Response};
use fencebox_sdk::prelude::*;
use serde::Deserializer;

/// The answer to a login.
#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) token: Token,
}

#[derive(Deserialize)]
pub(crate) struct Token {
    /// Missing for a token without a project.
    #[serde(default)]
    pub(crate) catalog: Vec<Element<Service>>,
}

/// A service in the catalog.
#[derive(Deserialize)]
pub(crate) struct Service {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) endpoints: Vec<Element<Place>>,
}

/// One place of a service.
#[derive(Deserialize)]
pub(crate) struct Place {
    pub(crate) interface: String,
    #[serde(default)]
    region_id: Value,
    #[serde(default)]
    region: Value,
    pub(crate) url: String,
}

impl Place {
    pub(crate) fn region(&self) -> &str {
        let regions = [&self.region_id, &self.region];
        regions
            .into_iter()
            .find_map(|region| region.as_str())
            .unwrap_or_default()
    }
}

/// A server.
#[derive(Debug, Deserialize)]
pub(crate) struct Server {
    id: String,
    // Any JSON values: another type means no name, or an unknown power status.
    #[serde(default)]
    name: Value,
    #[serde(default)]
    status: Value,
    #[serde(rename = "OS-EXT-STS:vm_state", default)]
    vm_state: Value,
    #[serde(rename = "OS-EXT-STS:power_state", default)]
    power_state: Value,
    /// `null` without a task, and `None` if the member is missing.
    #[serde(rename = "OS-EXT-STS:task_state", default, deserialize_with = "present")]
    task_state: Option<Value>,
}

fn present<'de, D: Deserializer<'de>>(member: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(member).map(Some)
}

impl Server {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_str().filter(|name| !name.is_empty())
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.status == "DELETED"
    }

    /// The task that runs.
    pub(crate) fn task(&self) -> Option<String> {
        let task = self.task_state.as_ref().filter(|task| !task.is_null())?;
        Some(task.as_str().map_or_else(|| "of an unknown kind".to_owned(), excerpt))
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.status == "PAUSED"
    }

    /// Whether the server can go on with its memory.
    pub(crate) fn has_kept_memory(&self) -> bool {
        self.is_paused() || self.status == "SUSPENDED"
    }

    /// Off only for the states without a process on a hypervisor, and only if
    /// the other members agree.
    pub(crate) fn power(&self) -> PowerStatus {
        match self.status.as_str() {
            Some("SHUTOFF") => self.off_if_at_rest("stopped"),
            Some("SHELVED") => self.off_if_at_rest("shelved"),
            Some("SHELVED_OFFLOADED") => self.off_if_at_rest("shelved_offloaded"),
            Some(
                "ACTIVE" | "BUILD" | "HARD_REBOOT" | "MIGRATING" | "PASSWORD" | "REBOOT" | "REBUILD" | "RESIZE"
                | "REVERT_RESIZE" | "VERIFY_RESIZE",
            ) => PowerStatus::On,
            Some("PAUSED" | "RESCUE" | "SOFT_DELETED" | "SUSPENDED") => PowerStatus::Standby,
            status => {
                let status = status.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{} has an unknown status: {status}", excerpt(&self.id)));
                PowerStatus::Unknown
            }
        }
    }

    /// The database of Nova keeps SHUTOFF for a machine that a hypervisor runs
    /// again, so the power state counts: 4 is "shut down", and 0 that the
    /// hypervisor does not have the machine.
    fn off_if_at_rest(&self, vm_state: &str) -> PowerStatus {
        let is_down = matches!(self.power_state.as_u64(), Some(0 | 4));
        if is_down && self.vm_state == vm_state && self.task_state == Some(Value::Null) {
            return PowerStatus::Off;
        }
        log::warn(format!(
            "{} has the status {}, but power_state {}, vm_state {} and task {:?}",
            excerpt(&self.id),
            self.status,
            excerpt(&self.power_state.to_string()),
            excerpt(&self.vm_state.to_string()),
            self.task(),
        ));
        PowerStatus::Unknown
    }
}

/// The record of an action.
#[derive(Deserialize)]
pub(crate) struct InstanceAction {
    pub(crate) request_id: String,
    #[serde(default)]
    pub(crate) instance_uuid: Value,
    #[serde(default)]
    pub(crate) message: Value,
    /// Users see them since microversion 2.51.
    /// Each has a `result` after its end.
    pub(crate) events: Option<Vec<Value>>,
}

/// The reason in an error: its only member has a name of its own, such as
/// `conflictingRequest`.
pub(crate) fn reason(answer: &Response) -> Option<String> {
    let body: Value = answer.json().ok()?;
    let mut members = body.as_object()?.values();
    let message = members.find_map(|member| member["message"].as_str())?;
    Some(message.to_owned())
}

/// Whether a plug is an id. A name in this form cannot be used.
pub(crate) fn is_uuid(plug: &str) -> bool {
    let groups: Vec<&str> = plug.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().all(is_hex) && groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
}
