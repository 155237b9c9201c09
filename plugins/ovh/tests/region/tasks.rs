//! Tasks: the request that they belong to, their results, and lost answers.

use crate::account::{
    DARK, DISK, EARLIER, LATER, NS, REBOOT, RESCUE, SERVER, TASK, TASKS, assert_says, going_dark, going_to_rescue,
    lines, off, open, reboots, script, server, task, task_with, with_change, with_entry,
};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const UNKNOWN: Result<PowerStatus> = Ok(PowerStatus::Unknown);
const STANDBY: Result<PowerStatus> = Ok(PowerStatus::Standby);
const OFF: Result<PowerStatus> = Ok(PowerStatus::Off);

/// The answers up to the reboot request.
fn before_reboot() -> Script {
    let script = with_entry(script(), "power", DARK);
    with_change(script, server("poweron", DISK), DARK).on("POST", REBOOT)
}

fn dark(script: Script) -> Script {
    script.on("GET", SERVER).reply(200, server("poweron", DARK))
}

#[test]
fn a_failed_task_is_reported_with_its_comment() {
    for word in ["cancelled", "customerError", "ovhError"] {
        let script = going_to_rescue()
            .on("GET", TASK)
            .reply(200, task(word))
            .on("GET", SERVER);
        let _script = script.reply(200, server("poweron", RESCUE)).start();
        let mut ovh = open();
        assert_eq!(off(&mut ovh), Ok(()));
        assert_says(ovh.power_status(NS), "TaskFailed", &["501", word, "Reboot asked"]);
        // Nothing proves that the reboot has happened.
        assert_eq!(ovh.power_status(NS), STANDBY);
    }
}

#[test]
fn unknown_task_words_do_not_end_the_wait() {
    let script = going_to_rescue()
        .on("GET", TASK)
        .reply(200, task("waiting"))
        .reply(200, task("DONE"))
        .reply(200, task(""))
        .start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    for _ in 0..3 {
        assert_eq!(ovh.power_status(NS), UNKNOWN);
    }
    assert!(lines(&script).contains("task 501 (hardReboot) is waiting: Reboot asked"));
}

#[test]
fn a_change_of_state_is_logged_once() {
    let script = going_dark().on("GET", TASK).reply(200, task("doing")).times(3).start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    for _ in 0..3 {
        assert_eq!(ovh.power_status(NS), UNKNOWN);
    }
    assert_eq!(lines(&script).matches("is doing").count(), 1);
}

#[test]
fn an_invalid_answer_about_a_task_does_not_end_the_wait() {
    let other = task_with(1501, "done", LATER);
    let mut function = task("done");
    function["function"] = json!("resetIPMI");
    let mut bare = task("done");
    bare["status"] = json!(null);
    let script = going_to_rescue()
        .on("GET", TASK)
        .reply(200, other)
        .reply(200, function)
        .reply(200, bare);
    let _script = script
        .reply_text(200, "")
        .reply_text(502, "<html>")
        .reply(200, task("done"));
    let _script = _script.on("GET", SERVER).reply(200, server("poweron", RESCUE)).start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    assert_says(ovh.power_status(NS), "Unexpected", &["another task, 1501"]);
    assert_says(ovh.power_status(NS), "Unexpected", &["is not a hardReboot"]);
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_says(ovh.power_status(NS), "Unexpected", &["empty"]);
    assert_says(ovh.power_status(NS), "Unexpected", &["status 502"]);
    assert_eq!(ovh.power_status(NS), OFF);
}

#[test]
fn a_missing_task_does_not_prove_rescue() {
    let script = going_to_rescue()
        .on("GET", TASK)
        .reply(404, json!({ "message": "none" }))
        .times(4)
        .on("GET", TASKS)
        .reply(200, json!([]))
        .times(4);
    let _script = script
        .on("GET", SERVER)
        .reply(200, server("poweron", RESCUE))
        .times(2)
        .start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    for _ in 0..3 {
        assert_eq!(ovh.power_status(NS), UNKNOWN);
    }
    for _ in 0..2 {
        assert_eq!(ovh.power_status(NS), STANDBY);
    }
}

/// Only a task that the device lists as done, or one that it lists under another ID, has an effect.
#[test]
fn a_missing_task_is_searched_in_the_list_of_tasks() {
    let missing = || json!({ "message": "none" });
    let done = format!("{TASKS}&status=done");
    let script = going_to_rescue().on("GET", TASK).reply(404, missing()).times(6);
    let script = script
        .on("GET", TASKS)
        .reply(200, json!([501]))
        .times(6)
        .on("GET", &done);
    let script = script.reply(200, json!([])).times(5).reply(200, json!([501]));
    let running = script.on("GET", SERVER).reply(200, server("poweron", RESCUE)).start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    for _ in 0..5 {
        assert_eq!(ovh.power_status(NS), UNKNOWN);
    }
    assert_eq!(ovh.power_status(NS), OFF);
    drop(running);

    let other = "/dedicated/server/ns567890.ip-123-22-44.eu/task/777";
    let script = going_to_rescue().on("GET", TASK).reply(404, missing());
    let script = script.on("GET", TASKS).reply(200, json!([777])).on("GET", other);
    let script = script
        .reply(200, task_with(777, "doing", LATER))
        .reply(200, task_with(777, "done", LATER));
    let _script = script.on("GET", SERVER).reply(200, server("poweron", RESCUE)).start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(ovh.power_status(NS), OFF);
}

#[test]
fn the_power_state_decides_after_a_missing_task() {
    let script = going_dark()
        .on("GET", TASK)
        .reply(404, json!({ "message": "none" }))
        .times(4)
        .on("GET", TASKS)
        .reply(200, json!([]))
        .times(4);
    let _script = script.on("GET", SERVER).reply(200, server("poweroff", DARK)).start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    for expected in [UNKNOWN, UNKNOWN, UNKNOWN, OFF] {
        assert_eq!(ovh.power_status(NS), expected);
    }
}

#[test]
fn a_lost_answer_is_searched_among_the_tasks() {
    for failure in [Failure::Broken("cut".to_owned()), Failure::TimedOut("slow".to_owned())] {
        let script = before_reboot()
            .fail(failure)
            .on("GET", TASKS)
            .reply(200, json!([501]))
            .on("GET", TASK)
            .reply(200, task("doing"))
            .times(3)
            .on("GET", SERVER)
            .reply(200, server("poweron", DARK))
            .start();
        let mut ovh = open();
        assert!(off(&mut ovh).is_err());
        assert_eq!(ovh.power_status(NS), UNKNOWN);
        assert_eq!(off(&mut ovh), Ok(()));
        assert_eq!(reboots(&script), 1);
    }
}

#[test]
fn a_lost_request_without_a_task_is_sent_again() {
    let script = before_reboot()
        .reply(504, json!({ "class": "Server::GatewayTimeout", "message": "x" }))
        .reply(200, task("init"))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .times(3);
    let script = dark(dark(script)).start();
    let mut ovh = open();
    assert_says(
        off(&mut ovh),
        "Unexpected",
        &["status 504", "left with boot entry 95083"],
    );
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!(off(&mut ovh), Ok(()));
    assert_eq!(reboots(&script), 2);
}

#[test]
fn an_older_task_is_not_taken_for_the_lost_one() {
    // The task appears late in the list, but began before the entry was set.
    let script = before_reboot()
        .fail(Failure::Broken("cut".to_owned()))
        .on("GET", TASKS)
        .reply(200, json!([501]))
        .on("GET", TASK)
        .reply(200, task_with(501, "done", EARLIER));
    let script = dark(script).start();
    let mut ovh = open();
    assert!(off(&mut ovh).is_err());
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert!(lines(&script).contains("not begun by this request"));
}

#[test]
fn a_task_without_a_date_is_not_ours() {
    let mut undated = task("done");
    undated["startDate"] = json!(null);
    let script = before_reboot().fail(Failure::Broken("cut".to_owned()));
    let script = script
        .on("GET", TASKS)
        .reply(200, json!([501]))
        .on("GET", TASK)
        .reply(200, undated);
    let _script = dark(script).start();
    let mut ovh = open();
    assert!(off(&mut ovh).is_err());
    assert_eq!(ovh.power_status(NS), STANDBY);
}

#[test]
fn an_answer_without_the_right_task_is_rejected() {
    let mut nameless = task("init");
    nameless.as_object_mut().unwrap().remove("taskId");
    let mut other = task("init");
    other["function"] = json!("resetIPMI");
    let mut text = task("init");
    text["taskId"] = json!("501");
    for body in [nameless, other, text, json!(null), json!([])] {
        let script = before_reboot()
            .reply(200, body.clone())
            .on("GET", TASKS)
            .reply(200, json!([501]))
            .on("GET", TASK)
            .reply(200, task("doing"))
            .reply(200, task("doing"))
            .start();
        let mut ovh = open();
        assert_says(off(&mut ovh), "Unexpected", &["status 200"]);
        // The task still exists.
        assert_eq!(ovh.power_status(NS), UNKNOWN, "{body}");
        assert_eq!(reboots(&script), 1);
    }
}

#[test]
fn an_answer_with_an_older_task_is_rejected() {
    let script = with_entry(script(), "power", DARK)
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .reply(200, server("poweron", DARK))
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .on("GET", TASKS)
        .reply(200, json!([501]))
        .on("GET", TASK)
        .reply(200, task("done"))
        .on("POST", REBOOT)
        .reply(200, task("done"))
        .on("GET", TASKS)
        .reply(200, json!([501]));
    let _script = dark(script).start();
    let mut ovh = open();
    assert_says(off(&mut ovh), "Unexpected", &["task 501, which is older"]);
    assert_eq!(ovh.power_status(NS), STANDBY);
}

#[test]
fn a_running_task_of_another_client_is_waited_for() {
    let script = with_entry(script(), "power", DARK)
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .reply(200, server("poweron", DARK))
        .times(3)
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .on("GET", TASKS)
        .reply(200, json!([400]))
        .times(2)
        .on("GET", &TASK.replace("501", "400"))
        .reply(200, task_with(400, "doing", EARLIER))
        .reply(200, task_with(400, "done", EARLIER))
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .start();
    let mut ovh = open();
    let Err(Error::Busy(busy)) = off(&mut ovh) else {
        panic!("not busy")
    };
    assert_eq!(busy.seconds, Some(10));
    assert!(
        busy.reason.contains("task 400 (hardReboot) is doing"),
        "{}",
        busy.reason
    );
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!(off(&mut ovh), Ok(()));
    assert_eq!(reboots(&script), 1);
}

#[test]
fn a_conflicting_task_is_ours_if_it_began_after_the_entry_was_set() {
    for (begun, is_ours) in [(LATER, true), (EARLIER, false)] {
        let script = before_reboot()
            .reply(409, json!({ "class": "Client::Conflict", "message": "pending" }))
            .on("GET", TASKS)
            .reply(200, json!([501]))
            .on("GET", TASK)
            .reply(200, task_with(501, "doing", begun));
        let script = if is_ours {
            script.on("GET", TASK).reply(200, task("doing"))
        } else {
            dark(script)
        };
        let _script = script.start();
        let mut ovh = open();
        let outcome = off(&mut ovh);
        if is_ours {
            assert_eq!(outcome, Ok(()));
            assert_eq!(ovh.power_status(NS), UNKNOWN);
        } else {
            assert_says(outcome, "Busy", &["in the way"]);
            assert_eq!(ovh.power_status(NS), STANDBY);
        }
    }
}

#[test]
fn a_task_from_before_the_entry_was_set_again_does_not_count() {
    // The request is lost. Then another client restores the disk, and the plugin sets its entry again: the entry of
    // the lost reboot is unknown.
    let script = before_reboot()
        .fail(Failure::Broken("cut".to_owned()))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .reply(200, server("poweron", DARK))
        .on("GET", TASKS)
        .reply(200, json!([501]))
        .on("GET", TASK)
        .reply(200, task("doing"))
        .start();
    let mut ovh = open();
    assert!(off(&mut ovh).is_err());
    assert_says(off(&mut ovh), "Busy", &["task 501"]);
    assert_eq!(reboots(&script), 1);
}
