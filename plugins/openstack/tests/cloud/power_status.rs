use fencebox_sdk::prelude::*;

use crate::cloud::{ID, open, script, server};

const PATH: &str = "/servers/5a1c0de1-0000-4000-8000-000000000001";

fn power(answer: Value) -> Result<PowerStatus> {
    let _script = script().on("GET", PATH).reply(200, answer).start();
    open().power_status(ID)
}

#[test]
fn off_needs_the_power_state_and_no_task() {
    let none = || Value::Null;
    let cases = [
        (server("SHUTOFF", "stopped", json!(4), none()), PowerStatus::Off),
        (server("SHUTOFF", "stopped", json!(0), none()), PowerStatus::Off),
        (server("SHELVED", "shelved", json!(4), none()), PowerStatus::Off),
        (
            server("SHELVED_OFFLOADED", "shelved_offloaded", json!(4), none()),
            PowerStatus::Off,
        ),
        (server("SHUTOFF", "stopped", json!(1), none()), PowerStatus::Unknown),
        (server("SHUTOFF", "stopped", json!(3), none()), PowerStatus::Unknown),
        (server("SHUTOFF", "stopped", json!("4"), none()), PowerStatus::Unknown),
        (server("SHUTOFF", "stopped", json!(4.0), none()), PowerStatus::Unknown),
        (server("SHUTOFF", "stopped", none(), none()), PowerStatus::Unknown),
        (server("SHUTOFF", "active", json!(4), none()), PowerStatus::Unknown),
        (
            server("SHUTOFF", "stopped", json!(4), json!("powering-on")),
            PowerStatus::Unknown,
        ),
        (
            server("SHUTOFF", "stopped", json!(4), json!(false)),
            PowerStatus::Unknown,
        ),
        (server("ACTIVE", "active", json!(4), none()), PowerStatus::On),
        (
            server("ACTIVE", "active", json!(1), json!("powering-off")),
            PowerStatus::On,
        ),
        (server("RESIZE", "stopped", json!(4), none()), PowerStatus::On),
        (server("PAUSED", "paused", json!(3), none()), PowerStatus::Standby),
        (server("SUSPENDED", "suspended", json!(4), none()), PowerStatus::Standby),
        (server("RESCUE", "rescued", json!(1), none()), PowerStatus::Standby),
        (
            server("SOFT_DELETED", "soft-delete", json!(4), none()),
            PowerStatus::Standby,
        ),
        (server("ERROR", "error", json!(4), none()), PowerStatus::Unknown),
        (server("UNKNOWN", "unknown", json!(0), none()), PowerStatus::Unknown),
        (server("shutoff", "stopped", json!(4), none()), PowerStatus::Unknown),
        (server("", "stopped", json!(4), none()), PowerStatus::Unknown),
    ];
    for (answer, expected) in cases {
        assert_eq!(power(answer.clone()), Ok(expected), "{answer}");
    }
}

#[test]
fn a_member_that_is_missing_is_not_off() {
    for member in [
        "status",
        "OS-EXT-STS:vm_state",
        "OS-EXT-STS:power_state",
        "OS-EXT-STS:task_state",
    ] {
        let mut answer = server("SHUTOFF", "stopped", json!(4), Value::Null);
        answer["server"].as_object_mut().unwrap().remove(member);
        assert_eq!(power(answer), Ok(PowerStatus::Unknown), "{member}");
    }
}

#[test]
fn another_server_and_a_deleted_one_are_errors() {
    let mut other = server("SHUTOFF", "stopped", json!(4), Value::Null);
    other["server"]["id"] = json!("5a1c0de1-0000-4000-8000-000000000002");
    assert!(matches!(power(other), Err(Error::Unexpected(_))));
    let deleted = server("DELETED", "deleted", json!(4), Value::Null);
    assert_eq!(power(deleted), Err(Error::plug_not_found(ID)));
    assert!(matches!(power(json!({ "server": [] })), Err(Error::Unexpected(_))));
}

#[test]
fn a_404_is_a_missing_server_only_as_json() {
    let missing = json!({ "itemNotFound": { "code": 404, "message": "Instance could not be found." } });
    let json = script().on("GET", PATH).reply(404, missing).start();
    assert_eq!(open().power_status(ID), Err(Error::plug_not_found(ID)));
    drop(json);
    let _page = script().on("GET", PATH).reply_text(404, "<html>").start();
    assert!(matches!(open().power_status(ID), Err(Error::Unexpected(_))));
}
