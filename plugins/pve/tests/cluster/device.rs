//! A cluster with the machine 100 at `pve1`, and a session with it.

use fence_pve::Cluster;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Sent, Session};

pub(crate) const TICKET: &str = "/access/ticket";
pub(crate) const MACHINES: &str = "/cluster/resources?type=vm";
pub(crate) const CURRENT: &str = "/nodes/pve1/qemu/100/status/current";
pub(crate) const MOVED: &str = "/nodes/pve2/qemu/100/status/current";
pub(crate) const STOP: &str = "/nodes/pve1/qemu/100/status/stop";
pub(crate) const START: &str = "/nodes/pve1/qemu/100/status/start";
pub(crate) const UPID: &str = "UPID:pve1:000003E8:00001B58:6B0CE84A:qmstop:100:fencer@pve!ha:";
pub(crate) const TASK: &str =
    "/nodes/pve1/tasks/UPID%3Apve1%3A000003E8%3A00001B58%3A6B0CE84A%3Aqmstop%3A100%3Afencer%40pve%21ha%3A/status";

/// The options of a session with a token.
pub(crate) const LOGIN: [(&str, &str); 4] = [
    ("ip", "192.0.2.7"),
    ("username", "fencer@pve!ha"),
    ("password", "t0ken-secret"),
    ("plug", "100"),
];

pub(crate) fn data(value: Value) -> Value {
    json!({ "data": value })
}

/// A row of the list of machines.
pub(crate) fn row(kind: &str, vmid: u64, name: &str, node: &str) -> Value {
    json!({ "id": format!("{kind}/{vmid}"), "type": kind, "vmid": vmid, "name": name, "node": node,
            "status": "stopped", "template": 0, "uptime": 0 })
}

/// A list with the machine 100 at this node, and a container.
pub(crate) fn machines(node: &str) -> Value {
    data(json!([row("qemu", 100, "node1", node), row("lxc", 200, "ct1", "pve2")]))
}

/// The machine 100 in this state.
pub(crate) fn machine(status: &str, qmpstatus: &str) -> Value {
    let mut machine = json!({ "vmid": 100, "name": "node1", "status": status, "qmpstatus": qmpstatus,
                              "uptime": 0, "ha": { "managed": 0 } });
    if status == "running" {
        machine["pid"] = json!(4711);
    }
    data(machine)
}

/// The machine 100, stopped, with one member changed.
pub(crate) fn stopped_with(member: &str, value: Value) -> Value {
    let mut machine = machine("stopped", "stopped");
    machine["data"][member] = value;
    machine
}

pub(crate) fn error(message: &str) -> Value {
    json!({ "data": null, "message": format!("{message}\n") })
}

pub(crate) fn task(status: &str, exitstatus: Option<&str>) -> Value {
    let mut task = json!({ "upid": UPID, "node": "pve1", "id": "100", "type": "qmstop", "status": status });
    if let Some(exitstatus) = exitstatus {
        task["exitstatus"] = json!(exitstatus);
    }
    data(task)
}

/// A script that begins with the list of machines.
pub(crate) fn script() -> Script {
    Script::new().on("GET", MACHINES).reply(200, machines("pve1"))
}

/// A session with a token and these options in addition.
pub(crate) fn open_with(more: &[(&'static str, &'static str)]) -> Result<Session<Cluster>> {
    testing::open(LOGIN.into_iter().chain(more.iter().copied()))
}

pub(crate) fn open() -> Session<Cluster> {
    open_with(&[]).unwrap()
}

/// The power status that one answer of the machine's node gives.
pub(crate) fn status_for(body: Value) -> Result<PowerStatus> {
    let _script = script().on("GET", CURRENT).reply(200, body).start();
    open().power_status("100")
}

/// The body of a request.
pub(crate) fn body(sent: &Sent) -> &str {
    str::from_utf8(&sent.body).unwrap()
}

#[track_caller]
pub(crate) fn assert_option<T: std::fmt::Debug>(result: Result<T>, option: &str) {
    match result {
        Err(Error::InvalidOption(problem)) if problem.name == option => {}
        other => panic!("not about option {option}: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_failed<T: std::fmt::Debug>(result: Result<T>, part: &str) {
    match result {
        Err(Error::TaskFailed(text)) if text.contains(part) => {}
        other => panic!("not failed for {part:?}: {other:?}"),
    }
}
