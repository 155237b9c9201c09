//! One reboot instead of two: `method=cycle`.

use crate::account::{
    DISK, NS, REBOOT, RESCUE, SERVER, TASK, TASKS, assert_says, count, open, put, reboots, script, server, task,
    with_change, with_entry,
};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

fn before_reboot() -> Script {
    with_change(with_entry(script(), "harddisk", DISK), server("poweron", DISK), DISK).on("POST", REBOOT)
}

#[test]
fn a_cycle_is_complete_when_its_task_is_done_and_the_server_has_power() {
    let script = before_reboot()
        .reply(200, task("init"))
        .on("GET", TASK)
        .reply(200, task("doing"))
        .reply(200, task("done"))
        .on("GET", SERVER)
        .reply(200, server("poweroff", DISK))
        .reply(200, server("poweron", DISK))
        .start();
    let mut ovh = open();
    assert_eq!(ovh.cycle(NS), Ok(()));
    let seen: Vec<_> = (0..3).map(|_| ovh.cycle_complete(NS)).collect();
    assert_eq!(seen, [Ok(false), Ok(false), Ok(true)]);
    assert_eq!((put(&script, 0), reboots(&script)), (json!({ "bootId": DISK }), 1));
}

#[test]
fn a_failed_task_fails_the_cycle() {
    let _script = before_reboot()
        .reply(200, task("init"))
        .on("GET", TASK)
        .reply(200, task("customerError"))
        .start();
    let mut ovh = open();
    assert_eq!(ovh.cycle(NS), Ok(()));
    assert_says(ovh.cycle_complete(NS), "TaskFailed", &["customerError"]);
}

#[test]
fn a_later_change_of_the_entry_fails_the_cycle() {
    let script = before_reboot()
        .reply(200, task("init"))
        .on("GET", TASK)
        .reply(200, task("done"));
    let _script = script.on("GET", SERVER).reply(200, server("poweron", RESCUE)).start();
    let mut ovh = open();
    assert_eq!(ovh.cycle(NS), Ok(()));
    assert_says(ovh.cycle_complete(NS), "TaskFailed", &["somebody has set 230242"]);
}

#[test]
fn a_lost_answer_is_recovered_without_a_second_request() {
    let script = before_reboot()
        .fail(Failure::Broken("cut".to_owned()))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .reply(200, json!([501]))
        .on("GET", TASK)
        .reply(200, task("doing"))
        .times(2)
        .reply(200, task("done"))
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .start();
    let mut ovh = open();
    assert_says(ovh.cycle(NS), "ConnectionLost", &["cut"]);
    let seen: Vec<_> = (0..3).map(|_| ovh.cycle_complete(NS)).collect();
    assert_eq!(seen, [Ok(false), Ok(false), Ok(true)]);
    assert_eq!(reboots(&script), 1);
}

#[test]
fn faults_before_the_request_are_retried() {
    let script = with_entry(script(), "harddisk", DISK)
        .on("GET", SERVER)
        .fail(Failure::Broken("cut".to_owned()))
        .reply(502, json!({ "message": "x" }))
        .reply(200, server("poweron", DISK))
        .times(2)
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .start();
    let mut ovh = open();
    for _ in 0..2 {
        assert_says(ovh.cycle(NS), "Busy", &["nothing was sent"]);
    }
    assert_eq!(ovh.cycle(NS), Ok(()));
    assert_eq!(reboots(&script), 1);
}

#[test]
fn retries_before_the_request_are_limited() {
    let script = script()
        .on("GET", SERVER)
        .fail(Failure::Broken("cut".to_owned()))
        .times(4)
        .start();
    let mut ovh = open();
    for _ in 0..3 {
        assert_says(ovh.cycle(NS), "Busy", &["cut"]);
    }
    assert_says(ovh.cycle(NS), "TaskFailed", &["no reboot", "cut"]);
    assert_eq!(count(&script, &format!("GET {SERVER}")), 4);
}
