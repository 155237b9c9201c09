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

/// The one request: the name of its file, and what it says.
fn request(script: &RunningScript) -> (String, Value) {
    let mut files = script.files("request_path");
    assert_eq!(files.len(), 1, "{files:?}");
    let (name, content) = files.remove(0);
    (name, String::from_utf8(content).unwrap().parse().unwrap())
}

#[test]
fn it_is_on_and_coming_on_costs_no_request() {
    let script = folders();
    let mut device = recorder();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
    device.set_power("node1", PowerTarget::On).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::On));
    assert!(script.files("request_path").is_empty());
}

#[test]
fn a_request_says_what_is_to_be_done() {
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
fn off_is_what_a_response_confirms() {
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
fn a_refusal_is_a_failure_with_its_message() {
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
fn silence_is_a_failure_after_a_while() {
    let _script = folders();
    let mut device = open([("type", "recorder"), ("recorder_timeout", "0")]).unwrap();
    device.set_power("node1", PowerTarget::Off).unwrap();
    let Err(Error::TaskFailed(reason)) = device.power_status("node1") else {
        panic!("no failure");
    };
    assert!(reason.contains("recorder_timeout"), "{reason}");
}

#[test]
fn looks_are_as_rare_as_the_option_says() {
    let script = folders();
    let mut device = open([("type", "recorder"), ("recorder_poll_interval", "3600")]).unwrap();
    device.set_power("node1", PowerTarget::Off).unwrap();
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Unknown));
    let (name, _) = request(&script);
    script.put_entry("response_path", &name, "{\"success\": true}");
    assert_eq!(device.power_status("node1"), Ok(PowerStatus::Unknown));
}

#[test]
fn times_are_numbers() {
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
fn a_folder_that_is_not_there_is_told() {
    let _script = Script::new().start();
    assert!(recorder().set_power("node1", PowerTarget::Off).is_err());
}
