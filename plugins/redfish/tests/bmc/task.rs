//! Requests that the device executes as a task.

use crate::server::{RESET, SYSTEM, TASK, assert_unexpected, error, open, script, system};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

fn task(state: &str) -> Value {
    json!({ "@odata.id": TASK, "TaskState": state, "Messages": [{ "MessageId": "Base.1.8.X", "Message": "the power supply is gone" }] })
}

/// A script in which the device accepted power off as a task.
fn after_off() -> Script {
    let script = script(system("On")).on("POST", RESET).reply(202, task("New"));
    script.header("location", TASK).on("GET", TASK)
}

#[test]
fn the_status_is_unknown_while_a_task_runs() {
    let script = after_off()
        .reply(202, task("Running"))
        .reply(200, task("Starting"))
        .reply(200, task("Suspended"))
        .reply(200, task("a new word"))
        .reply(200, task("Completed"))
        .on("GET", SYSTEM)
        .reply(200, system("On"))
        .reply(200, system("Off"))
        .start();
    let mut session = open();
    assert_eq!(session.set_power("", PowerTarget::Off), Ok(()));
    let seen: Vec<_> = (0..6).map(|_| session.power_status("").unwrap()).collect();
    let (unknown, on, off) = (PowerStatus::Unknown, PowerStatus::On, PowerStatus::Off);
    assert_eq!(seen, [unknown, unknown, unknown, unknown, on, off]);
    drop(script);
}

#[test]
fn a_monitor_ends_as_the_request_would_have() {
    for (status, body) in [
        (204, json!(null)),
        (200, json!({})),
        (404, json!({})),
        (410, json!({})),
        (400, error("Base.1.8.NoOperation")),
    ] {
        let _script = after_off()
            .reply(status, body)
            .on("GET", SYSTEM)
            .reply(200, system("Off"))
            .start();
        let mut session = open();
        session.set_power("", PowerTarget::Off).unwrap();
        assert_eq!(session.power_status(""), Ok(PowerStatus::Off), "{status}");
    }
}

#[test]
fn a_failed_task_is_reported_once() {
    for (status, body, reason) in [
        (
            200,
            task("Exception"),
            "the task ended as Exception: the power supply is gone",
        ),
        (200, task("Killed"), "Killed"),
        (200, task("Cancelled"), "Cancelled"),
        (400, error("Base.1.8.ActionNotSupported"), "Base.1.8.ActionNotSupported"),
        (409, error("Base.1.8.X"), "Base.1.8.X"),
    ] {
        let _script = after_off()
            .reply(status, body)
            .on("GET", SYSTEM)
            .reply(200, system("On"))
            .start();
        let mut session = open();
        session.set_power("", PowerTarget::Off).unwrap();
        let Err(Error::TaskFailed(text)) = session.power_status("") else {
            panic!("not failed");
        };
        assert!(text.contains(reason), "{text}");
        assert_eq!(session.power_status(""), Ok(PowerStatus::On));
    }
}

#[test]
fn an_error_of_the_monitor_is_not_the_end_of_the_task() {
    let _script = after_off()
        .reply(500, json!({}))
        .reply(503, json!({}))
        .reply(202, json!({}))
        .start();
    let mut session = open();
    session.set_power("", PowerTarget::Off).unwrap();
    assert_unexpected(session.power_status(""), "");
    assert!(matches!(session.power_status(""), Err(Error::Busy(_))));
    assert_eq!(session.power_status(""), Ok(PowerStatus::Unknown));
}

#[test]
fn a_running_task_is_not_started_twice() {
    let script = after_off().reply(202, task("Running")).start();
    let mut session = open();
    session.set_power("", PowerTarget::Off).unwrap();
    assert_eq!(session.set_power("", PowerTarget::Off), Ok(()));
    assert_eq!(script.asked().iter().filter(|line| line.starts_with("POST")).count(), 1);
    drop(script);
    // A request for the other state is another request.
    let script = script_of_two().start();
    let mut session = open();
    session.set_power("", PowerTarget::Off).unwrap();
    assert_eq!(session.set_power("", PowerTarget::On), Ok(()));
    drop(script);
}

fn script_of_two() -> Script {
    let script = script(system("On"))
        .on("POST", RESET)
        .reply(202, json!({}))
        .header("location", TASK);
    script
        .reply(202, json!({}))
        .header("location", "/redfish/v1/TaskService/TaskMonitors/8")
}

#[test]
fn a_task_may_be_in_the_body_or_missing() {
    let accepted = |body: Value| script(system("On")).on("POST", RESET).reply(202, body);
    let _script = accepted(task("New"))
        .on("GET", TASK)
        .reply(200, task("Running"))
        .start();
    let mut session = open();
    session.set_power("", PowerTarget::Off).unwrap();
    assert_eq!(session.power_status(""), Ok(PowerStatus::Unknown));
    drop(_script);
    // Without a task only the reads decide. A link to another host is not followed.
    for (body, location) in [
        (json!({}), None),
        (json!(null), None),
        (json!({}), Some("https://evil.example/task")),
    ] {
        let mut script = accepted(body);
        if let Some(location) = location {
            script = script.header("location", location);
        }
        let _script = script.on("GET", SYSTEM).reply(200, system("On")).start();
        let mut session = open();
        session.set_power("", PowerTarget::Off).unwrap();
        assert_eq!(session.power_status(""), Ok(PowerStatus::On));
    }
}
