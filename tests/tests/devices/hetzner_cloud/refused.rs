//! Refusals, locks, and answers that claim what is not true.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{fence, start, with_token};
use crate::support::in_parallel;
use fencebox_sim::hetzner_cloud::Settings;
use fencebox_sim::machine::Power;

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 8] = [
        ("servers=unauthorized", &["login refused", "check option api_token"]),
        ("act=forbidden", &["not permitted", "insufficient permissions"]),
        ("act=protected", &["is protected", "remove the protection"]),
        ("act=no-room", &["resource_unavailable"]),
        ("act=locked", &["server is locked", "another action"]),
        (
            "action=results:running,error",
            &["the host of the server does not answer", "action_failed"],
        ),
        ("server=gone", &["node1"]),
        ("server=other-server", &["about the server 1 instead of 42"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let project = start(Settings::default(), &[fault]);
        let outcome = fence(&project, "action=off\nplug=node1\npower_timeout=3\n");
        outcome.assert_failed(words);
        assert_eq!(project.power("42"), Some(Power::On), "{fault}");
    });
    let project = start(Settings::default(), &[]);
    let outcome = with_token(&project, "s3cret-read", "action=off\nplug=node1\n");
    outcome.assert_failed(&["not permitted", "Read & Write"]);
}

#[test]
fn a_wrong_token_is_tried_once() {
    for action in ["off", "monitor"] {
        let project = start(Settings::default(), &[]);
        let outcome = with_token(&project, "wr0ng-token", &format!("action={action}\nplug=node1\n"));
        outcome.assert_refused(&["login refused", "check option api_token"]);
        assert_eq!(project.requests().len(), 1, "{action}");
    }
}

/// The API accepts, or its answers contradict themselves, and the server stays on.
#[test]
fn a_service_that_only_claims_off_is_not_off() {
    let faults = [
        "act=no-effect",
        "act=no-action",
        "act=other-server",
        "action=results:running",
        "action=results:paused",
        "action=other-action",
        "server=no-status",
        "server=null-status",
        "server=state:OFF",
        "servers=other-server",
        "servers=twice",
    ];
    in_parallel(faults, |fault| {
        let project = start(Settings::default(), &[fault, "act=no-effect"]);
        // Without the action, the server cannot become off.
        project.add_fault(fencebox_sim::hetzner_cloud::plan("action=results:running").unwrap());
        let outcome = fence(&project, "action=off\nplug=node1\npower_timeout=3\n");
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(1), ""), "{fault}: {outcome:?}");
        assert_eq!(project.power("42"), Some(Power::On));
    });
}

#[test]
fn a_busy_service_is_asked_again() {
    for fault in [
        "act*2=locked",
        "act*1=conflict",
        "act*1=limit",
        "server*1=limit",
        "action*1=maintenance",
        "servers*1=unavailable",
        "act*1=drop-before",
        "act*1=drop-after",
    ] {
        let project = start(Settings::default(), &[fault]);
        let outcome = fence(&project, "action=off\nplug=node1\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
        assert_eq!(project.power("42"), Some(Power::Off));
    }
}
