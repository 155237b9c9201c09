//! `method=cycle`.

use crate::acme::{
    REFERENCE, SESSION, assert_busy, assert_failed, assert_unexpected, count, db01, failure, open, running_in, success,
    with, with_db01,
};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

const HOST: &str = "OpaqueRef:host-1";

#[test]
fn a_cycle_is_complete_in_another_domain_of_the_same_host() {
    for state in ["Running", "Paused"] {
        let paused_again = with(running_in(HOST, "9"), "power_state", "Paused");
        let records = [
            db01(state),
            db01(state),
            db01("Halted"),
            paused_again,
            running_in(HOST, "9"),
        ];
        let script = with_db01(records).on_call("VM.hard_reboot").answer(success("")).start();
        let mut pool = open();
        assert_eq!(pool.cycle("db01"), Ok(()));
        let seen = [0; 4].map(|_| pool.cycle_complete("db01"));
        assert_eq!(seen, [Ok(false), Ok(false), Ok(false), Ok(true)]);
        let reboot = script
            .calls()
            .into_iter()
            .find(|call| call.method == "VM.hard_reboot")
            .unwrap();
        assert_eq!(reboot.params, [Value::from(SESSION), REFERENCE.into()]);
    }
}

#[test]
fn a_machine_on_another_host_is_not_a_proof() {
    let records = [db01("Running"), running_in("OpaqueRef:host-2", "9")];
    let _script = with_db01(records).on_call("VM.hard_reboot").answer(success("")).start();
    let mut pool = open();
    assert_eq!(pool.cycle("db01"), Ok(()));
    assert_failed(pool.cycle_complete("db01"), "on another host");
}

#[test]
fn a_cycle_with_a_lost_answer_can_be_proven() {
    let records = [db01("Running"), running_in(HOST, "9")];
    let script = with_db01(records)
        .on_call("VM.hard_reboot")
        .fail(Failure::Broken("x".into()))
        .start();
    let mut pool = open();
    assert!(matches!(pool.cycle("db01"), Err(Error::ConnectionLost(_))));
    assert_eq!(pool.cycle_complete("db01"), Ok(true));
    assert_eq!(count(&script, "VM.hard_reboot"), 1);
}

#[test]
fn a_machine_that_is_off_is_started() {
    let records = [db01("Halted"), db01("Halted"), db01("Paused"), db01("Running")];
    let script = with_db01(records).on_call("VM.start").answer(success("")).start();
    let mut pool = open();
    assert_eq!(pool.cycle("db01"), Ok(()));
    let seen = [0; 3].map(|_| pool.cycle_complete("db01"));
    assert_eq!(seen, [Ok(false), Ok(false), Ok(true)]);
    assert_eq!(count(&script, "VM.start"), 1);
}

#[test]
fn errors_name_a_method_that_works() {
    let _script = with_db01([db01("Suspended")]).start();
    assert_failed(open().cycle("db01"), "use method=onoff");
    drop(_script);
    let _script = with_db01([with(db01("Running"), "domid", "x")]).start();
    assert_failed(open().cycle("db01"), "use method=onoff");
    drop(_script);
    let _script = with_db01([db01("")]).start();
    assert_unexpected(open().cycle("db01"), "without a power state");
}

#[test]
fn a_state_that_changed_is_busy() {
    let script = with_db01([db01("Running")]).on_call("VM.hard_reboot");
    let _script = script
        .answer(failure(&["VM_BAD_POWER_STATE", REFERENCE, "running", "halted"]))
        .start();
    assert_busy(open().cycle("db01"), "was Running and is halted");
}

#[test]
fn a_refused_start_is_not_a_cycle() {
    let script = with_db01([db01("Halted"), db01("Running")]).on_call("VM.start");
    let _script = script
        .answer(failure(&["VM_BAD_POWER_STATE", REFERENCE, "halted", "running"]))
        .start();
    let mut pool = open();
    assert_busy(pool.cycle("db01"), "was Halted and is running");
    assert_eq!(pool.cycle_complete("db01"), Ok(false));
}

#[test]
fn a_cycle_without_a_request_is_not_complete() {
    let _script = with_db01([db01("Running")]).start();
    assert_eq!(open().cycle_complete("db01"), Ok(false));
}
