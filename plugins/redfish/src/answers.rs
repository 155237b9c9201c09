//! The parts of the device's answers that fencing reads. Unknown members are
//! ignored. A member that occurs twice makes its structure invalid.

use fencebox_sdk::http::Element;
use fencebox_sdk::prelude::*;

/// A link to another resource.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reference {
    #[serde(rename = "@odata.id")]
    pub(crate) id: String,
}

/// The service root.
#[derive(Deserialize)]
pub(crate) struct Root {
    #[serde(rename = "Systems")]
    pub(crate) systems: Option<Element<Reference>>,
    #[serde(rename = "Links")]
    links: Option<Element<RootLinks>>,
}

#[derive(Deserialize)]
struct RootLinks {
    #[serde(rename = "Sessions")]
    sessions: Option<Element<Reference>>,
}

impl Root {
    /// The link to the collection of sessions.
    pub(crate) fn sessions(&self) -> Option<&str> {
        let links = self.links.as_ref()?.expected()?;
        Some(&links.sessions.as_ref()?.expected()?.id)
    }
}

/// One page of a collection.
#[derive(Deserialize)]
pub(crate) struct Collection {
    #[serde(rename = "Members")]
    pub(crate) members: Vec<Element<Reference>>,
    #[serde(rename = "Members@odata.count", default)]
    pub(crate) count: Value,
    #[serde(rename = "Members@odata.nextLink", default)]
    pub(crate) next: Option<String>,
}

/// A system.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    #[serde(rename = "@odata.id")]
    pub(crate) path: String,
    #[serde(rename = "@odata.etag", default)]
    pub(crate) etag: Value,
    // Any JSON values: another type means no name, or an unknown power status.
    #[serde(rename = "Id", default)]
    pub(crate) id: Value,
    #[serde(rename = "Name", default)]
    pub(crate) name: Value,
    #[serde(rename = "HostName", default)]
    pub(crate) host_name: Value,
    #[serde(rename = "UUID", default)]
    pub(crate) uuid: Value,
    #[serde(rename = "PowerState", default)]
    pub(crate) power_state: Value,
    #[serde(rename = "Actions")]
    pub(crate) actions: Option<Element<Actions>>,
    /// Only a collection has members.
    #[serde(rename = "Members", default)]
    pub(crate) members: Value,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Actions {
    #[serde(rename = "#ComputerSystem.Reset")]
    pub(crate) reset: Option<Element<ResetAction>>,
}

/// The action that switches a system.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ResetAction {
    pub(crate) target: String,
    #[serde(rename = "ResetType@Redfish.AllowableValues")]
    pub(crate) allowable: Option<Element<Vec<String>>>,
    #[serde(rename = "@Redfish.ActionInfo")]
    pub(crate) info: Option<Element<String>>,
}

/// What `@Redfish.ActionInfo` leads to.
#[derive(Deserialize)]
pub(crate) struct ActionInfo {
    #[serde(rename = "Parameters", default)]
    parameters: Vec<Element<ActionParameter>>,
}

#[derive(Deserialize)]
struct ActionParameter {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "AllowableValues")]
    allowable: Option<Vec<String>>,
}

impl ActionInfo {
    pub(crate) fn reset_types(self) -> Option<Vec<String>> {
        let parameters = self.parameters.into_iter().filter_map(|one| one.into_result().ok());
        let mut types = parameters.filter(|parameter| parameter.name == "ResetType");
        types.next()?.allowable
    }
}
