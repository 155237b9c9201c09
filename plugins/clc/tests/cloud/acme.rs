//! The account ACME: answers of its device, in the vendor's format.

use fence_clc::Cloud;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, RunningScript, Script, Session};

pub(crate) const LOGIN: &str = "/authentication/login";
pub(crate) const DB01: &str = "/servers/ACME/WA1ACMEDB01";
pub(crate) const POWER_OFF: &str = "/operations/ACME/servers/powerOff";
pub(crate) const POWER_ON: &str = "/operations/ACME/servers/powerOn";
pub(crate) const TASK: &str = "/operations/ACME/status/wa1-40077";

pub(crate) fn login() -> Value {
    json!({ "userName": "fencer@acme.example", "accountAlias": "ACME", "locationAlias": "WA1",
            "roles": ["ServerAdmin"], "bearerToken": "t0ken" })
}

/// DB01 as the device reports it, with its id in lower case.
pub(crate) fn db01(power_state: &str) -> Value {
    json!({ "id": "wa1acmedb01", "name": "wa1acmedb01", "displayName": "db01", "groupId": "g1",
            "isTemplate": false, "locationId": "WA1", "status": "active",
            "details": { "cpu": 2, "inMaintenanceMode": false, "powerState": power_state, "snapshots": [] },
            "links": [{ "rel": "self", "href": "/v2/servers/acme/wa1acmedb01", "id": "wa1acmedb01" }] })
}

/// DB01 with one member changed; `/` separates the names of nested members.
pub(crate) fn db01_with(member: &str, value: Value) -> Value {
    let mut server = db01("stopped");
    *server.pointer_mut(member).unwrap() = value;
    server
}

pub(crate) fn queued() -> Value {
    json!([{ "server": "wa1acmedb01", "isQueued": true, "links": [
        { "rel": "status", "href": "/v2/operations/acme/status/wa1-40077", "id": "wa1-40077" }] }])
}

pub(crate) fn refused(message: &str) -> Value {
    json!([{ "server": "wa1acmedb01", "isQueued": false, "errorMessage": message }])
}

/// A script that begins with a login.
pub(crate) fn script() -> Script {
    Script::new().on("POST", LOGIN).reply(200, login())
}

const OPTIONS: [(&str, &str); 4] = [
    ("username", "fencer"),
    ("password", "s3cret"),
    ("account", "ACME"),
    ("plug", "WA1ACMEDB01"),
];

pub(crate) fn options() -> Options {
    Options::from(OPTIONS)
}

/// A session by the rules of the host.
pub(crate) fn open() -> Session<Cloud> {
    testing::open(OPTIONS).unwrap()
}

/// The power status of DB01 that one answer of the device gives.
pub(crate) fn status_for(status: u16, body: Value) -> Result<PowerStatus> {
    let _script = script().on("GET", DB01).reply(status, body).start();
    open().power_status("WA1ACMEDB01")
}

/// The result of a power off that one answer of the device gives.
pub(crate) fn off_for(status: u16, body: Value) -> Result<()> {
    let _script = script().on("POST", POWER_OFF).reply(status, body).start();
    open().set_power("WA1ACMEDB01", PowerTarget::Off)
}

#[track_caller]
pub(crate) fn assert_unexpected<T: std::fmt::Debug>(result: Result<T>, part: &str) {
    match result {
        Err(Error::Unexpected(text)) if text.contains(part) => {}
        other => panic!("not unexpected for {part:?}: {other:?}"),
    }
}

pub(crate) fn lines(script: &RunningScript) -> String {
    script.lines().iter().map(|(_, line)| format!("{line}\n")).collect()
}
