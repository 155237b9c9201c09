//! One login, and a logout also after a failure.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{Api, BOTH, reach};
use crate::support::{call, in_parallel};
use fencebox_sim::vmware::Settings;

#[test]
fn a_failed_action_logs_out() {
    let cases = [
        (Api::Rest, "power=refuse"),
        (Api::Rest, "record=status:500"),
        (Api::Rest, "find=none"),
        (Api::Rest, "find=html-ok"),
        (Api::Soap, "power=refuse"),
        (Api::Soap, "record=status:500"),
        (Api::Soap, "list=none"),
        (Api::Soap, "task=states:error"),
        (Api::Soap, "record=xml-laughs"),
        // The device opened a session, and its answer cannot be read.
        (Api::Soap, "login=xml-second"),
        (Api::Soap, "login=no-key"),
    ];
    in_parallel(cases, |(api, fault)| {
        let vcenter = api.faulty(Settings::default(), &[fault]);
        let lines = "action=off\nplug=db01\npower_timeout=2\nlogin_timeout=2\npower_wait=0\n";
        let outcome = api.fence(&vcenter, lines);
        assert_eq!(outcome.exit, Some(1), "{fault}: {outcome:?}");
        let sessions = vcenter.sessions();
        assert!(
            sessions.opened >= 1 && sessions.open == 0,
            "{api:?} {fault}: {sessions:?}"
        );
    });
}

#[test]
fn a_session_that_the_device_ended_is_replaced() {
    for api in BOTH {
        let vcenter = api.faulty(Settings::default(), &["record#2*1=expired"]);
        api.fence(&vcenter, "action=off\nplug=db01\npower_wait=0\n")
            .assert_done("Success: Powered OFF\n");
        let sessions = vcenter.sessions();
        assert_eq!((sessions.opened, sessions.open), (2, 0), "{api:?}");
    }
}

#[test]
fn a_wrong_password_is_tried_once() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        let lines = format!("{}password=wrong-pass\naction=off\nplug=db01\n", reach(&vcenter));
        let outcome = call(api.agent(), &lines);
        outcome.assert_refused(&["login refused"]);
        assert!(!outcome.stderr.contains("wrong-pass"), "{outcome:?}");
        assert_eq!(
            vcenter.steps().iter().filter(|step| **step == "login").count(),
            1,
            "{api:?}"
        );
    }
}

#[test]
fn a_device_without_free_sessions_is_busy() {
    in_parallel(BOTH, |api| {
        let vcenter = api.faulty(Settings::default(), &["login=limit"]);
        let lines = "action=status\nplug=db01\nlogin_timeout=2\nshell_timeout=1\npower_timeout=1\n";
        api.fence(&vcenter, lines).assert_refused(&[]);
        assert_eq!(vcenter.sessions().opened, 0);
    });
}

/// The password is sent to log in, and never again.
#[test]
fn the_password_is_sent_once() {
    let vcenter = Api::Rest.start(Settings::default());
    Api::Rest
        .fence(&vcenter, "action=off\nplug=db01\npower_wait=0\n")
        .assert_done("Success: Powered OFF\n");
    let requests = vcenter.requests();
    let with = requests
        .iter()
        .filter(|request| request.header("authorization").is_some());
    assert_eq!(with.count(), 1);
    let vcenter = Api::Soap.start(Settings::default());
    Api::Soap
        .fence(&vcenter, "action=off\nplug=db01\n")
        .assert_done("Success: Powered OFF\n");
    let requests = vcenter.requests();
    let with = requests.iter().filter(|request| request.body.contains("s3cret"));
    assert_eq!(with.count(), 1);
}
