//! `list`, `list-status` and `monitor`.

use crate::acme::{assert_unexpected, db01, during, failure, lines, open, options, script, success, with, with_db01};
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
fn a_record_that_cannot_be_read_does_not_hide_the_others() {
    let twice = |member: &str, value: Value| with(machine("U2", "b", "Halted"), member, value);
    let good = || ("OpaqueRef:1", machine("u1", "a", "Halted"));
    let off = || Plug::new("u1").alias("a").status(PowerStatus::Off);
    let unknown = |label: &str| Plug::new("u2").alias(label).status(PowerStatus::Unknown);
    for (bad, row) in [
        (twice("power_state", Value::Nil), unknown("b")),
        (twice("power_state", 3.into()), unknown("b")),
        (twice("is_a_template", "0".into()), unknown("b")),
        (twice("is_control_domain", Value::Nil), unknown("b")),
        (twice("current_operations", "start".into()), unknown("b")),
        (twice("resident_on", 7.into()), unknown("b")),
        (twice("domid", "five".into()), unknown("b")),
        (twice("domid", Value::Nil), unknown("b")),
        (twice("name_label", Value::Nil), unknown("")),
    ] {
        let records = Value::from([("OpaqueRef:2", bad), good()]);
        let script = script().on_call("VM.get_all_records").answer(success(records)).start();
        let mut rows = vec![off(), row];
        rows.sort_by(|one, other| one.alias.cmp(&other.alias));
        assert_eq!(open().plugs(true), Ok(rows));
        assert!(lines(&script).to_lowercase().contains("u2"), "{}", lines(&script));
    }
    for nameless in [Value::Nil, "x".into(), twice("uuid", 7.into())] {
        let records = Value::from([("OpaqueRef:2", nameless.clone()), good()]);
        let script = script().on_call("VM.get_all_records").answer(success(records)).start();
        assert_eq!(open().plugs(true), Ok(vec![off()]));
        assert!(
            lines(&script).contains("a machine without a UUID is not listed"),
            "{}",
            lines(&script)
        );
        drop(script);
        assert_unexpected(list_of(Value::from([("OpaqueRef:2", nameless)])), "should be");
    }
}

#[test]
fn odd_members_of_templates_and_snapshots_do_not_matter() {
    for flag in ["is_a_template", "is_a_snapshot", "is_control_domain"] {
        let mut odd = with(machine("u2", "b", "Halted"), flag, true);
        for member in [
            "uuid",
            "name_label",
            "power_state",
            "domid",
            "resident_on",
            "current_operations",
        ] {
            odd = with(odd, member, Value::Nil);
        }
        let script = script();
        let records = Value::from([("OpaqueRef:2", odd), ("OpaqueRef:1", machine("u1", "a", "Running"))]);
        let script = script.on_call("VM.get_all_records").answer(success(records)).start();
        assert_eq!(
            open().plugs(true),
            Ok(vec![Plug::new("u1").alias("a").status(PowerStatus::On)])
        );
        assert_eq!(lines(&script), "", "{flag}");
    }
}

#[test]
fn records_are_read_one_by_one_if_they_cannot_be_read_together() {
    let gone = || failure(&["HANDLE_INVALID", "VM", "OpaqueRef:3"]);
    let together = || script().on_call("VM.get_all_records");
    for script in [
        together().answer(gone()),
        together().malformed("two members of one name"),
    ] {
        let references = vec!["OpaqueRef:1", "OpaqueRef:2", "OpaqueRef:3", "OpaqueRef:4"];
        let script = script
            .on_call("VM.get_all")
            .answer(success(references))
            .on_call("VM.get_record")
            .answer(success(machine("u1", "a", "Halted")))
            .malformed("two members of one name")
            .answer(gone())
            .answer(success(machine("u4", "d", "Running")))
            .on_call("VM.get_uuid")
            .answer(success("U2"))
            .on_call("VM.get_name_label")
            .answer(success("b"))
            .start();
        let plug = |uuid: &str, label: &str, power| Plug::new(uuid).alias(label).status(power);
        let rows = vec![
            plug("u1", "a", PowerStatus::Off),
            plug("u2", "b", PowerStatus::Unknown),
            plug("u4", "d", PowerStatus::On),
        ];
        assert_eq!(open().plugs(false), Ok(rows));
        assert!(
            lines(&script).contains("the record of U2 cannot be read"),
            "{}",
            lines(&script)
        );
    }
}

#[test]
fn an_incomplete_list_is_an_error() {
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

#[test]
fn a_monitor_reads_every_plug() {
    let given = |plugs: &str| -> Options {
        let pairs = ["username", "password", "session_url"].map(|name| (name, options().get(name).unwrap().to_owned()));
        let more = [("plug", plugs.to_owned()), ("plug_separator", ",".to_owned())];
        pairs
            .into_iter()
            .chain(more)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    let missing = "c0ffee00-0000-4000-8000-00000000db09";
    let _script = with_db01([db01("Running")])
        .on_call("VM.get_by_uuid")
        .answer(failure(&["UUID_INVALID", "VM", missing]))
        .start();
    let plugs = format!("db01,{missing}");
    assert_eq!(
        Pool::open(&given(&plugs)).unwrap().probe(),
        Err(Error::plug_not_found(missing))
    );
}
