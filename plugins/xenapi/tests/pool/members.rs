//! Login to a pool of several hosts (`docs/reference/xenapi.md#pool-members`).

use crate::acme::{
    LOGIN, SESSION, XEN1, XEN2, XEN3, assert_busy, assert_unexpected, failure, lines, options, places, success,
};
use fence_xenapi::Pool;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{RunningScript, Script};
use fencebox_sdk::xmlrpc::Value;

fn pool_of(hosts: &[&str]) -> Script {
    Script::new().addresses("api", hosts).on_call(LOGIN)
}

fn slave_of(master: &str) -> Value {
    failure(&["HOST_IS_SLAVE", master])
}

fn log_in() -> Result<Pool> {
    Pool::open(&options())
}

fn asked(script: &RunningScript) -> Vec<String> {
    places(script, LOGIN)
}

#[test]
fn the_first_host_that_accepts_the_login_is_used() {
    let script = pool_of(&[XEN1, XEN2]).answer(success(SESSION)).start();
    assert!(log_in().is_ok());
    assert_eq!(asked(&script), [XEN1]);
}

#[test]
fn a_host_that_does_not_answer_is_skipped() {
    let answers: [fn(Script) -> Script; 9] = [
        |script| script.fail(Failure::Unreachable("no route".to_owned())),
        |script| script.fail(Failure::TimedOut("no route".to_owned())),
        |script| script.fail(Failure::Broken("no route".to_owned())),
        |script| script.fail(Failure::Tls("no route".to_owned())),
        |script| script.fail(Failure::Denied("no route".to_owned())),
        |script| script.status(503),
        |script| script.malformed("no route"),
        |script| script.answer(failure(&["HOST_STILL_BOOTING"])),
        |script| script.answer(failure(&["HOST_IN_EMERGENCY_MODE"])),
    ];
    for answer in answers {
        let script = answer(pool_of(&[XEN1, XEN2])).answer(success(SESSION)).start();
        assert!(log_in().is_ok());
        assert_eq!(asked(&script), [XEN1, XEN2]);
        let lines = script.lines();
        assert!(
            lines
                .iter()
                .any(|(level, line)| *level == fencebox_sdk::testing::Level::Warn && line.contains(XEN1))
        );
    }
}

#[test]
fn the_most_informative_error_is_reported() {
    let lost = || Failure::Unreachable("no route".into());
    let _script = pool_of(&[XEN1, XEN2, XEN3])
        .fail(lost())
        .answer(failure(&["HOST_IN_EMERGENCY_MODE"]))
        .fail(lost())
        .start();
    assert_busy(log_in(), "https://xen2.example: the host is in emergency mode");
    drop(_script);
    let _script = pool_of(&[XEN1, XEN2])
        .fail(Failure::Tls("a strange certificate".into()))
        .fail(lost())
        .start();
    assert!(matches!(log_in(), Err(Error::Denied(text)) if text.contains("certificate")));
}

#[test]
fn refused_credentials_are_tried_nowhere_else() {
    let refused = failure(&["SESSION_AUTHENTICATION_FAILED", "root", "x"]);
    let script = pool_of(&[XEN1, XEN2, XEN3])
        .answer(slave_of("xen2.example"))
        .answer(refused)
        .start();
    assert!(matches!(log_in(), Err(Error::LoginDenied(_))));
    assert_eq!(asked(&script), [XEN1, XEN2]);
}

#[test]
fn a_member_leads_to_a_master_that_is_named() {
    let hosts = [
        "https://192.0.2.1:8443",
        "https://192.0.2.2:8443",
        "https://[2001:db8::3]:8443",
    ];
    for (master, url) in [("192.0.2.2", hosts[1]), ("2001:db8::3", hosts[2])] {
        let script = pool_of(&hosts)
            .answer(slave_of(master))
            .answer(success(SESSION))
            .start();
        assert!(log_in().is_ok());
        assert_eq!(asked(&script), [hosts[0], url]);
    }
}

#[test]
fn a_master_that_is_not_named_may_be_one_of_the_others() {
    let script = pool_of(&[XEN1, XEN2])
        .answer(slave_of("192.0.2.2"))
        .answer(success(SESSION))
        .start();
    assert!(log_in().is_ok());
    assert_eq!(asked(&script), [XEN1, XEN2]);
}

#[test]
fn a_denied_master_is_reported_with_the_reason() {
    let script = pool_of(&[XEN1, XEN2]).answer(slave_of("192.0.2.9")).times(2).start();
    let Err(Error::InvalidOption(problem)) = log_in() else {
        panic!("not refused")
    };
    assert_eq!(problem.name, "session_url");
    // The text of the refusal stays: the agent's host names the option or the rule.
    for part in ["192.0.2.9", "is not one of", XEN1] {
        assert!(problem.reason.contains(part), "{}", problem.reason);
    }
    assert_eq!(asked(&script), [XEN1, XEN2]);
}

#[test]
fn a_host_that_is_lost_may_be_the_master() {
    let script = pool_of(&[XEN1, XEN2]).answer(slave_of("192.0.2.2"));
    let _script = script.fail(Failure::Unreachable("no route to xen2".into())).start();
    // A lost connection, so that the agent's host retries; the text has both reasons.
    let Err(Error::ConnectionLost(text)) = log_in() else {
        panic!("not lost")
    };
    for part in ["no route to xen2", "192.0.2.2", "is not one of"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_master_is_followed_if_that_is_allowed() {
    let script = pool_of(&["https://xen1.example:8443"])
        .answer(slave_of("192.0.2.9"))
        .answer(success(SESSION));
    let script = script
        .follow("api")
        .on_call("session.logout")
        .answer(success(""))
        .start();
    log_in().unwrap().close();
    assert_eq!(asked(&script), ["https://xen1.example:8443", "https://192.0.2.9:8443"]);
    assert_eq!(places(&script, "session.logout"), ["https://192.0.2.9:8443"]);
}

/// The problem that becomes the error is not also logged as a warning.
#[test]
fn one_problem_is_reported_once() {
    let lost = || Failure::Unreachable("no route".into());
    let script = pool_of(&[XEN1]).fail(lost()).start();
    assert!(matches!(log_in(), Err(Error::ConnectionLost(_))));
    assert_eq!(lines(&script), "");
    drop(script);
    let script = pool_of(&[XEN1, XEN2]).fail(lost()).fail(lost()).start();
    assert!(log_in().is_err());
    assert_eq!(lines(&script).lines().count(), 2);
}

#[test]
fn members_cannot_cause_endless_redirects() {
    // They name each other.
    let script = pool_of(&[XEN1, XEN2])
        .answer(slave_of("xen2.example"))
        .answer(slave_of("xen1.example"))
        .start();
    assert_unexpected(log_in(), "xen1.example says that the pool's master is xen2.example");
    assert_eq!(asked(&script), [XEN1, XEN2]);
    drop(script);
    // A member names itself.
    let script = pool_of(&[XEN1]).answer(slave_of("xen1.example")).start();
    assert_unexpected(log_in(), "no host accepts a login");
    assert_eq!(asked(&script), [XEN1]);
    drop(script);
    // Each member names another host.
    let script = pool_of(&[XEN1])
        .answer(slave_of("a.example"))
        .answer(slave_of("b.example"));
    let script = script.answer(slave_of("c.example")).follow("api").start();
    assert_unexpected(log_in(), "no host accepts a login");
    assert_eq!(asked(&script), [XEN1, "https://a.example", "https://b.example"]);
    assert!(
        lines(&script).contains("https://c.example is skipped"),
        "{}",
        lines(&script)
    );
}

#[test]
fn a_master_with_an_invalid_address_is_refused() {
    for odd in [
        "",
        " ",
        "xen 2",
        "root@xen2.example",
        "xen2.example/",
        "https://xen2.example",
        "xen2.example:80",
        "OpaqueRef:1",
    ] {
        let script = pool_of(&[XEN1]).answer(slave_of(odd)).follow("api").start();
        assert_unexpected(log_in(), "is not a host name or address");
        assert_eq!(asked(&script), [XEN1], "{odd}");
        drop(script);
        // The other hosts are still tried.
        let script = pool_of(&[XEN1, XEN2])
            .answer(slave_of(odd))
            .answer(success(SESSION))
            .start();
        assert!(log_in().is_ok(), "{odd}");
        assert_eq!(asked(&script), [XEN1, XEN2]);
    }
    let _script = pool_of(&[XEN1]).answer(failure(&["HOST_IS_SLAVE"])).start();
    assert_unexpected(log_in(), "is not a host name or address");
}
