//! Switching, and following the task until it ends (`docs/reference/clc.md#power-operations` and
//! `docs/reference/clc.md#tasks`).

use crate::acme::{
    DB01, POWER_OFF, POWER_ON, TASK, assert_unexpected, db01, lines, off_for, open, queued, refused, script,
};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

/// A script in which the device accepted power off as task `wa1-40077`.
fn after_off() -> Script {
    script().on("POST", POWER_OFF).reply(202, queued())
}

fn task(status: &str) -> Value {
    json!({ "status": status })
}

#[test]
fn requests_are_forced() {
    for (target, path) in [(PowerTarget::Off, POWER_OFF), (PowerTarget::On, POWER_ON)] {
        let script = script().on("POST", path).reply(200, queued()).start();
        assert_eq!(open().set_power("WA1ACMEDB01", target), Ok(()));
        assert_eq!(script.requests()[1].json(), json!(["WA1ACMEDB01"]));
    }
}

#[test]
fn a_task_is_followed_and_then_the_server_is_read() {
    let script = after_off()
        .on("GET", TASK)
        .reply(200, task("notStarted"))
        .reply(200, task("executing"))
        .reply(200, task("resumed"))
        .reply(200, task("succeeded"))
        .on("GET", DB01)
        // The power state changes some time after the task.
        .reply(200, db01("started"))
        .reply(200, db01("stopped"))
        .in_order()
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    // The task is found if the id has another case.
    let ids = [
        "wa1acmedb01",
        "Wa1AcmeDb01",
        "WA1ACMEDB01",
        "WA1ACMEDB01",
        "WA1ACMEDB01",
    ];
    let seen = ids.map(|id| cloud.power_status(id));
    let [unknown, on, off] = [PowerStatus::Unknown, PowerStatus::On, PowerStatus::Off].map(Ok);
    assert_eq!(seen, [unknown.clone(), unknown.clone(), unknown, on, off]);
    assert_eq!(script.requests().len(), 8);
}

#[test]
fn a_failed_task_is_reported_once() {
    let _script = after_off()
        .on("GET", TASK)
        .reply(200, task("failed"))
        .on("GET", DB01)
        .reply(200, db01("started"))
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    let Err(Error::TaskFailed(text)) = cloud.power_status("WA1ACMEDB01") else {
        panic!("not failed")
    };
    assert!(text.contains("wa1-40077"), "{text}");
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::On));
}

#[test]
fn unknown_task_status_does_not_end_the_task() {
    let script = after_off()
        .on("GET", TASK)
        .reply(200, task("unknown"))
        .reply(200, task("Succeeded"))
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
    assert!(lines(&script).contains("Succeeded"), "{}", lines(&script));
}

#[test]
fn a_blueprint_task_has_more_members() {
    let body = json!({ "requestType": "blueprintOperation", "status": "executing", "summary": {}, "source": {} });
    let _script = after_off().on("GET", TASK).reply(200, body).start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
}

#[test]
fn a_missing_task_is_read_three_times() {
    let _script = after_off()
        .on("GET", TASK)
        .reply(404, json!({}))
        .reply_text(404, "<html>")
        .reply(404, json!({}))
        .reply(404, json!({}))
        .on("GET", DB01)
        .reply(200, db01("stopped"))
        .times(2)
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    for _ in 0..3 {
        assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
    }
    for _ in 0..2 {
        assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Off));
    }
}

#[test]
fn a_task_is_kept_after_a_bad_answer() {
    let _script = after_off()
        .on("GET", TASK)
        .reply_text(502, "<html>bad gateway</html>")
        .fail(Failure::TimedOut("slow".to_owned()))
        .reply(200, json!({ "status": null }))
        .reply(200, task("executing"))
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_unexpected(cloud.power_status("WA1ACMEDB01"), "bad gateway");
    assert!(matches!(cloud.power_status("WA1ACMEDB01"), Err(Error::TimedOut(_))));
    assert_unexpected(cloud.power_status("WA1ACMEDB01"), "JSON with a wrong structure");
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
}

#[test]
fn a_later_request_replaces_the_task() {
    let second = json!([{ "server": "WA1ACMEDB01", "isQueued": true, "links": [{ "rel": "status", "id": "wa1-2" }] }]);
    let _script = after_off()
        .on("POST", POWER_ON)
        .reply(202, second)
        .on("GET", "/operations/ACME/status/wa1-2")
        .reply(200, task("executing"))
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::On), Ok(()));
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
}

#[test]
fn tasks_of_other_servers_do_not_count() {
    let mut other = db01("started");
    other["id"] = json!("wa1acmedb02");
    let _script = after_off()
        .on("GET", "/servers/ACME/WA1ACMEDB02")
        .reply(200, other)
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.power_status("WA1ACMEDB02"), Ok(PowerStatus::On));
}

#[test]
fn the_power_state_decides_if_there_is_no_task() {
    let hostile = json!([{ "rel": "status", "href": "https://evil.example/", "id": "../../x" }]);
    let other = json!([{ "rel": "self", "id": "wa1-40077" }]);
    let bare = json!([{ "rel": "status", "href": "/v2/operations/acme/status/wa1-40077" }]);
    for links in [json!([]), json!(null), hostile, other, bare] {
        let body = json!([{ "server": "wa1acmedb01", "isQueued": true, "links": links }]);
        let script = script()
            .on("POST", POWER_OFF)
            .reply(202, body)
            .on("GET", DB01)
            .reply(200, db01("started"))
            .start();
        let mut cloud = open();
        assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()), "{links}");
        assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::On), "{links}");
        assert!(lines(&script).contains("no task"));
    }
    assert_eq!(
        {
            let body = json!([{ "server": "wa1acmedb01", "isQueued": true }]);
            off_for(202, body)
        },
        Ok(())
    );
}

#[test]
fn a_refusal_is_a_success_if_the_server_has_the_state() {
    for (target, path, state) in [
        (PowerTarget::Off, POWER_OFF, "stopped"),
        (PowerTarget::On, POWER_ON, "started"),
    ] {
        let _script = script().on("POST", path).reply(200, refused("wrong state"));
        let _script = _script.on("GET", DB01).reply(200, db01(state)).start();
        assert_eq!(open().set_power("WA1ACMEDB01", target), Ok(()));
    }
}

#[test]
fn any_other_refusal_is_a_failure_with_its_reason() {
    let long = format!("cannot\nbe queued {}", "x".repeat(900));
    for state in ["started", "paused", "archiving", ""] {
        let answers = script().on("POST", POWER_OFF).reply(200, refused(&long));
        let _script = answers.on("GET", DB01).reply(200, db01(state)).start();
        let Err(Error::TaskFailed(text)) = open().set_power("WA1ACMEDB01", PowerTarget::Off) else {
            panic!("{state}: not failed")
        };
        assert!(
            text.starts_with("cannot be queued xxx") && text.chars().count() == 200,
            "{text}"
        );
    }
    let silent = json!([{ "server": "wa1acmedb01", "isQueued": false }]);
    let _script = script()
        .on("POST", POWER_ON)
        .reply(200, silent)
        .on("GET", DB01)
        .reply(200, db01("stopped"))
        .start();
    let Err(Error::TaskFailed(text)) = open().set_power("WA1ACMEDB01", PowerTarget::On) else {
        panic!("not failed")
    };
    assert!(text.contains("no reason"), "{text}");
}

#[test]
fn a_refusal_for_a_missing_server_is_plug_not_found() {
    let answers = script().on("POST", POWER_OFF).reply(200, refused("server not found"));
    let _script = answers.on("GET", DB01).reply(404, json!({})).start();
    assert_eq!(
        open().set_power("WA1ACMEDB01", PowerTarget::Off),
        Err(Error::PlugNotFound("WA1ACMEDB01".to_owned()))
    );
}

#[test]
fn elements_about_other_servers_are_ignored() {
    let other = json!({ "server": "wa1acmedb02", "isQueued": true, "links": [{ "rel": "status", "id": "wa1-2" }] });
    let mut both = queued();
    if let Some(elements) = both.as_array_mut() {
        elements.insert(0, other.clone());
    }
    let _script = script()
        .on("POST", POWER_OFF)
        .reply(202, both)
        .on("GET", TASK)
        .reply(200, task("executing"))
        .start();
    let mut cloud = open();
    assert_eq!(cloud.set_power("WA1ACMEDB01", PowerTarget::Off), Ok(()));
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Unknown));
    drop(_script);
    assert_unexpected(off_for(202, json!([other])), "does not mention WA1ACMEDB01");
    assert_unexpected(off_for(202, json!([])), "does not mention WA1ACMEDB01");
}

#[test]
fn a_single_object_is_accepted() {
    assert_eq!(off_for(202, queued()[0].clone()), Ok(()));
}

#[test]
fn a_success_status_alone_is_not_a_success() {
    for body in [
        json!(null),
        json!({}),
        json!("ok"),
        json!([{ "server": "wa1acmedb01" }]),
        json!([7]),
    ] {
        assert_unexpected(off_for(202, body), "status 202");
    }
    for text in ["", "<html>ok</html>", r#"[{"server":"wa1acmedb01","isQueued":tr"#] {
        let _script = script().on("POST", POWER_OFF).reply_text(202, text).start();
        assert_unexpected(open().set_power("WA1ACMEDB01", PowerTarget::Off), "status 202");
    }
}

#[test]
fn an_error_status_is_not_a_success() {
    for status in [301, 400, 404, 500, 502, 503, 504] {
        assert_unexpected(off_for(status, queued()), &format!("status {status}"));
    }
    assert!(matches!(off_for(403, json!({})), Err(Error::NotPermitted(_))));
    assert!(matches!(off_for(409, json!({})), Err(Error::Busy(_))));
    let _script = script()
        .on("POST", POWER_OFF)
        .reply(429, json!({}))
        .header("retry-after", "7")
        .start();
    let Err(Error::Busy(busy)) = open().set_power("WA1ACMEDB01", PowerTarget::Off) else {
        panic!("not busy")
    };
    assert_eq!(busy.seconds, Some(7));
}

#[test]
fn the_text_of_a_validation_error_is_reported() {
    let body = json!({ "message": "The request is invalid.", "modelState": { "body.x": ["y"] } });
    assert_unexpected(
        off_for(400, body),
        "The request is invalid (status 400 for POST /operations",
    );
}

#[test]
fn a_request_is_not_sent_twice() {
    let answers = script()
        .on("POST", POWER_OFF)
        .fail(Failure::Broken("hung up".to_owned()));
    let script = answers.on("GET", DB01).reply(200, db01("stopped")).start();
    let mut cloud = open();
    assert!(matches!(
        cloud.set_power("WA1ACMEDB01", PowerTarget::Off),
        Err(Error::ConnectionLost(_))
    ));
    // Only the power state shows whether the request arrived.
    assert_eq!(cloud.power_status("WA1ACMEDB01"), Ok(PowerStatus::Off));
    assert_eq!(
        script
            .asked()
            .iter()
            .filter(|line| line.starts_with("POST /op"))
            .count(),
        1
    );
}

#[test]
fn there_is_no_cycle() {
    let _script = script().start();
    assert_eq!(open().cycle("WA1ACMEDB01"), Err(Error::Unsupported));
}
