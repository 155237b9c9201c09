//! Virtual private servers.

use crate::account::{assert_says, count, open, script};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const NAME: &str = "vps-1a2b3c4d.vps.ovh.net";
const VPS: &str = "/vps/vps-1a2b3c4d.vps.ovh.net";
const STOP: &str = "/vps/vps-1a2b3c4d.vps.ovh.net/stop";
const STOPS: &str = "/vps/vps-1a2b3c4d.vps.ovh.net/tasks?type=stopVm";
const TASK: &str = "/vps/vps-1a2b3c4d.vps.ovh.net/tasks/77";

fn vps(state: &str) -> Value {
    json!({ "name": NAME, "displayName": "web1", "state": state, "zone": "Region OpenStack: os-sbg5",
            "netbootMode": "local", "vcore": 2, "memoryLimit": 2048, "model": {}, "offerType": "ssd" })
}

fn task(kind: &str, state: &str) -> Value {
    json!({ "id": 77, "type": kind, "state": state, "progress": 0, "date": "2023-11-14T23:14:20+01:00" })
}

/// A VPS up to the stop request.
fn stopping() -> Script {
    script()
        .on("GET", STOPS)
        .reply(200, json!([12]))
        .on("GET", "/vps/vps-1a2b3c4d.vps.ovh.net/tasks/12")
        .reply(
            200,
            json!({ "id": 12, "type": "stopVm", "state": "done", "date": "2020-01-01T00:00:00Z" }),
        )
        .on("POST", STOP)
}

#[test]
fn only_stopped_is_off() {
    use PowerStatus::{Off, On, Standby, Unknown};
    for (state, power) in [
        ("running", On),
        ("backuping", On),
        ("stopped", Off),
        ("stopping", Standby),
        ("rebooting", Standby),
        ("installing", Standby),
        ("maintenance", Standby),
        ("upgrading", Standby),
        ("rescued", Standby),
        ("halted", Unknown),
        ("Stopped", Unknown),
        ("", Unknown),
    ] {
        let _script = script().on("GET", VPS).reply(200, vps(state)).start();
        assert_eq!(open().power_status(NAME), Ok(power), "{state}");
    }
    let mut rescued = vps("running");
    rescued["netbootMode"] = json!("rescue");
    let mut odd = vps("stopped");
    odd["state"] = json!(0);
    let _script = script().on("GET", VPS).reply(200, rescued).reply(200, odd).start();
    let mut ovh = open();
    assert_eq!(ovh.power_status(NAME), Ok(Standby));
    assert_eq!(ovh.power_status(NAME), Ok(Unknown));
}

#[test]
fn a_vps_is_off_once_its_task_is_done_and_it_is_stopped() {
    let script = stopping()
        .reply(200, task("stopVm", "todo"))
        .on("GET", TASK)
        .reply(200, task("stopVm", "doing"))
        .reply(200, task("stopVm", "waitingAck"))
        .reply(200, task("stopVm", "paused"))
        .reply(200, task("stopVm", "done"))
        .on("GET", VPS)
        .reply(200, vps("stopping"))
        .reply(200, vps("stopped"))
        .start();
    let mut ovh = open();
    assert_eq!(ovh.set_power(NAME, PowerTarget::Off), Ok(()));
    let seen: Vec<_> = (0..5).filter_map(|_| ovh.power_status(NAME).ok()).collect();
    use PowerStatus::{Off, Standby, Unknown};
    assert_eq!(seen, [Unknown, Unknown, Unknown, Standby, Off]);
    assert_eq!(
        script
            .requests()
            .iter()
            .find(|sent| sent.method == "POST")
            .unwrap()
            .body,
        b""
    );
}

#[test]
fn stopped_under_a_running_task_is_not_off() {
    let _script = stopping()
        .reply(200, task("stopVm", "todo"))
        .on("GET", TASK)
        .reply(200, task("stopVm", "doing"))
        .start();
    let mut ovh = open();
    assert_eq!(ovh.set_power(NAME, PowerTarget::Off), Ok(()));
    assert_eq!(ovh.power_status(NAME), Ok(PowerStatus::Unknown));
}

#[test]
fn a_failed_task_is_reported() {
    for word in ["error", "cancelled", "blocked"] {
        let script = stopping().reply(200, task("stopVm", "todo")).on("GET", TASK);
        let _script = script.reply(200, task("stopVm", word)).start();
        let mut ovh = open();
        assert_eq!(ovh.set_power(NAME, PowerTarget::Off), Ok(()));
        assert_says(ovh.power_status(NAME), "TaskFailed", &["task 77", word]);
    }
}

#[test]
fn a_running_vps_is_not_started() {
    let script = script().on("GET", VPS).reply(200, vps("running")).start();
    assert_eq!(open().set_power(NAME, PowerTarget::On), Ok(()));
    assert!(script.asked().iter().all(|line| line.starts_with("GET")));
}

#[test]
fn a_stopped_vps_is_stopped_again() {
    // The VPS may have been started a moment ago, so only the device's answer is certain.
    let script = stopping().reply(200, task("stopVm", "todo")).start();
    assert_eq!(open().set_power(NAME, PowerTarget::Off), Ok(()));
    assert!(script.asked().iter().any(|line| line.starts_with("POST")));
}

#[test]
fn a_refusal_in_the_wanted_state_is_a_success() {
    for status in [400, 409] {
        for (state, is_done) in [("stopped", true), ("running", false), ("stopping", false)] {
            let body = json!({ "class": "Client::Conflict", "message": "not possible in this state" });
            let script = stopping().reply(status, body).on("GET", VPS).reply(200, vps(state));
            let script = if status == 409 {
                script.on("GET", STOPS).reply(200, json!([12]))
            } else {
                script
            };
            let _script = script.start();
            let outcome = open().set_power(NAME, PowerTarget::Off);
            if is_done {
                assert_eq!(outcome, Ok(()));
            } else {
                let kind = if status == 409 { "Busy" } else { "TaskFailed" };
                assert_says(outcome, kind, &["not possible in this state"]);
            }
        }
    }
}

#[test]
fn a_lost_answer_is_searched_among_the_tasks() {
    let script = stopping()
        .fail(Failure::TimedOut("slow".to_owned()))
        .on("GET", STOPS)
        .reply(200, json!([12, 77]))
        .on("GET", TASK)
        .reply(200, task("stopVm", "doing"))
        .times(3)
        .start();
    let mut ovh = open();
    assert_says(ovh.set_power(NAME, PowerTarget::Off), "TimedOut", &["slow"]);
    assert_eq!(ovh.power_status(NAME), Ok(PowerStatus::Unknown));
    assert_eq!(ovh.set_power(NAME, PowerTarget::Off), Ok(()));
    assert_eq!(count(&script, &format!("POST {STOP}")), 1);
}

#[test]
fn a_cycle_is_one_reboot() {
    let script = script()
        .on("GET", "/vps/vps-1a2b3c4d.vps.ovh.net/tasks?type=rebootVm")
        .reply(200, json!([]))
        .on("POST", "/vps/vps-1a2b3c4d.vps.ovh.net/reboot")
        .reply(200, task("rebootVm", "todo"))
        .on("GET", TASK)
        .reply(200, task("rebootVm", "doing"))
        .reply(200, task("rebootVm", "done"))
        .on("GET", VPS)
        .reply(200, vps("rebooting"))
        .reply(200, vps("running"))
        .start();
    let mut ovh = open();
    assert_eq!(ovh.cycle(NAME), Ok(()));
    let seen: Vec<_> = (0..3).map(|_| ovh.cycle_complete(NAME)).collect();
    assert_eq!(seen, [Ok(false), Ok(false), Ok(true)]);
    drop(script);
}

#[test]
fn an_answer_about_another_vps_is_rejected() {
    let mut other = vps("stopped");
    other["name"] = json!("vps-2.vps.ovh.net");
    let _script = script()
        .on("GET", VPS)
        .reply(200, other)
        .reply(404, json!({ "message": "none" }))
        .start();
    let mut ovh = open();
    assert_says(ovh.power_status(NAME), "Unexpected", &["another VPS"]);
    assert_eq!(ovh.power_status(NAME), Err(Error::PlugNotFound(NAME.to_owned())));
}
