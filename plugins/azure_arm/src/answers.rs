//! The parts of Azure's answers that fencing reads. Unknown members are
//! ignored. A member that occurs twice makes its structure invalid.

use fencebox_sdk::prelude::*;

/// A virtual machine.
#[derive(Debug, Deserialize)]
pub(crate) struct Machine {
    pub(crate) name: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
struct Properties {
    #[serde(rename = "instanceView", default)]
    view: View,
}

/// What the platform sees of the machine; without any status for a list.
#[derive(Debug, Default, Deserialize)]
struct View {
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    code: Value,
}

impl Machine {
    /// The state after `PowerState/`. None if there is none, or more than one.
    fn state(&self) -> Option<&str> {
        let codes = self.properties.view.statuses.iter();
        let codes = codes.filter_map(|status| status.code.as_str());
        let mut states = codes.filter_map(|code| code.strip_prefix("PowerState/"));
        states.next().filter(|_| states.next().is_none())
    }

    pub(crate) fn is_deallocated(&self) -> bool {
        self.state() == Some("deallocated")
    }

    /// Off only for the states without memory. Hibernation keeps the memory on the disk, and only a start goes on with
    /// it.
    pub(crate) fn power(&self) -> PowerStatus {
        match self.state() {
            Some("stopped" | "deallocated" | "hibernated") => PowerStatus::Off,
            Some("running") => PowerStatus::On,
            // It changes, and may not get to where it goes.
            Some("starting" | "stopping" | "deallocating" | "hibernating" | "resuming") => PowerStatus::Standby,
            state => {
                let state = state.map_or_else(|| "missing or not unique".to_owned(), excerpt);
                log::warn(format!("{} has an unknown PowerState: {state}", excerpt(&self.name)));
                PowerStatus::Unknown
            }
        }
    }
}

/// An operation.
#[derive(Deserialize)]
pub(crate) struct OperationRecord {
    #[serde(default)]
    pub(crate) name: Value,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) error: Value,
}

/// What the account may do with a resource.
#[derive(Deserialize)]
pub(crate) struct Permissions {
    pub(crate) value: Vec<Permission>,
}

/// Actions with wildcards.
#[derive(Deserialize)]
pub(crate) struct Permission {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(rename = "notActions", default)]
    excluded: Vec<String>,
}

impl Permission {
    pub(crate) fn allows(&self, action: &str) -> bool {
        let contains = |patterns: &[String]| patterns.iter().any(|pattern| is_match(pattern, action));
        contains(&self.actions) && !contains(&self.excluded)
    }
}

/// Whether the action matches a pattern, in which `*` stands for any text.
fn is_match(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == action;
    };
    let Some(mut left) = action.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    left.ends_with(end)
}
