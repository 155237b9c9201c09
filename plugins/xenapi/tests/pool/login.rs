//! Login and logout at one host.

use crate::acme::{
    LOGIN, SESSION, XEN1, assert_busy, assert_failed, assert_unexpected, count, failure, lines, open, options, script,
    success,
};
use fence_xenapi::Pool;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;
use fencebox_sdk::xmlrpc::Value;

fn logging_in() -> Script {
    Script::new().addresses("api", &[XEN1]).on_call(LOGIN)
}

fn log_in_with(script: Script) -> Result<()> {
    let _script = script.start();
    Pool::open(&options()).map(drop)
}

#[test]
fn credentials_are_sent_with_a_version_and_a_name() {
    let script = script().start();
    let pool = open();
    let params: Vec<Value> = ["root", "s3cret", "1.0", "fencebox fence_xenapi"]
        .map(Value::from)
        .into();
    assert_eq!(script.calls()[0].params, params);
    drop(pool);
}

#[test]
fn refused_credentials_are_denied_after_one_request() {
    let refused = failure(&["SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure"]);
    let script = logging_in().answer(refused).start();
    let Err(Error::LoginDenied(text)) = Pool::open(&options()).map(drop) else {
        panic!("not denied")
    };
    assert!(text.contains("Authentication failure"), "{text}");
    assert_eq!(script.calls().len(), 1);
    drop(script);
    let no_role = failure(&["SESSION_AUTHORIZATION_FAILED", "root", "no role"]);
    assert!(matches!(
        log_in_with(logging_in().answer(no_role)),
        Err(Error::NotPermitted(_))
    ));
    assert!(matches!(
        log_in_with(logging_in().status(401)),
        Err(Error::LoginDenied(_))
    ));
}

#[test]
fn old_hosts_are_asked_with_two_parameters() {
    let mismatch = || failure(&["MESSAGE_PARAMETER_COUNT_MISMATCH", LOGIN, "2", "4"]);
    let script = logging_in().answer(mismatch()).answer(success(SESSION)).start();
    let pool = open();
    let params: Vec<Value> = ["root", "s3cret"].map(Value::from).into();
    assert_eq!(script.calls()[1].params, params);
    drop((pool, script));
    let script = logging_in().answer(mismatch()).times(2).start();
    assert_failed(Pool::open(&options()), "MESSAGE_PARAMETER_COUNT_MISMATCH");
    assert_eq!(script.calls().len(), 2);
}

#[test]
fn a_login_without_a_session_is_an_error() {
    for value in [Value::from(""), Value::Nil, vec![SESSION].into(), 7.into()] {
        assert_unexpected(log_in_with(logging_in().answer(success(value))), XEN1);
    }
    assert_unexpected(
        log_in_with(logging_in().answer([("Status", "Success")])),
        "without a value",
    );
    assert_unexpected(
        log_in_with(logging_in().answer([("Status", "Failure")])),
        "`ErrorDescription`",
    );
    for script in [
        logging_in().status(500),
        logging_in().fault(1, "x"),
        logging_in().malformed("HTML"),
    ] {
        assert_unexpected(log_in_with(script), XEN1);
    }
}

#[test]
fn a_host_that_is_down_does_not_deny_the_login() {
    assert_busy(
        log_in_with(logging_in().answer(failure(&["HOST_STILL_BOOTING"]))),
        "still booting",
    );
    assert_busy(
        log_in_with(logging_in().answer(failure(&["HOST_IN_EMERGENCY_MODE"]))),
        "emergency",
    );
    for (failure, is_right) in [
        (
            Failure::TimedOut("x".into()),
            (|e| matches!(e, Error::TimedOut(_))) as fn(&Error) -> bool,
        ),
        (Failure::Unreachable("x".into()), |e| {
            matches!(e, Error::ConnectionLost(_))
        }),
        (Failure::Broken("x".into()), |e| matches!(e, Error::ConnectionLost(_))),
        (Failure::Tls("x".into()), |e| matches!(e, Error::Denied(_))),
        (Failure::Denied("x".into()), |e| matches!(e, Error::Denied(_))),
    ] {
        let error = log_in_with(logging_in().fail(failure.clone())).unwrap_err();
        assert!(is_right(&error), "{failure:?}: {error:?}");
    }
}

#[test]
fn missing_options_cost_no_request() {
    let _script = Script::new().addresses("api", &[XEN1]).start();
    for (option, given) in [("password", ("username", "u")), ("username", ("password", "p"))] {
        let Err(Error::InvalidOption(problem)) = Pool::open(&Options::from([given])).map(drop) else {
            panic!("{option} is not required")
        };
        assert_eq!(problem.name, option);
    }
}

#[test]
fn a_password_that_cannot_be_sent_is_refused() {
    let script = Script::new().addresses("api", &[XEN1, "https://xen2.example"]).start();
    let options = Options::from([("username", "root"), ("password", "a\u{1}b")]);
    assert!(matches!(Pool::open(&options).map(drop), Err(Error::Denied(_))));
    assert_eq!(script.calls().len(), 0);
    // No other host is tried.
    assert_eq!(lines(&script), "");
}

#[test]
fn a_session_ends_with_a_logout() {
    let script = script().on_call("session.logout").answer(success("")).start();
    let mut pool = open();
    pool.close();
    pool.close();
    assert_eq!(script.calls()[1].params, [Value::from(SESSION)]);
    assert_eq!(count(&script, "session.logout"), 1);
}

#[test]
fn a_failed_logout_is_only_logged() {
    for (script, part) in [
        (
            script()
                .on_call("session.logout")
                .answer(failure(&["SESSION_INVALID", SESSION])),
            "SESSION_INVALID",
        ),
        (
            script()
                .on_call("session.logout")
                .fail(Failure::TimedOut("too slow".into())),
            "too slow",
        ),
        (script().on_call("session.logout").status(500), "500"),
    ] {
        let script = script.start();
        open().close();
        assert!(lines(&script).contains(part), "{}", lines(&script));
        assert!(
            script
                .lines()
                .iter()
                .all(|(level, _)| *level == fencebox_sdk::testing::Level::Debug)
        );
    }
}
