//! From the value of the option `plug` to a machine.

use crate::acme::{
    REFERENCE, UUID, assert_unexpected, count, db01, failure, open, reading, refused_option, script, success, with,
    with_db01,
};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;
use fencebox_sdk::xmlrpc::Value;

const OTHER: &str = "c0ffee00-0000-4000-8000-00000000db02";

fn template() -> Value {
    with(db01("Halted"), "is_a_template", true)
}

fn snapshot() -> Value {
    with(template(), "is_a_snapshot", true)
}

fn control_domain() -> Value {
    with(db01("Running"), "is_control_domain", true)
}

/// A script that looks up `db01`, with these records under its label.
fn labelled(records: Vec<Value>) -> Script {
    let references: Vec<String> = (1..=records.len())
        .map(|index| format!("OpaqueRef:vm-{index}"))
        .collect();
    let script = script().on_call("VM.get_by_name_label").answer(success(references));
    reading(script, records)
}

fn by_uuid() -> Script {
    script().on_call("VM.get_by_uuid").answer(success(REFERENCE))
}

#[test]
fn a_uuid_is_sent_in_lower_case() {
    let script = reading(by_uuid(), [db01("Halted")]).start();
    assert_eq!(open().power_status(&UUID.to_uppercase()), Ok(PowerStatus::Off));
    assert_eq!(script.calls()[1].params[1], Value::from(UUID));
}

#[test]
fn a_label_is_sent_unchanged() {
    for label in ["DB01", "db 01 <&>ä", "c0ffee00", ""] {
        let script = script()
            .on_call("VM.get_by_name_label")
            .answer(success(Vec::<String>::new()))
            .start();
        assert_eq!(open().power_status(label), Err(Error::plug_not_found(label)));
        assert_eq!(script.calls()[1].params[1], Value::from(label));
    }
}

#[test]
fn a_missing_machine_is_not_off() {
    let _script = script()
        .on_call("VM.get_by_uuid")
        .answer(failure(&["UUID_INVALID", "VM", UUID]))
        .start();
    assert_eq!(open().power_status(UUID), Err(Error::plug_not_found(UUID)));
}

#[test]
fn a_record_with_another_label_is_refused() {
    let _script = with_db01([with(db01("Halted"), "name_label", "DB01")]).start();
    assert_unexpected(open().power_status("db01"), "another label");
}

#[test]
fn several_machines_with_one_label_are_ambiguous() {
    let _script = labelled(vec![with(db01("Halted"), "uuid", OTHER), snapshot(), db01("Halted")]).start();
    let both = vec![UUID.to_owned(), OTHER.to_owned()];
    assert_eq!(open().power_status("db01"), Err(Error::PlugAmbiguous(both)));
}

#[test]
fn templates_and_snapshots_do_not_make_a_label_ambiguous() {
    for other in [template(), snapshot(), control_domain()] {
        let other = with(other, "uuid", OTHER);
        let _script = labelled(vec![other.clone(), db01("Halted"), other]).start();
        assert_eq!(open().power_status("db01"), Ok(PowerStatus::Off));
    }
}

#[test]
fn other_kinds_are_refused_with_their_kind() {
    for (record, name) in [
        (template(), "template"),
        (snapshot(), "snapshot"),
        (control_domain(), "control domain"),
    ] {
        let label = labelled(vec![record.clone(), record.clone()]).start();
        let reason = refused_option(open().power_status("db01"), "plug");
        assert!(reason.contains(&format!("db01 is a {name}")), "{reason}");
        drop(label);
        let script = reading(by_uuid(), [record.clone()]).start();
        let reason = refused_option(open().set_power(UUID, PowerTarget::Off), "plug");
        assert!(reason.contains(&format!("is a {name}")), "{reason}");
        assert_eq!(count(&script, "VM.hard_shutdown"), 0);
    }
}

#[test]
fn a_machine_that_becomes_a_template_is_refused() {
    let _script = with_db01([db01("Running"), template()]).start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert!(refused_option(pool.power_status("db01"), "plug").contains("template"));
}

#[test]
fn too_many_machines_with_one_label_are_not_read() {
    let references: Vec<String> = (0..101).map(|index| format!("OpaqueRef:vm-{index}")).collect();
    let script = script()
        .on_call("VM.get_by_name_label")
        .answer(success(references))
        .start();
    assert!(refused_option(open().power_status("db01"), "plug").contains("use the UUID instead"));
    assert_eq!(count(&script, "VM.get_record"), 0);
}

#[test]
fn an_invalid_list_of_references_is_refused() {
    for found in [Value::from(REFERENCE), vec![7].into(), Value::Nil] {
        let _script = script().on_call("VM.get_by_name_label").answer(success(found)).start();
        assert_unexpected(open().power_status("db01"), "should be");
    }
    let _script = script()
        .on_call("VM.get_by_uuid")
        .answer(success(vec![REFERENCE]))
        .start();
    assert_unexpected(open().power_status(UUID), "should be a text");
}

#[test]
fn a_machine_removed_during_the_search_is_ignored() {
    let gone = failure(&["HANDLE_INVALID", "VM", "OpaqueRef:vm-1"]);
    let script = script()
        .on_call("VM.get_by_name_label")
        .answer(success(vec!["OpaqueRef:vm-1", REFERENCE]));
    let _script = script
        .on_call("VM.get_record")
        .answer(gone.clone())
        .answer(success(db01("Halted")))
        .start();
    assert_eq!(open().power_status("db01"), Ok(PowerStatus::Off));
    drop(_script);
    let _script = with_db01([]).answer(gone).start();
    assert_eq!(open().power_status("db01"), Err(Error::plug_not_found("db01")));
}

#[test]
fn a_stale_reference_is_looked_up_again_by_uuid() {
    let gone = failure(&["HANDLE_INVALID", "VM", REFERENCE]);
    let script = with_db01([db01("Running")])
        .answer(gone.clone())
        .answer(success(db01("Halted")));
    let script = script
        .on_call("VM.get_by_uuid")
        .answer(success("OpaqueRef:new"))
        .start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    assert_eq!(script.calls().last().unwrap().params[1], Value::from("OpaqueRef:new"));
    drop(script);
    // A removed machine is not off, even if another machine has the label now.
    let script = with_db01([db01("Running")]).answer(gone.clone());
    let _script = script
        .on_call("VM.get_by_uuid")
        .answer(failure(&["UUID_INVALID", "VM", UUID]))
        .start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_eq!(pool.power_status("db01"), Err(Error::plug_not_found("db01")));
}

#[test]
fn an_invalid_handle_of_another_object_is_unexpected() {
    let _script = with_db01([db01("Running")])
        .answer(failure(&["HANDLE_INVALID", "SR", "OpaqueRef:sr"]))
        .start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_unexpected(pool.power_status("db01"), "HANDLE_INVALID: SR");
}
