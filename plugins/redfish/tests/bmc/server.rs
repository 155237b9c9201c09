//! A BMC with one system, and a session with it.

use fence_redfish::Bmc;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

pub(crate) const ROOT: &str = "/redfish/v1/";
pub(crate) const SYSTEMS: &str = "/redfish/v1/Systems";
pub(crate) const SYSTEM: &str = "/redfish/v1/Systems/1";
pub(crate) const RESET: &str = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
pub(crate) const TASK: &str = "/redfish/v1/TaskService/TaskMonitors/7";

pub(crate) const LOGIN: [(&str, &str); 3] = [("ip", "192.0.2.7"), ("username", "fencer"), ("password", "s3cret")];

/// The service root.
pub(crate) fn root() -> Value {
    json!({ "@odata.id": "/redfish/v1/", "Systems": { "@odata.id": SYSTEMS },
            "Links": { "Sessions": { "@odata.id": "/redfish/v1/SessionService/Sessions" } } })
}

/// A collection of these systems.
pub(crate) fn collection(members: &[&str]) -> Value {
    let links: Vec<Value> = members.iter().map(|path| json!({ "@odata.id": path })).collect();
    json!({ "@odata.id": SYSTEMS, "Members@odata.count": links.len(), "Members": links })
}

/// The system with this power state.
pub(crate) fn system(power_state: &str) -> Value {
    json!({
        "@odata.id": SYSTEM, "Id": "1", "Name": "System", "HostName": "node1.example",
        "UUID": "da69abcc-dae0-4913-9a7b-d344043097c0", "PowerState": power_state,
        "Actions": { "#ComputerSystem.Reset": {
            "target": RESET,
            "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "PushPowerButton", "Nmi"] } },
    })
}

/// The system with one member changed.
pub(crate) fn system_with(pointer: &str, value: Value) -> Value {
    let mut system = system("On");
    *system.pointer_mut(pointer).unwrap() = value;
    system
}

/// An error of DSP0266 with one message.
pub(crate) fn error(id: &str) -> Value {
    json!({ "error": { "code": "Base.1.8.GeneralError", "message": "see ExtendedInfo",
            "@Message.ExtendedInfo": [{ "MessageId": id, "Message": "Texte dans une autre langue." }] } })
}

/// A session with these options in addition to the login.
pub(crate) fn open_with(more: &[(&'static str, &'static str)]) -> Result<Session<Bmc>> {
    testing::open(LOGIN.into_iter().chain(more.iter().copied()))
}

/// A session with the system of `systems_uri`.
pub(crate) fn open() -> Session<Bmc> {
    open_with(&[("systems_uri", SYSTEM)]).unwrap()
}

/// A script that begins with one read of the system.
pub(crate) fn script(record: Value) -> Script {
    Script::new().on("GET", SYSTEM).reply(200, record)
}

/// The power status that one answer gives.
pub(crate) fn status_for(status: u16, body: Value) -> Result<PowerStatus> {
    let _script = Script::new().on("GET", SYSTEM).reply(status, body).start();
    open().power_status("")
}

/// The result of a power off that one answer gives.
pub(crate) fn off_for(status: u16, body: Value) -> Result<()> {
    let _script = script(system("On")).on("POST", RESET).reply(status, body).start();
    open().set_power("", PowerTarget::Off)
}

#[track_caller]
pub(crate) fn assert_unexpected<T: std::fmt::Debug>(result: Result<T>, part: &str) {
    match result {
        Err(Error::Unexpected(text)) if text.contains(part) => {}
        other => panic!("not unexpected for {part:?}: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_option<T: std::fmt::Debug>(result: Result<T>, option: &str) {
    match result {
        Err(Error::InvalidOption(problem)) if problem.name == option => {}
        other => panic!("not about option {option}: {other:?}"),
    }
}
