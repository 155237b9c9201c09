//! Messages and log lines contain neither the password nor a session.

use crate::acme::{LOGIN, REFERENCE, SESSION, XEN1, db01, failure, lines, open, options, script, success, with_db01};
use fence_xenapi::Pool;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

/// A session without the usual prefix of references.
const BARE: &str = "b4re-session";

fn assert_clean(text: &str) {
    for secret in ["s3cret", SESSION, BARE, "OpaqueRef", REFERENCE] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn errors_do_not_repeat_secrets_of_the_request() {
    let echoes = [
        "s3cret",
        "the password s3cret, of root",
        SESSION,
        BARE,
        "session b4re-session: no",
        "no OpaqueRef:x here",
    ];
    for echo in echoes {
        for code in [
            "INTERNAL_ERROR",
            "OPERATION_NOT_ALLOWED",
            "TOO_BUSY",
            "SESSION_AUTHENTICATION_FAILED",
            "RBAC_PERMISSION_DENIED",
            "NEW",
        ] {
            let script = Script::new()
                .addresses("api", &[XEN1])
                .on_call(LOGIN)
                .answer(success(BARE));
            let script = script
                .on_call("VM.get_all_records")
                .answer(failure(&[code, "plain", echo]));
            let script = script
                .on_call("session.logout")
                .answer(failure(&["INTERNAL_ERROR", echo]))
                .start();
            let mut pool = open();
            let text = pool.plugs(true).unwrap_err().text();
            assert!(text.contains(code) && text.contains("plain"), "{text}");
            assert_clean(&text);
            pool.close();
            assert_clean(&lines(&script));
        }
    }
}

#[test]
fn login_errors_do_not_repeat_secrets() {
    for echo in ["s3cret", "no s3cret"] {
        for script in [
            Script::new()
                .on_call(LOGIN)
                .answer(failure(&["SESSION_AUTHENTICATION_FAILED", "root", echo])),
            Script::new().on_call(LOGIN).answer(failure(&["INTERNAL_ERROR", echo])),
            Script::new().on_call(LOGIN).answer(failure(&[echo, echo])),
            Script::new()
                .on_call(LOGIN)
                .answer(failure(&["INTERNAL_ERROR", "plain", echo])),
            Script::new().on_call(LOGIN).answer(failure(&["HOST_IS_SLAVE", echo])),
            Script::new().on_call(LOGIN).fault(1, echo),
            Script::new().on_call(LOGIN).answer(echo),
            Script::new().on_call(LOGIN).answer([("Status", echo)]),
        ] {
            let script = script.addresses("api", &[XEN1]).start();
            assert_clean(&Pool::open(&options()).map(drop).unwrap_err().text());
            assert_clean(&lines(&script));
        }
    }
}

#[test]
fn faults_do_not_repeat_secrets() {
    let _script = with_db01([]).fault(1, "bad call (OpaqueRef:session-1, s3cret)").start();
    assert_clean(&open().power_status("db01").unwrap_err().text());
}

#[test]
fn log_lines_do_not_repeat_secrets() {
    let script = with_db01([db01("Running"), db01("Halted")]).answer(failure(&["SESSION_INVALID", SESSION]));
    let script = script
        .answer(success(db01("Halted")))
        .on_call(LOGIN)
        .answer(success("OpaqueRef:session-2"));
    let script = script
        .on_call("VM.hard_shutdown")
        .answer(success(""))
        .on_call("session.logout")
        .answer(success(""))
        .start();
    let mut pool = open();
    assert_eq!(pool.set_power("db01", PowerTarget::Off), Ok(()));
    for _ in 0..2 {
        assert_eq!(pool.power_status("db01"), Ok(PowerStatus::Off));
    }
    pool.close();
    assert_clean(&lines(&script));
    drop(script);
    // The same for a session in which every call fails.
    let script = script_of_nothing();
    assert_clean(&lines(&script));
}

fn script_of_nothing() -> fencebox_sdk::testing::RunningScript {
    let script = script().on_call("VM.get_all_records").answer("").start();
    assert!(open().plugs(true).is_err());
    script
}

#[test]
fn a_password_within_an_address_does_not_hide_the_master() {
    let script = Script::new()
        .addresses("api", &[XEN1, "https://xen2.example"])
        .on_call(LOGIN)
        .answer(failure(&["HOST_IS_SLAVE", "xen2.example"]))
        .answer(success(SESSION));
    let script = script
        .on_call("VM.get_all_records")
        .answer(failure(&["TOO_BUSY", "xen2.example"]))
        .start();
    let mut pool = Pool::open(&Options::from([("username", "root"), ("password", "xen")])).unwrap();
    assert_eq!(
        pool.plugs(true),
        Err(Error::busy("the host is too busy (TOO_BUSY)", None))
    );
    assert_eq!(script.selected("api").as_deref(), Some("https://xen2.example"));
}
