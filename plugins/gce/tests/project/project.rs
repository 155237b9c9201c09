//! The scripted project.

use fence_gce::Project;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

pub(crate) const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
pub(crate) const INSTANCE: &str = "/projects/proj1/zones/europe-west1-b/instances/node1?fields=id,name,status";
pub(crate) const STOP: &str = "/projects/proj1/zones/europe-west1-b/instances/node1/stop?noGracefulShutdown=true";
pub(crate) const START: &str = "/projects/proj1/zones/europe-west1-b/instances/node1/start";
pub(crate) const RESET: &str = "/projects/proj1/zones/europe-west1-b/instances/node1/reset";

pub(crate) const OPTIONS: [(&str, &str); 3] = [("project", "proj1"), ("zone", "europe-west1-b"), ("plug", "node1")];

/// A script that begins with a token of the metadata service.
pub(crate) fn script() -> Script {
    Script::new()
        .on("GET", TOKEN)
        .reply(
            200,
            json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": 3599 }),
        )
        .header("metadata-flavor", "Google")
}

pub(crate) fn open() -> Session<Project> {
    testing::open::<Project>(OPTIONS).unwrap()
}

pub(crate) fn instance(status: Value) -> Value {
    json!({ "id": "4510000000000000001", "name": "node1", "status": status })
}

/// The operation `operation-1` of an action, with this status.
pub(crate) fn operation(verb: &str, status: &str) -> Value {
    json!({
        "kind": "compute#operation",
        "name": "operation-1",
        "operationType": verb,
        "targetLink": "https://www.googleapis.com/compute/v1/projects/proj1/zones/europe-west1-b/instances/node1",
        "targetId": "4510000000000000001",
        "status": status,
    })
}

pub(crate) const OPERATION: &str = "/projects/proj1/zones/europe-west1-b/operations/operation-1";

pub(crate) fn refused(status: u16, reason: &str, message: &str) -> Value {
    json!({ "error": { "code": status, "message": message, "errors": [{ "reason": reason, "message": message }] } })
}
