//! The scripted cloud.

use fence_openstack::Cloud;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

pub(crate) const ID: &str = "5a1c0de1-0000-4000-8000-000000000001";

const OPTIONS: [(&str, &str); 4] = [
    ("auth_url", "https://cloud.example:5000/v3"),
    ("username", "fencer"),
    ("password", "s3cret"),
    ("plug", ID),
];

/// A script that begins with the login.
pub(crate) fn script() -> Script {
    let catalog = json!([{ "type": "compute", "endpoints": [
        { "interface": "admin", "region_id": "RegionOne", "url": "https://192.0.2.1:8774/v2.1" },
        { "interface": "public", "region_id": "RegionOne", "url": "https://cloud.example:8774/v2.1" },
    ] }]);
    Script::new()
        .on("POST", "/auth/tokens")
        .reply(201, json!({ "token": { "catalog": catalog } }))
        .header("x-subject-token", "t1")
}

pub(crate) fn open() -> Session<Cloud> {
    testing::open::<Cloud>(OPTIONS).unwrap()
}

/// A server with a status, a power state and a task.
pub(crate) fn server(status: &str, vm_state: &str, power_state: Value, task: Value) -> Value {
    json!({ "server": {
        "id": ID,
        "name": "node1",
        "status": status,
        "OS-EXT-STS:vm_state": vm_state,
        "OS-EXT-STS:power_state": power_state,
        "OS-EXT-STS:task_state": task,
    } })
}

pub(crate) fn refused(status: u16, message: &str) -> Value {
    json!({ "conflictingRequest": { "code": status, "message": message } })
}
