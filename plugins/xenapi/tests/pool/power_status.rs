//! Reading power.

use crate::acme::{
    REFERENCE, SESSION, UUID, assert_unexpected, count, db01, during, lines, open, script, success, with, with_db01,
};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

fn status_of(record: Value) -> Result<PowerStatus> {
    let _script = with_db01([record]).start();
    open().power_status("db01")
}

#[test]
fn only_halted_is_off() {
    for (word, power) in [
        ("Halted", PowerStatus::Off),
        ("Running", PowerStatus::On),
        ("Paused", PowerStatus::Standby),
        ("Suspended", PowerStatus::Standby),
        ("halted", PowerStatus::Unknown),
        ("HALTED", PowerStatus::Unknown),
        ("Halted ", PowerStatus::Unknown),
        ("Unknown", PowerStatus::Unknown),
        ("off", PowerStatus::Unknown),
        ("", PowerStatus::Unknown),
    ] {
        assert_eq!(status_of(db01(word)), Ok(power), "{word}");
    }
}

#[test]
fn a_state_that_is_missing_or_not_text_is_not_off() {
    let mut record = db01("Halted");
    assert!(record.take("power_state").is_some());
    assert_eq!(status_of(record), Ok(PowerStatus::Unknown));
    for state in [
        Value::Nil,
        false.into(),
        0.into(),
        vec!["Halted"].into(),
        Value::from([("Halted", "1")]),
    ] {
        assert_unexpected(
            status_of(with(db01("Halted"), "power_state", state)),
            "`power_state` should be a text",
        );
    }
}

#[test]
fn an_unknown_power_state_is_logged() {
    let script = with_db01([db01("hiber\nnated")]).start();
    assert_eq!(open().power_status("db01"), Ok(PowerStatus::Unknown));
    assert!(lines(&script).contains("hiber nated"), "{}", lines(&script));
}

#[test]
fn a_machine_that_is_about_to_run_is_not_off() {
    for operation in [
        "start",
        "start_on",
        "resume",
        "resume_on",
        "hard_reboot",
        "clean_reboot",
        "pool_migrate",
    ] {
        let script = with_db01([during(db01("Halted"), operation)]).start();
        assert_eq!(open().power_status("db01"), Ok(PowerStatus::Standby), "{operation}");
        assert!(lines(&script).contains(operation), "{}", lines(&script));
    }
    for operation in ["hard_shutdown", "clean_shutdown", "snapshot", "export", "a new one"] {
        assert_eq!(
            status_of(during(db01("Halted"), operation)),
            Ok(PowerStatus::Off),
            "{operation}"
        );
    }
    assert_eq!(status_of(during(db01("Running"), "hard_shutdown")), Ok(PowerStatus::On));
}

#[test]
fn operations_of_another_type_are_not_off() {
    for operations in [
        Value::Nil,
        "start".into(),
        vec!["start"].into(),
        Value::from([("task", 7)]),
    ] {
        assert_unexpected(
            status_of(with(db01("Halted"), "current_operations", operations)),
            "`current_operations",
        );
    }
}

#[test]
fn records_of_old_pools_are_accepted() {
    let mut record = db01("Halted");
    for member in ["is_a_snapshot", "resident_on", "domid", "current_operations"] {
        assert!(record.take(member).is_some());
    }
    assert_eq!(status_of(record), Ok(PowerStatus::Off));
}

#[test]
fn a_record_without_its_identity_is_refused() {
    for member in ["uuid", "name_label", "is_a_template", "is_control_domain"] {
        let mut record = db01("Halted");
        assert!(record.take(member).is_some());
        assert_unexpected(status_of(record), &format!("`{member}` should be present"));
        assert_unexpected(
            status_of(with(db01("Halted"), member, 7)),
            &format!("`{member}` should be"),
        );
    }
}

#[test]
fn a_halted_record_with_an_odd_domain_is_not_off() {
    for domain in ["five".into(), Value::Nil, vec!["-1"].into(), "5".into(), 0.into()] {
        let script = with_db01([with(db01("Halted"), "domid", domain)]).start();
        assert_eq!(open().power_status("db01"), Ok(PowerStatus::Unknown));
        assert!(lines(&script).contains("contradicts itself"), "{}", lines(&script));
    }
    assert_eq!(status_of(with(db01("Halted"), "domid", -1)), Ok(PowerStatus::Off));
    assert_eq!(status_of(with(db01("Running"), "domid", "five")), Ok(PowerStatus::On));
}

#[test]
fn the_label_is_looked_up_once() {
    let script = with_db01([db01("Running"), db01("Running"), db01("Halted")]).start();
    let mut pool = open();
    let seen = [0; 3].map(|_| pool.power_status("db01"));
    assert_eq!(seen, [Ok(PowerStatus::On), Ok(PowerStatus::On), Ok(PowerStatus::Off)]);
    assert_eq!(count(&script, "VM.get_by_name_label"), 1);
    for call in &script.calls()[1..] {
        assert_eq!(call.params[0], Value::from(SESSION));
        assert_eq!((&*call.endpoint, &*call.path), ("api", "/"));
    }
    assert_eq!(script.calls()[2].params[1], Value::from(REFERENCE));
}

#[test]
fn an_invalid_answer_is_not_off() {
    let record = || with_db01([]);
    for (script, part) in [
        (record().status(500), "status 500"),
        (record().status(404), "status 404"),
        (record().fault(1, "no"), "fault 1"),
        (record().malformed("it is HTML"), "it is HTML"),
        (record().answer(""), "should be a struct"),
        (record().answer(vec!["Success"]), "should be a struct"),
        (
            record().answer([("Value", db01("Halted"))]),
            "`Status` should be present",
        ),
        (
            record().answer([("Status", Value::from(1)), ("Value", db01("Halted"))]),
            "`Status` should be a text",
        ),
        (
            record().answer([("Status", "Success".into()), ("ErrorDescription", db01("Halted"))]),
            "without a value",
        ),
        (
            record().answer([("Status", "success".into()), ("Value", db01("Halted"))]),
            "neither",
        ),
        (
            record().answer([("Status", "Failure".into()), ("Value", db01("Halted"))]),
            "`ErrorDescription` should be present",
        ),
        (
            record().answer([("Status", "Failure"), ("ErrorDescription", "HOST_OFFLINE")]),
            "should be an array",
        ),
        (
            record().answer([
                ("Status", Value::from("Failure")),
                ("ErrorDescription", Value::Array(vec![])),
            ]),
            "without a code",
        ),
        (
            record().answer([("Status", Value::from("Failure")), ("ErrorDescription", vec![7].into())]),
            "should be a text",
        ),
        (record().answer(success("Halted")), "should be a struct"),
        (record().answer(success(vec!["Halted"])), "should be a struct"),
    ] {
        let _script = script.start();
        assert_unexpected(open().power_status("db01"), part);
    }
}

#[test]
fn a_missing_answer_is_not_off() {
    for failure in [Failure::Broken("x".into()), Failure::Unreachable("x".into())] {
        let _script = with_db01([]).fail(failure).start();
        assert!(matches!(open().power_status("db01"), Err(Error::ConnectionLost(_))));
    }
    let _script = with_db01([]).fail(Failure::TimedOut("x".into())).start();
    assert!(matches!(open().power_status("db01"), Err(Error::TimedOut(_))));
}

#[test]
fn a_record_of_another_machine_is_refused() {
    let other = with(db01("Halted"), "uuid", "c0ffee00-0000-4000-8000-00000000db02");
    let _script = with_db01([db01("Running"), other.clone()]).start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_unexpected(pool.power_status("db01"), "another machine");
    drop(_script);
    let script = script().on_call("VM.get_by_uuid").answer(success(REFERENCE));
    let _script = crate::acme::reading(script, [other]).start();
    assert_unexpected(open().power_status(UUID), "another machine");
}
