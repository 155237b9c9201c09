//! Sessions that end, masters that change, and all logouts.

use crate::acme::{LOGIN, REFERENCE, SESSION, XEN1, XEN2, count, db01, failure, open, places, success, with_db01};
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;
use fencebox_sdk::xmlrpc::Value;

const LOGOUT: &str = "session.logout";
const SECOND: &str = "OpaqueRef:session-2";

fn ended() -> Value {
    failure(&["SESSION_INVALID", SESSION])
}

/// A script of a pool of two hosts, of which the first is the master. DB01 is
/// found; the answers that follow are to reads of its record.
fn pool() -> Script {
    with_db01([db01("Running")]).addresses("api", &[XEN1, XEN2])
}

#[test]
fn a_session_that_has_ended_is_renewed_once() {
    let script = pool().answer(ended()).answer(success(db01("Halted")));
    let script = script
        .on_call(LOGIN)
        .answer(success(SECOND))
        .on_call(LOGOUT)
        .answer(success(""))
        .start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    assert_eq!(
        script.calls().last().unwrap().params,
        [Value::from(SECOND), REFERENCE.into()]
    );
    assert_eq!(places(&script, LOGIN), [XEN1, XEN1]);
    // The session that has ended needs no logout.
    pool.close();
    assert_eq!(script.calls().last().unwrap().params, [Value::from(SECOND)]);
    assert_eq!(count(&script, LOGOUT), 1);
}

#[test]
fn a_new_session_that_has_ended_too_is_a_failure() {
    let script = pool()
        .answer(ended())
        .times(2)
        .on_call(LOGIN)
        .answer(success(SECOND))
        .start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert!(matches!(pool.power_status("db01"), Err(Error::ConnectionLost(_))));
    assert_eq!(count(&script, LOGIN), 2);
}

#[test]
fn a_second_login_with_a_wrong_password_is_an_error() {
    let refused = failure(&["SESSION_AUTHENTICATION_FAILED", "root", "x"]);
    let script = pool().answer(ended()).on_call(LOGIN).answer(refused).start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert!(matches!(pool.power_status("db01"), Err(Error::LoginDenied(_))));
    assert_eq!(count(&script, LOGIN), 2);
}

#[test]
fn a_request_is_repeated_in_the_new_session() {
    let script = with_db01([db01("Running")])
        .on_call("VM.hard_shutdown")
        .answer(ended())
        .answer(success(""));
    let script = script.on_call(LOGIN).answer(success(SECOND)).start();
    assert_eq!(open().set_power("db01", PowerTarget::Off), Ok(()));
    assert_eq!(count(&script, "VM.hard_shutdown"), 2);
}

#[test]
fn a_master_that_has_moved_is_followed() {
    let moved = failure(&["HOST_IS_SLAVE", "xen2.example"]);
    let script = pool()
        .answer(moved)
        .answer(success(db01("Halted")))
        .on_call(LOGIN)
        .answer(success(SECOND));
    let script = script.on_call(LOGOUT).answer(success("")).times(2).start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    assert_eq!(places(&script, LOGIN), [XEN1, XEN2]);
    pool.close();
    assert_eq!(places(&script, LOGOUT), [XEN2, XEN1]);
}

#[test]
fn a_master_that_is_not_named_is_searched_among_the_hosts() {
    for odd in ["192.0.2.9", "root@evil.example", ""] {
        let moved = failure(&["HOST_IS_SLAVE", odd]);
        let script = pool().answer(moved.clone()).answer(success(db01("Halted")));
        let script = script.on_call(LOGIN).answer(moved).answer(success(SECOND)).start();
        let mut pool = open();
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
        assert_eq!(places(&script, LOGIN), [XEN1, XEN1, XEN2], "{odd}");
    }
}

#[test]
fn a_new_master_with_an_invalid_address_is_not_followed() {
    for odd in ["root@evil.example", "evil.example/", ""] {
        let script = pool()
            .follow("api")
            .answer(failure(&["HOST_IS_SLAVE", odd]))
            .answer(success(db01("Halted")));
        let script = script.on_call(LOGIN).answer(success(SECOND)).start();
        let mut pool = open();
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
        assert_eq!(places(&script, LOGIN), [XEN1, XEN1], "{odd}");
    }
}

#[test]
fn after_a_lost_connection_the_other_hosts_come_first() {
    for lost in [
        Failure::Broken("x".into()),
        Failure::Unreachable("x".into()),
        Failure::TimedOut("x".into()),
    ] {
        let is_silent = !matches!(lost, Failure::Broken(_));
        let script = pool()
            .fail(lost)
            .answer(success(db01("Halted")))
            .times(2)
            .on_call(LOGIN)
            .answer(success(SECOND));
        let outs = if is_silent { 1 } else { 2 };
        let script = script.on_call(LOGOUT).answer(success("")).times(outs).start();
        let mut pool = open();
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
        assert!(pool.power_status("db01").is_err());
        // Nothing is sent before the next call: the agent's host decides when.
        assert_eq!(count(&script, LOGIN), 1);
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
        assert_eq!(places(&script, LOGIN), [XEN1, XEN2]);
        // The host that did not answer gets no logout.
        pool.close();
        assert_eq!(places(&script, LOGOUT), [XEN2, XEN1][..outs]);
    }
}

#[test]
fn a_master_that_was_only_slow_is_found_again() {
    let script = pool()
        .fail(Failure::TimedOut("x".into()))
        .answer(success(db01("Halted")));
    let script = script
        .on_call(LOGIN)
        .answer(failure(&["HOST_IS_SLAVE", "xen1.example"]))
        .answer(success(SECOND));
    let script = script.on_call(LOGOUT).answer(success("")).times(2).start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert!(pool.power_status("db01").is_err());
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    assert_eq!(places(&script, LOGIN), [XEN1, XEN2, XEN1]);
    pool.close();
    let sessions: Vec<_> = script
        .calls()
        .into_iter()
        .filter(|call| call.method == LOGOUT)
        .map(|call| call.params)
        .collect();
    assert_eq!(sessions, [[Value::from(SECOND)], [Value::from(SESSION)]]);
}

#[test]
fn a_failed_login_is_retried_with_the_next_call() {
    let lost = || Failure::Unreachable("x".into());
    let script = pool().fail(lost()).answer(success(db01("Halted")));
    let script = script
        .on_call(LOGIN)
        .fail(lost())
        .times(2)
        .answer(success(SECOND))
        .start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    for _ in 0..2 {
        assert!(matches!(pool.power_status("db01"), Err(Error::ConnectionLost(_))));
    }
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    assert_eq!(places(&script, LOGIN), [XEN1, XEN2, XEN1, XEN2]);
}

#[test]
fn a_single_host_keeps_its_session() {
    let script = with_db01([db01("Running")])
        .fail(Failure::Broken("x".into()))
        .answer(success(db01("Halted")));
    let script = script.on_call(LOGOUT).answer(success("")).start();
    let mut pool = open();
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::On));
    assert!(pool.power_status("db01").is_err());
    assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    pool.close();
    assert_eq!((count(&script, LOGIN), count(&script, LOGOUT)), (1, 1));
}
