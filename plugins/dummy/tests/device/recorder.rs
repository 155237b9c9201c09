//! `type=recorder`: requests and responses.

use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{RunningScript, Script};

use super::open;

fn folders() -> RunningScript {
    Script::new().place("request_path").place("response_path").start()
}

fn recorder() -> impl Device {
    open([("type", "recorder"), ("recorder_poll_interval", "0")]).unwrap()
}

/// The only request: its file name and its content.
fn request(script: &RunningScript) -> (String, Value) {
    let mut files = script.files("request_path");
    assert_eq!(files.len(), 1, "{files:?}");
    let (name, content) = files.remove(0);
    (name, String::from_utf8(content).unwrap().parse().unwrap())
}

#[test]
fn status_is_on_and_on_writes_no_request() {
    let script = folders();
    let mut device = recorder();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
    device.set_power("node1", PowerTarget::On).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
    assert!(script.files("request_path").is_empty());
}

#[test]
fn a_request_names_its_action_and_node() {
    let script = folders();
    recorder().set_power("node1", PowerTarget::Off).unwrap();
    let (name, request) = request(&script);
    let id = request["request_id"].as_str().unwrap();
    assert_eq!(name, format!("node1-{id}.json"));
    assert_eq!(
        (&request["action"], &request["target_node"]),
        (&json!("off"), &json!("node1"))
    );
    assert!(request["timestamp"].as_str().unwrap().ends_with("+00:00"));
    assert!(request.get("recorder_node").is_some());
}

#[test]
fn off_needs_a_response() {
    let script = folders();
    let mut device = recorder();
    device.set_power("node1", PowerTarget::Off).unwrap();
    let (name, _) = request(&script);
    for unfinished in ["", "{", "[]", "{}", "{\"success\": \"true\"}", "\"success\""] {
        script.put_entry("response_path", &name, unfinished);
        assert_eq!(device.power_status("node1"), Ok(PowerStatus::Unknown), "{unfinished}");
    }
    script.put_entry("response_path", &name, "{\"success\": true, \"message\": \"done\"}");
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Off));
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Off));
    assert_eq!(device.power_status("node2"), Ok(PowerStatus::On));
    device.set_power("node1", PowerTarget::On).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
}

#[test]
fn a_failed_response_is_an_error_with_its_message() {
    let script = folders();
    let mut device = recorder();
    device.set_power("node1", PowerTarget::Off).unwrap();
    let (name, _) = request(&script);
    script.put_entry(
        "response_path",
        &name,
        "{\"success\": false, \"message\": \"no such node\"}",
    );
    assert_eq!(device.power_status("node1"), Err(Error::task_failed("no such node")));
}

#[test]
fn a_missing_response_is_an_error_after_the_timeout() {
    let _script = folders();
    let mut device = open([("type", "recorder"), ("recorder_timeout", "0")]).unwrap();
    device.set_power("node1", PowerTarget::Off).unwrap();
    let Err(Error::TaskFailed(reason)) = device.power_status("node1") else {
        panic!("no failure");
    };
    assert!(reason.contains("recorder_timeout"), "{reason}");
}

#[test]
fn checks_keep_the_poll_interval() {
    let script = folders();
    let mut device = open([("type", "recorder"), ("recorder_poll_interval", "3600")]).unwrap();
    device.set_power("node1", PowerTarget::Off).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Unknown));
    let (name, _) = request(&script);
    script.put_entry("response_path", &name, "{\"success\": true}");
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Unknown));
}

#[test]
fn times_must_be_numbers() {
    for option in ["recorder_timeout", "recorder_poll_interval"] {
        for wrong in ["x", "-1", "nan", "inf"] {
            assert!(
                open([("type", "recorder"), (option, wrong)]).is_err(),
                "{option}={wrong}"
            );
        }
    }
}

#[test]
fn a_missing_folder_is_an_error() {
    let _script = Script::new().start();
    assert!(recorder().set_power("node1", PowerTarget::Off).is_err());
}
