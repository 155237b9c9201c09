//! The parts of the API's answers that fencing reads. Unknown members are
//! ignored. A member that occurs twice makes its structure invalid.

use std::collections::BTreeMap;

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

/// An instance.
#[derive(Debug, Deserialize)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Another type, or no status, is an unknown power status.
    #[serde(default)]
    status: Value,
}

impl Instance {
    /// Whether the plug is the name or the ID of the instance.
    pub(crate) fn is(&self, plug: &str) -> bool {
        self.name == plug || self.id == plug
    }

    /// Off only for the states without memory. `TERMINATED` is the word for stopped.
    pub(crate) fn power(&self) -> PowerStatus {
        match self.status.as_str() {
            Some("TERMINATED" | "STOPPED") => PowerStatus::Off,
            Some("RUNNING") => PowerStatus::On,
            // It changes, and may not get to where it goes. A suspended one keeps its memory, and goes on with it.
            Some(
                "PROVISIONING" | "STAGING" | "REPAIRING" | "STOPPING" | "PENDING_STOP" | "SUSPENDING" | "SUSPENDED"
                | "DEPROVISIONING",
            ) => PowerStatus::Standby,
            status => {
                let status = status.map_or_else(|| "missing".to_owned(), excerpt);
                log::warn(format!("{} has an unknown status: {status}", excerpt(&self.name)));
                PowerStatus::Unknown
            }
        }
    }
}

/// One page of the instances of a zone. The list is missing if it is empty.
#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    pub(crate) items: Vec<Instance>,
    #[serde(rename = "nextPageToken", default)]
    pub(crate) next: String,
}

/// One page of the instances of all zones, by `zones/ZONE`.
#[derive(Deserialize)]
pub(crate) struct Zones {
    #[serde(default)]
    pub(crate) items: BTreeMap<String, Zone>,
    #[serde(rename = "nextPageToken", default)]
    pub(crate) next: String,
}

/// The instances of one zone; none in a zone without any.
#[derive(Deserialize)]
pub(crate) struct Zone {
    #[serde(default)]
    pub(crate) instances: Vec<Instance>,
}

/// An operation.
#[derive(Deserialize)]
pub(crate) struct OperationRecord {
    pub(crate) name: String,
    #[serde(rename = "operationType", default)]
    pub(crate) kind: String,
    #[serde(rename = "targetLink", default)]
    pub(crate) target: String,
    #[serde(rename = "targetId", default)]
    pub(crate) target_id: Value,
    #[serde(default)]
    pub(crate) status: Value,
    #[serde(default)]
    error: Value,
    #[serde(rename = "httpErrorStatusCode", default)]
    code: Value,
}

impl OperationRecord {
    /// Why the operation has failed: the first error, or the status of HTTP.
    pub(crate) fn failure(&self) -> Option<Error> {
        if self.error.is_null() && self.code.is_null() {
            return None;
        }
        let error = &self.error["errors"][0];
        let [code, message] = ["code", "message"].map(|name| error[name].as_str().map(excerpt).unwrap_or_default());
        Some(match code.as_str() {
            "RESOURCE_OPERATION_RATE_EXCEEDED" => Error::busy(message, None),
            _ => Error::task_failed(format!("the operation has failed: {message} ({code})")),
        })
    }
}

/// The privileges that the account has, of those that were asked about.
#[derive(Deserialize)]
pub(crate) struct Granted {
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
}

/// The word for the kind of an error: `rateLimitExceeded`.
pub(crate) fn reason_word(answer: &Response) -> String {
    let body: Value = answer.json().unwrap_or_default();
    let word = body["error"]["errors"][0]["reason"].as_str();
    word.unwrap_or_default().to_owned()
}
