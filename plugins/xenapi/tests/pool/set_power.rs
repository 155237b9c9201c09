//! Switching.

use crate::acme::{
    REFERENCE, SESSION, UUID, assert_busy, assert_failed, assert_unexpected, count, db01, during, failure, lines, open,
    options, running_in, success, with, with_db01,
};
use fence_xenapi::Pool;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

fn void() -> Value {
    success("")
}

fn bad_state(actual: &str) -> Value {
    failure(&["VM_BAD_POWER_STATE", REFERENCE, "running", actual])
}

#[test]
fn off_is_forced() {
    for state in ["Running", "Paused", "Suspended", "strange"] {
        let script = with_db01([db01(state)])
            .on_call("VM.hard_shutdown")
            .answer(void())
            .start();
        assert_eq!(open().set_power("db01", PowerTarget::Off), Ok(()), "{state}");
        assert_eq!(
            script.calls().last().unwrap().params,
            [Value::from(SESSION), REFERENCE.into()]
        );
    }
}

#[test]
fn off_is_sent_even_if_the_record_is_halted() {
    let script = with_db01([db01("Halted"), db01("Halted")])
        .on_call("VM.hard_shutdown")
        .answer(bad_state("halted"))
        .start();
    assert_eq!(open().set_power("db01", PowerTarget::Off), Ok(()));
    let asked = |method: &str| script.calls().iter().filter(|call| call.method == method).count();
    assert_eq!(asked("VM.hard_shutdown"), 1);
}

#[test]
fn on_depends_on_the_state() {
    for (state, method, flags) in [
        ("Halted", "VM.start", &[false, true][..]),
        ("Paused", "VM.unpause", &[]),
        ("Suspended", "VM.resume", &[false, false]),
    ] {
        let script = with_db01([db01(state)]).on_call(method).answer(void()).start();
        assert_eq!(open().set_power("db01", PowerTarget::On), Ok(()), "{state}");
        let flags = flags.iter().map(|&flag| Value::from(flag));
        let params: Vec<Value> = [SESSION.into(), REFERENCE.into()].into_iter().chain(flags).collect();
        assert_eq!(script.calls().last().unwrap().params, params);
    }
    let _script = with_db01([db01("Running")]).start();
    assert_eq!(open().set_power("db01", PowerTarget::On), Ok(()));
    drop(_script);
    let _script = with_db01([db01("strange")]).start();
    assert_unexpected(open().set_power("db01", PowerTarget::On), "db01 is strange");
}

#[test]
fn a_bad_state_that_is_the_target_is_a_success() {
    for (target, before, method, after) in [
        (PowerTarget::Off, "Running", "VM.hard_shutdown", "Halted"),
        (PowerTarget::On, "Halted", "VM.start", "Running"),
        (PowerTarget::On, "Paused", "VM.unpause", "Running"),
        (PowerTarget::On, "Suspended", "VM.resume", "Running"),
    ] {
        let script = with_db01([db01(before), db01(after)])
            .on_call(method)
            .answer(bad_state("x"));
        let _script = script.start();
        assert_eq!(open().set_power("db01", target), Ok(()), "{method}");
    }
}

#[test]
fn a_bad_state_that_is_not_the_target_is_busy() {
    for (target, before, method, after) in [
        (PowerTarget::Off, "Running", "VM.hard_shutdown", "Running"),
        (PowerTarget::On, "Halted", "VM.start", "Paused"),
    ] {
        let script = with_db01([db01(before), db01(after)])
            .on_call(method)
            .answer(bad_state("halted"));
        let _script = script.start();
        assert_busy(open().set_power("db01", target), "treats it as halted");
    }
    // Halted, but a start is under way: not off.
    let starting = || during(db01("Halted"), "start");
    let script = with_db01([starting(), starting()])
        .on_call("VM.hard_shutdown")
        .answer(bad_state("halted"));
    let _script = script.start();
    assert_busy(open().set_power("db01", PowerTarget::Off), "`start` is under way");
}

#[test]
fn a_stale_reference_is_renewed_once() {
    let gone = || failure(&["HANDLE_INVALID", "VM", REFERENCE]);
    let renewed = || {
        with_db01([db01("Running"), db01("Running")])
            .on_call("VM.get_by_uuid")
            .answer(success("OpaqueRef:new"))
    };
    let script = renewed()
        .on_call("VM.hard_shutdown")
        .answer(gone())
        .answer(void())
        .start();
    assert_eq!(open().set_power("db01", PowerTarget::Off), Ok(()));
    assert_eq!(script.calls().last().unwrap().params[1], Value::from("OpaqueRef:new"));
    drop(script);
    let _script = renewed().on_call("VM.hard_shutdown").answer(gone()).times(2).start();
    assert_unexpected(open().set_power("db01", PowerTarget::Off), "HANDLE_INVALID");
    drop(_script);
    let script = with_db01([db01("Running")]).on_call("VM.hard_shutdown").answer(gone());
    let script = script
        .on_call("VM.get_by_uuid")
        .answer(failure(&["UUID_INVALID", "VM", UUID]))
        .start();
    assert_eq!(
        open().set_power("db01", PowerTarget::Off),
        Err(Error::plug_not_found("db01"))
    );
    assert_eq!(count(&script, "VM.hard_shutdown"), 1);
}

#[test]
fn a_machine_that_runs_again_is_an_error() {
    for again in [running_in("OpaqueRef:host-1", "9"), running_in("OpaqueRef:host-2", "5")] {
        let script = with_db01([db01("Running"), db01("Running"), db01("Halted"), again]);
        let _script = script.on_call("VM.hard_shutdown").answer(void()).start();
        let mut pool = open();
        assert_eq!(pool.set_power("db01", PowerTarget::Off), Ok(()));
        // The record may be old.
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
        assert_failed(pool.power_status("db01"), "runs again");
    }
}

#[test]
fn a_halted_machine_with_a_domain_or_host_is_unknown() {
    for (host, number) in [
        ("OpaqueRef:host-1", "9"),
        ("OpaqueRef:host-1", "-1"),
        ("OpaqueRef:NULL", "9"),
        ("OpaqueRef:NULL", "0"),
    ] {
        let stale = with(running_in(host, number), "power_state", "Halted");
        let script = with_db01([db01("Running"), stale])
            .on_call("VM.hard_shutdown")
            .answer(void());
        let script = script.start();
        let mut pool = open();
        assert_eq!(pool.set_power("db01", PowerTarget::Off), Ok(()));
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Unknown), "{host} {number}");
        assert!(lines(&script).contains("contradicts itself"), "{}", lines(&script));
    }
}

#[test]
fn a_record_that_contradicts_itself_does_not_excuse_a_refused_off() {
    let record = || with(running_in("OpaqueRef:host-1", "9"), "power_state", "Halted");
    let script = with_db01([record(), record()])
        .on_call("VM.hard_shutdown")
        .answer(bad_state("halted"));
    let _script = script.start();
    assert_busy(open().set_power("db01", PowerTarget::Off), "treats it as halted");
}

#[test]
fn a_machine_that_the_agent_starts_again_is_on() {
    let records = [db01("Running"), db01("Halted"), running_in("OpaqueRef:host-1", "9")];
    let script = with_db01(records).on_call("VM.hard_shutdown").answer(void());
    let _script = script.on_call("VM.start").answer(void()).start();
    let mut pool = open();
    assert_eq!(pool.set_power("db01", PowerTarget::Off), Ok(()));
    assert_eq!(pool.set_power("db01", PowerTarget::On), Ok(()));
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
}

#[test]
fn another_domain_is_on_after_a_shutdown_without_an_answer() {
    let script = with_db01([db01("Running"), running_in("OpaqueRef:host-2", "9")]);
    let script = script
        .on_call("VM.hard_shutdown")
        .fail(Failure::TimedOut("slow".into()))
        .start();
    let mut pool = open();
    assert!(matches!(
        pool.set_power("db01", PowerTarget::Off),
        Err(Error::TimedOut(_))
    ));
    // The machine has moved; the agent's host requests off again.
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_eq!(count(&script, "VM.hard_shutdown"), 1);
}

#[test]
fn a_new_run_is_on_if_the_first_record_had_no_domain() {
    let record = with(db01("Running"), "domid", "-1");
    let script = with_db01([record, running_in("OpaqueRef:host-1", "9")]);
    let _script = script.on_call("VM.hard_shutdown").answer(void()).start();
    let mut pool = open();
    assert_eq!(pool.set_power("db01", PowerTarget::Off), Ok(()));
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
}

const DEAD: [&str; 3] = ["HOST_OFFLINE", "CANNOT_CONTACT_HOST", "HOST_NOT_LIVE"];

fn with_reset() -> Pool {
    let mut given: Vec<(String, String)> = vec![("power_state_reset".to_owned(), "1".to_owned())];
    for name in ["username", "password", "session_url"] {
        given.push((name.to_owned(), options().get(name).unwrap().to_owned()));
    }
    Pool::open(&given.into_iter().collect()).unwrap()
}

#[test]
fn a_dead_host_is_not_a_proof_of_off() {
    for code in DEAD {
        let script = with_db01([db01("Running")]).on_call("VM.hard_shutdown");
        let script = script.answer(failure(&[code, "OpaqueRef:host-1"])).start();
        assert_failed(
            open().set_power("db01", PowerTarget::Off),
            "off is not proven; fence that host",
        );
        assert_eq!(count(&script, "VM.power_state_reset"), 0);
    }
}

#[test]
fn power_state_reset_marks_a_machine_of_a_dead_host() {
    for code in DEAD {
        let script = with_db01([db01("Running"), db01("Halted")]).on_call("VM.hard_shutdown");
        let script = script.answer(failure(&[code, "OpaqueRef:host-1"]));
        let script = script.on_call("VM.power_state_reset").answer(void()).start();
        let mut pool = with_reset();
        assert_eq!(pool.set_power("db01", PowerTarget::Off), Ok(()));
        assert_eq!(
            script.calls().last().unwrap().params,
            [Value::from(SESSION), REFERENCE.into()]
        );
        assert!(lines(&script).contains("was not switched off"), "{}", lines(&script));
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    }
}

#[test]
fn a_refused_mark_is_a_failure() {
    for code in ["HOST_IS_LIVE", "DOMAIN_EXISTS", "CANNOT_RESET_CONTROL_DOMAIN"] {
        let script = with_db01([db01("Running")]).on_call("VM.hard_shutdown");
        let script = script.answer(failure(&["HOST_OFFLINE", "OpaqueRef:host-1"]));
        let _script = script
            .on_call("VM.power_state_reset")
            .answer(failure(&[code, REFERENCE]))
            .start();
        assert_failed(with_reset().set_power("db01", PowerTarget::Off), "it is not off");
    }
}

#[test]
fn only_a_dead_host_leads_to_a_mark() {
    for code in [
        "OTHER_OPERATION_IN_PROGRESS",
        "INTERNAL_ERROR",
        "OPERATION_NOT_ALLOWED",
        "HOST_DISABLED",
    ] {
        let script = with_db01([db01("Running")]).on_call("VM.hard_shutdown");
        let script = script.answer(failure(&[code, "x"])).start();
        assert!(with_reset().set_power("db01", PowerTarget::Off).is_err());
        assert_eq!(count(&script, "VM.power_state_reset"), 0);
    }
    let script = with_db01([db01("Running")]).on_call("VM.hard_shutdown");
    let _script = script.fail(Failure::TimedOut("x".into())).start();
    assert!(with_reset().set_power("db01", PowerTarget::Off).is_err());
}
