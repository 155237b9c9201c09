//! Requests that switch a machine, and their tasks.

use crate::device::{
    CURRENT, LOGIN, MACHINES, MOVED, START, STOP, TASK, TICKET, UPID, assert_failed, assert_option, body, data, error,
    machine, machines, open, open_with, script, stopped_with, task,
};
use fence_pve::Cluster;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script};

/// A script in which the device accepted power off as a task.
fn after_off() -> Script {
    script().on("POST", STOP).reply(200, data(json!(UPID))).on("GET", TASK)
}

#[test]
fn the_status_is_unknown_while_a_task_runs() {
    let script = after_off()
        .reply(200, task("running", None))
        .reply(200, task("stopped", Some("OK")))
        .on("GET", CURRENT)
        .reply(200, machine("running", "running"))
        .reply(200, machine("stopped", "stopped"))
        .start();
    let mut session = open();
    assert_eq!(session.set_power("100", PowerTarget::Off), Ok(()));
    let seen: Vec<_> = (0..3).map(|_| session.power_status("100").unwrap()).collect();
    assert_eq!(seen, [PowerStatus::Unknown, PowerStatus::On, PowerStatus::Off]);
    assert_eq!(body(&script.requests()[1]), "overrule-shutdown=1");
}

#[test]
fn a_failed_task_is_reported_once_with_its_reason() {
    for (end, words) in [
        ("VM is locked (backup)", "qm unlock"),
        (
            "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
            "another task",
        ),
        ("VM quit/powerdown failed", "powerdown failed"),
    ] {
        let _script = after_off()
            .reply(200, task("stopped", Some(end)))
            .on("GET", MACHINES)
            .reply(200, machines("pve1"))
            .on("GET", CURRENT)
            .reply(200, machine("running", "running"))
            .reply(200, machine("running", "running"))
            .start();
        let mut session = open();
        session.set_power("100", PowerTarget::Off).unwrap();
        assert_failed(session.power_status("100"), words);
        assert_eq!(session.power_status("100"), Ok(PowerStatus::On));
    }
}

#[test]
fn a_task_that_failed_because_the_machine_is_off_or_moved_is_no_failure() {
    let script = after_off()
        .reply(200, task("stopped", Some("CT 100 not running")))
        .on("GET", MACHINES)
        .reply(200, machines("pve1"))
        .on("GET", CURRENT)
        .reply(200, machine("stopped", "stopped"))
        .reply(200, machine("stopped", "stopped"))
        .start();
    let mut session = open();
    session.set_power("100", PowerTarget::Off).unwrap();
    assert_eq!(session.power_status("100"), Ok(PowerStatus::Off));
    drop((session, script));
    let _script = after_off()
        .reply(
            200,
            task(
                "stopped",
                Some("Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"),
            ),
        )
        .on("GET", MACHINES)
        .reply(200, machines("pve2"))
        .on("GET", MOVED)
        .reply(200, machine("running", "running"))
        .reply(200, machine("running", "running"))
        .start();
    let mut session = open();
    session.set_power("100", PowerTarget::Off).unwrap();
    // The host repeats the request for a machine that stays on.
    assert_eq!(session.power_status("100"), Ok(PowerStatus::On));
}

#[test]
fn a_task_that_cannot_be_read_leaves_the_decision_to_the_state() {
    for (status, body) in [
        (500, error("no such task")),
        (403, error("Permission check failed")),
        (404, json!({})),
    ] {
        let _script = after_off()
            .reply(status, body)
            .on("GET", CURRENT)
            .reply(200, machine("running", "running"))
            .start();
        let mut session = open();
        session.set_power("100", PowerTarget::Off).unwrap();
        assert_eq!(session.power_status("100"), Ok(PowerStatus::On), "{status}");
    }
    for answer in [
        task("paused", None),
        data(json!(null)),
        data(json!({ "upid": "UPID:x", "status": "stopped" })),
    ] {
        let _script = after_off().reply(200, answer.clone()).start();
        let mut session = open();
        session.set_power("100", PowerTarget::Off).unwrap();
        assert!(
            matches!(session.power_status("100"), Err(Error::Unexpected(_))),
            "{answer}"
        );
    }
}

#[test]
fn a_task_of_another_machine_is_refused() {
    for upid in [
        json!(UPID.replace(":100:", ":101:")),
        json!("UPID:pve1"),
        json!(null),
        json!({}),
        json!(7),
    ] {
        let _script = script().on("POST", STOP).reply(200, data(upid.clone())).start();
        let outcome = open().set_power("100", PowerTarget::Off);
        assert!(matches!(outcome, Err(Error::Unexpected(_))), "{upid}: {outcome:?}");
    }
}

#[test]
fn a_request_follows_the_machine() {
    let script = script()
        .on("POST", STOP)
        .reply(
            500,
            error("Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist"),
        )
        .on("GET", MACHINES)
        .reply(200, machines("pve2"))
        .on("POST", "/nodes/pve2/qemu/100/status/stop")
        .reply(200, data(json!(UPID)))
        .start();
    assert_eq!(open().set_power("100", PowerTarget::Off), Ok(()));
    drop(script);
    // It has not moved: the device refuses the request.
    let _script = script_refusing(500, error("cluster not ready - no quorum?")).start();
    assert_failed(open().set_power("100", PowerTarget::Off), "has lost its quorum");
}

fn script_refusing(status: u16, body: Value) -> Script {
    let script = script().on("POST", STOP).reply(status, body);
    script.on("GET", MACHINES).reply(200, machines("pve1"))
}

#[test]
fn errors_have_their_kinds() {
    let outcome = |status: u16, body: Value| {
        let _script = script().on("POST", STOP).reply(status, body).start();
        open().set_power("100", PowerTarget::Off)
    };
    let denied = outcome(403, error("Permission check failed (/vms/100, VM.PowerMgmt)"));
    assert!(matches!(denied, Err(Error::NotPermitted(text)) if text.contains("/vms/100, VM.PowerMgmt")));
    assert!(matches!(outcome(501, error("not implemented")), Err(Error::Denied(_))));
    assert!(matches!(
        outcome(595, error("No route to host")),
        Err(Error::ConnectionLost(_))
    ));
    assert!(matches!(outcome(503, error("busy")), Err(Error::Busy(_))));
    assert!(matches!(outcome(401, error("no")), Err(Error::LoginDenied(_))));
}

#[test]
fn versions_before_8_1_get_the_request_without_the_parameter() {
    let refused = json!({ "data": null, "message": "Parameter verification failed.\n",
        "errors": { "overrule-shutdown": "property is not defined in schema" } });
    let script = script()
        .on("POST", STOP)
        .reply(400, refused)
        .reply(200, data(json!(UPID)))
        .start();
    assert_eq!(open().set_power("100", PowerTarget::Off), Ok(()));
    assert_eq!(body(&script.requests()[2]), "");
}

#[test]
fn root_ignores_locks() {
    let ticket = json!({ "ticket": "PVE:root@pam:x", "CSRFPreventionToken": "4EEC61E2:c5rf" });
    let script = Script::new()
        .on("POST", TICKET)
        .reply(200, data(ticket))
        .on("GET", MACHINES)
        .reply(200, machines("pve1"))
        .on("POST", STOP)
        .reply(200, data(json!(UPID)))
        .start();
    let options = LOGIN.into_iter().filter(|(name, _)| *name != "username");
    let mut session = testing::open::<Cluster>(options).unwrap();
    assert_eq!(session.set_power("100", PowerTarget::Off), Ok(()));
    assert_eq!(body(&script.requests()[2]), "overrule-shutdown=1&skiplock=1");
}

#[test]
fn a_start_never_continues_with_an_old_memory() {
    let script = script()
        .on("GET", CURRENT)
        .reply(200, stopped_with("lock", json!("suspended")))
        .start();
    assert_failed(open().set_power("100", PowerTarget::On), "old memory");
    drop(script);
    let start = UPID.replace("qmstop", "qmstart");
    let _script = script_for_start().reply(200, data(json!(start))).start();
    assert_eq!(open().set_power("100", PowerTarget::On), Ok(()));
}

fn script_for_start() -> Script {
    let stopped = machine("stopped", "stopped");
    script().on("GET", CURRENT).reply(200, stopped).on("POST", START)
}

#[test]
fn a_cycle_is_complete_when_its_task_has_succeeded() {
    let reset = UPID.replace("qmstop", "qmreset");
    let path = TASK.replace("qmstop", "qmreset");
    let answer = |status: &str, end: Option<&str>| {
        let mut answer = task(status, end);
        answer["data"]["upid"] = json!(reset);
        answer
    };
    let accepted = || {
        let script = script().on("POST", "/nodes/pve1/qemu/100/status/reset");
        script.reply(200, data(json!(reset))).on("GET", &path)
    };
    let running = accepted()
        .reply(200, answer("running", None))
        .reply(200, answer("stopped", Some("OK")))
        .start();
    let mut session = open_with(&[("method", "cycle")]).unwrap();
    session.cycle("100").unwrap();
    assert_eq!(session.cycle_complete("100"), Ok(false));
    assert_eq!(session.cycle_complete("100"), Ok(true));
    drop((session, running));
    for (status, body, is_failed) in [
        (200, answer("stopped", Some("VM 100 not running")), true),
        (200, answer("stopped", None), true),
        (500, error("no such task"), false),
    ] {
        let _script = accepted().reply(status, body).start();
        let mut session = open_with(&[("method", "cycle")]).unwrap();
        session.cycle("100").unwrap();
        match session.cycle_complete("100") {
            Err(Error::TaskFailed(_)) if is_failed => {}
            Err(Error::Unexpected(_)) if !is_failed => {}
            other => panic!("{status}: {other:?}"),
        }
    }
    let _script = script().start();
    let mut session = open_with(&[("method", "cycle"), ("plug", "200")]).unwrap();
    assert_option(session.cycle("200"), "method");
}
