//! `list`, `list-status` and `monitor`.

use crate::acme::{assert_unexpected, db01, during, failure, open, options, script, success, with, with_db01};
use fence_xenapi::Pool;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

fn machine(uuid: &str, label: &str, state: &str) -> Value {
    with(with(db01(state), "uuid", uuid), "name_label", label)
}

fn list_of(records: Value) -> Result<Vec<Plug>> {
    let _script = script().on_call("VM.get_all_records").answer(success(records)).start();
    open().plugs(true)
}

#[test]
fn machines_are_listed_by_label() {
    let records = Value::from([
        ("OpaqueRef:1", machine("u1", "web <&>ä", "Running")),
        ("OpaqueRef:2", with(machine("u2", "a", "Halted"), "is_a_template", true)),
        ("OpaqueRef:3", with(machine("u3", "a", "Halted"), "is_a_snapshot", true)),
        (
            "OpaqueRef:4",
            with(machine("u4", "a", "Running"), "is_control_domain", true),
        ),
        ("OpaqueRef:6", machine("U6", "db", "Suspended")),
        ("OpaqueRef:5", machine("u5", "db", "Halted")),
        ("OpaqueRef:7", machine("u7", "", "odd")),
        ("OpaqueRef:8", during(machine("u8", "x", "Halted"), "start")),
    ]);
    let plug = |uuid: &str, label: &str, power| Plug::new(uuid).alias(label).status(power);
    assert_eq!(
        list_of(records),
        Ok(vec![
            plug("u7", "", PowerStatus::Unknown),
            plug("u5", "db", PowerStatus::Off),
            plug("u6", "db", PowerStatus::Standby),
            plug("u1", "web <&>ä", PowerStatus::On),
            plug("u8", "x", PowerStatus::Standby),
        ])
    );
    assert_eq!(list_of(Value::Struct(Vec::new())), Ok(Vec::new()));
}

#[test]
fn one_call_keeps_only_what_is_read() {
    let records = Value::from([("OpaqueRef:1", machine("u1", "a", "Halted"))]);
    let script = script().on_call("VM.get_all_records").answer(success(records)).start();
    assert_eq!(open().plugs(false).unwrap().len(), 1);
    let keep = &script.calls()[1].keep;
    assert!(
        keep.contains(&"Status".to_owned()) && keep.contains(&"ErrorDescription".to_owned()),
        "{keep:?}"
    );
    assert!(
        keep.contains(&"Value/*/uuid".to_owned()) && !keep.contains(&"Value".to_owned()),
        "{keep:?}"
    );
    assert_eq!(script.calls().len(), 2);
}

#[test]
fn an_incomplete_list_is_an_error() {
    let good = || ("OpaqueRef:1", machine("u1", "a", "Halted"));
    for bad in [
        Value::Nil,
        "x".into(),
        with(db01("Halted"), "uuid", 7),
        with(db01("Halted"), "is_a_template", "0"),
    ] {
        assert_unexpected(list_of(Value::from([good(), ("OpaqueRef:2", bad)])), "should be");
    }
    for none in [Value::Nil, "".into(), Value::Array(Vec::new())] {
        assert_unexpected(list_of(none), "should be a struct");
    }
    let _script = script()
        .on_call("VM.get_all_records")
        .answer(failure(&["RBAC_PERMISSION_DENIED", "x"]))
        .start();
    assert!(matches!(open().plugs(true), Err(Error::NotPermitted(_))));
}

#[test]
fn a_monitor_without_a_plug_sends_one_cheap_call() {
    let empty = success(Vec::<String>::new());
    let script = script().on_call("VM.get_by_name_label").answer(empty).start();
    assert_eq!(open().probe(), Ok(()));
    assert_eq!(script.calls().len(), 2);
}

#[test]
fn a_monitor_fails_if_a_list_would_fail() {
    let probe = |answer: Value| {
        let _script = script().on_call("VM.get_by_name_label").answer(answer).start();
        open().probe()
    };
    assert!(matches!(
        probe(failure(&["RBAC_PERMISSION_DENIED", "x"])),
        Err(Error::NotPermitted(_))
    ));
    assert!(matches!(probe(failure(&["TOO_BUSY"])), Err(Error::Busy(_))));
    assert_unexpected(probe(success("")), "should be an array");
    assert_unexpected(probe("".into()), "should be a struct");
}

#[test]
fn a_monitor_with_a_plug_reads_it() {
    let given =
        ["username", "password", "session_url"].map(|name| (name.to_owned(), options().get(name).unwrap().to_owned()));
    let given: Options = given
        .into_iter()
        .chain([("plug".to_owned(), "db01".to_owned())])
        .collect();
    let _script = with_db01([db01("Running")]).start();
    assert_eq!(Pool::open(&given).unwrap().probe(), Ok(()));
    drop(_script);
    let _script = script()
        .on_call("VM.get_by_name_label")
        .answer(success(Vec::<String>::new()))
        .start();
    assert_eq!(Pool::open(&given).unwrap().probe(), Err(Error::plug_not_found("db01")));
}
