//! Instances of Public Cloud.

use crate::account::{assert_says, count, open, open_with, script};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

const ID: &str = "d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3c";
const ONE: &str = "/cloud/project/p1/instance/d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3c";
const ALL: &str = "/cloud/project/p1/instance";

fn instance(status: &str) -> Value {
    json!({ "id": ID, "name": "web1", "status": status, "region": "GRA11", "flavor": {}, "ipAddresses": [],
            "operationIds": [], "created": "2026-01-31T10:00:00Z" })
}

fn other(name: &str) -> Value {
    json!({ "id": "00000000-6c3a-4f8a-9d1e-0c5d8a1f2b3c", "name": name, "status": "ACTIVE" })
}

fn post(operation: &str) -> String {
    format!("{ONE}/{operation}")
}

fn with_project() -> fence_ovh::Ovh {
    open_with(&[("project", "p1")])
}

#[test]
fn each_status_has_its_meaning() {
    use PowerStatus::{Off, On, Standby, Unknown};
    let standby = [
        "BUILD",
        "BUILDING",
        "DELETING",
        "ERROR",
        "HARD_REBOOT",
        "MIGRATING",
        "PASSWORD",
        "PAUSED",
        "REBOOT",
        "REBUILD",
        "RESCUE",
        "RESCUED",
        "RESCUING",
        "RESIZE",
        "RESIZED",
        "RESUMING",
        "REVERT_RESIZE",
        "SHELVED",
        "SHELVING",
        "SNAPSHOTTING",
        "SOFT_DELETED",
        "SUSPENDED",
        "UNRESCUING",
        "UNSHELVING",
        "VERIFY_RESIZE",
    ];
    let rows = [
        ("ACTIVE", On),
        ("SHUTOFF", Off),
        ("STOPPED", Off),
        ("SHELVED_OFFLOADED", Off),
    ];
    let unknown = ["UNKNOWN", "", "shutoff", "OFF"].map(|word| (word, Unknown));
    for (word, power) in rows
        .into_iter()
        .chain(standby.map(|word| (word, Standby)))
        .chain(unknown)
    {
        let _script = script().on("GET", ONE).reply(200, instance(word)).start();
        assert_eq!(with_project().power_status(ID), Ok(power), "{word}");
    }
    let mut odd = instance("x");
    odd["status"] = json!(null);
    let _script = script()
        .on("GET", ONE)
        .reply(200, odd)
        .reply(200, instance("DELETED"))
        .start();
    let mut ovh = with_project();
    assert_eq!(ovh.power_status(ID), Ok(Unknown));
    assert_eq!(ovh.power_status(ID), Err(Error::PlugNotFound(ID.to_owned())));
}

#[test]
fn stop_and_start_are_requested_if_needed() {
    for (target, status, operation) in [
        (PowerTarget::Off, "ACTIVE", Some("stop")),
        (PowerTarget::Off, "ERROR", Some("stop")),
        (PowerTarget::Off, "SHUTOFF", Some("stop")),
        (PowerTarget::On, "SHUTOFF", Some("start")),
        (PowerTarget::On, "SHELVED_OFFLOADED", Some("unshelve")),
        (PowerTarget::On, "ACTIVE", None),
    ] {
        let script = script().on("GET", ONE).reply(200, instance(status));
        let script = match operation {
            Some(operation) => script.on("POST", &post(operation)).reply_text(200, ""),
            None => script,
        };
        let _script = script.start();
        assert_eq!(with_project().set_power(ID, target), Ok(()), "{status}");
    }
}

#[test]
fn an_accepted_request_is_not_a_success() {
    let script = script().on("GET", ONE).reply(200, instance("ACTIVE")).times(2);
    let script = script
        .reply(200, instance("SHUTOFF"))
        .on("POST", &post("stop"))
        .reply(200, json!(null));
    let _script = script.start();
    let mut ovh = with_project();
    assert_eq!(ovh.set_power(ID, PowerTarget::Off), Ok(()));
    assert_eq!(ovh.power_status(ID), Ok(PowerStatus::On));
    assert_eq!(ovh.power_status(ID), Ok(PowerStatus::Off));
}

#[test]
fn the_status_decides_after_a_conflict() {
    for (after, is_done) in [("SHUTOFF", true), ("ACTIVE", false), ("PAUSED", false)] {
        let _script = script()
            .on("GET", ONE)
            .reply(200, instance("ACTIVE"))
            .reply(200, instance(after))
            .on("POST", &post("stop"))
            .reply(
                409,
                json!({ "class": "Client::Conflict", "message": "Cannot stop in this state" }),
            )
            .start();
        let outcome = with_project().set_power(ID, PowerTarget::Off);
        if is_done {
            assert_eq!(outcome, Ok(()));
        } else {
            assert_says(outcome, "Busy", &["Cannot stop in this state"]);
        }
    }
}

#[test]
fn an_id_is_searched_in_all_projects_once() {
    let script = script()
        .on("GET", "/cloud/project")
        .reply(200, json!(["p0", "p1", "p2"]))
        .on("GET", &ONE.replace("p1", "p0"))
        .reply(404, json!({ "message": "none" }))
        .on("GET", ONE)
        .reply(200, instance("ACTIVE"))
        .times(2)
        .start();
    let mut ovh = open();
    assert_eq!(ovh.power_status(ID), Ok(PowerStatus::On));
    assert_eq!(ovh.power_status(ID), Ok(PowerStatus::On));
    assert_eq!(count(&script, "GET /cloud/project"), 1);
}

#[test]
fn a_project_that_cannot_be_read_is_the_error_if_no_other_has_the_instance() {
    for (status, body, kind, parts) in [
        (
            403,
            json!({ "message": "This call has not been granted" }),
            "NotPermitted",
            ["/cloud/project/*/instance/*", "project p0"],
        ),
        (
            460,
            json!({ "message": "This service is expired" }),
            "TaskFailed",
            ["project p0 cannot be read", "expired"],
        ),
        (
            500,
            json!({ "message": "Oops" }),
            "Unexpected",
            ["project p0 cannot be read, and may have", "Oops"],
        ),
        (
            429,
            json!({ "message": "Too many" }),
            "Busy",
            ["project p0 cannot be read", "Too many"],
        ),
    ] {
        let search = |found: bool| {
            let script = script().on("GET", "/cloud/project").reply(200, json!(["p0", "p1"]));
            let script = script
                .on("GET", &ONE.replace("p1", "p0"))
                .reply(status, body.clone())
                .on("GET", ONE);
            if found {
                script.reply(200, instance("SHUTOFF"))
            } else {
                script.reply(404, json!({ "message": "none" }))
            }
        };
        let _script = search(false).start();
        assert_says(open().power_status(ID), kind, &parts);
        drop(_script);
        // An ID belongs to one instance, so the other project does not matter.
        let _script = search(true).start();
        assert_eq!(open().power_status(ID), Ok(PowerStatus::Off), "{status}");
    }
}

#[test]
fn a_name_is_searched_in_all_projects() {
    let _script = script()
        .on("GET", ALL)
        .reply(200, json!([other("web"), instance("SHUTOFF"), other("WEB1")]))
        .on("GET", ONE)
        .reply(200, instance("ACTIVE"))
        .start();
    let mut ovh = with_project();
    assert_eq!(ovh.power_status("web1"), Ok(PowerStatus::Off));
    assert_eq!(ovh.power_status("web1"), Ok(PowerStatus::On));
}

#[test]
fn a_name_of_two_instances_is_refused() {
    let two = |script: Script| {
        script
            .on("GET", "/cloud/project")
            .reply(200, json!(["p1", "p2"]))
            .on("GET", ALL)
            .reply(200, json!([instance("ACTIVE")]))
            .on("GET", "/cloud/project/p2/instance")
            .reply(200, json!([other("web1")]))
    };
    let _script = two(script()).start();
    let ids = vec![ID.to_owned(), "00000000-6c3a-4f8a-9d1e-0c5d8a1f2b3c".to_owned()];
    assert_eq!(
        open().set_power("web1", PowerTarget::Off),
        Err(Error::PlugAmbiguous(ids))
    );
}

#[test]
fn a_missing_or_deleted_name_is_not_found() {
    for body in [json!([]), json!([other("web2")]), json!([instance("DELETED")])] {
        let _script = script().on("GET", ALL).reply(200, body).start();
        assert_eq!(
            with_project().power_status("web1"),
            Err(Error::PlugNotFound("web1".to_owned()))
        );
    }
}

/// The project may have the instance, or a second one of the name.
#[test]
fn a_project_that_cannot_be_read_fails_the_search_for_a_name() {
    for (status, message, kind) in [
        (460, "This service is expired", "TaskFailed"),
        (403, "This call has not been granted", "NotPermitted"),
        (404, "This service does not exist", "Unexpected"),
        (500, "Oops", "Unexpected"),
    ] {
        for others in [json!([]), json!([instance("SHUTOFF")])] {
            for target in [None, Some(PowerTarget::Off)] {
                let script = script().on("GET", "/cloud/project").reply(200, json!(["p1", "p2"]));
                let script = script.on("GET", ALL).reply(200, others.clone());
                let script = script.on("GET", "/cloud/project/p2/instance");
                let _script = script.reply(status, json!({ "message": message })).start();
                let outcome = match target {
                    None => open().power_status("web1").map(drop),
                    Some(target) => open().set_power("web1", target),
                };
                assert_says(
                    outcome,
                    kind,
                    &["project p2 cannot be read", "web1", message, "option project"],
                );
            }
        }
    }
}

#[test]
fn an_odd_record_matters_only_if_it_may_be_the_instance() {
    let twice = r#"{"id":"x","name":"web1","status":"SHUTOFF","status":"ACTIVE"}"#;
    let list = |odd: &str| format!("[{odd},{}]", instance("SHUTOFF"));
    for odd in [
        r#"{"id":7,"name":"web2"}"#,
        r#"{"id":"y","name":"web2","name":"web2"}"#,
        r#"{"id":"y","name":9}"#,
    ] {
        let _script = script().on("GET", ALL).reply_text(200, list(odd)).start();
        assert_eq!(with_project().power_status("web1"), Ok(PowerStatus::Off), "{odd}");
    }
    for odd in ["null", "7", r#"{"id":7,"name":"web1"}"#, twice] {
        let _script = script().on("GET", ALL).reply_text(200, list(odd)).start();
        assert_says(
            with_project().power_status("web1"),
            "Unexpected",
            &["project p1", "web1", "malformed"],
        );
    }
    // The name of the own record does not matter for its power.
    let mut odd = instance("ACTIVE");
    odd["name"] = json!({ "x": 1 });
    let _script = script().on("GET", ONE).reply(200, odd).start();
    assert_eq!(with_project().power_status(ID), Ok(PowerStatus::On));
}

#[test]
fn a_cycle_needs_a_visible_reboot() {
    let script = script()
        .on("GET", ONE)
        .reply(200, instance("ACTIVE"))
        .times(2)
        .reply(200, instance("HARD_REBOOT"))
        .reply(200, instance("ACTIVE"))
        .on("POST", &post("reboot"))
        .reply_text(200, "")
        .start();
    let mut ovh = with_project();
    assert_eq!(ovh.cycle(ID), Ok(()));
    // The instance runs before and after: nothing proves a reboot.
    let seen: Vec<_> = (0..3).map(|_| ovh.cycle_complete(ID)).collect();
    assert_eq!(seen, [Ok(false), Ok(false), Ok(true)]);
    let sent = script
        .requests()
        .into_iter()
        .find(|sent| sent.method == "POST")
        .unwrap();
    assert_eq!(sent.json(), json!({ "type": "hard" }));
}

#[test]
fn a_cycle_without_a_request_is_not_complete() {
    let _script = script()
        .on("GET", ONE)
        .reply(200, instance("HARD_REBOOT"))
        .reply(200, instance("ACTIVE"))
        .start();
    let mut ovh = with_project();
    assert_eq!(ovh.cycle_complete(ID), Ok(false));
    assert_eq!(ovh.cycle_complete(ID), Ok(false));
}

#[test]
fn an_answer_about_another_instance_is_rejected() {
    let _script = script().on("GET", ONE).reply(200, other("web1")).start();
    assert_says(with_project().power_status(ID), "Unexpected", &["another instance"]);
}
