//! What the agent does not accept, what proves nothing, and where it sends nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use super::{account, faulty, fence, reach, start};
use crate::support::{call, in_parallel};
use fencebox_sim::azure_arm::Settings;
use fencebox_sim::machine::{Machine, Old, Power};

#[test]
fn a_wrong_secret_is_tried_once() {
    for (fault, number) in [
        ("token=denied", "AADSTS7000215"),
        ("token=secret-expired", "AADSTS7000222"),
    ] {
        let cloud = faulty(&[fault]);
        fence(&cloud, "action=off\nplug=node1\n").assert_refused(&["login refused", number]);
        assert_eq!(cloud.steps(), ["token"]);
    }
}

/// An operation at another host, and a next page there: neither gets a connection, and neither gets the token.
#[test]
fn nothing_is_sent_to_another_host() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}", trap.local_addr().unwrap());
    let cloud = faulty(&[&format!("action=elsewhere:{url}")]);
    let outcome = fence(&cloud, "action=off\nplug=node1\npower_timeout=3\n");
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("the operation is at another host"),
        "{outcome:?}"
    );
    let cloud = faulty(&[&format!("machines=elsewhere:{url}/x")]);
    let outcome = fence(&cloud, "action=list\n");
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 8] = [
        ("action=forbidden", &["not permitted", "AuthorizationFailed"]),
        ("action=not-allowed", &["marked for deletion", "OperationNotAllowed"]),
        ("operation=forbidden", &["not permitted", "AuthorizationFailed"]),
        ("operation=results:Failed", &["AllocationFailed"]),
        ("token=no-token", &["a login without a token"]),
        ("machine=gone", &["node1"]),
        ("machine=other-machine", &["another machine"]),
        ("action=no-operation", &["an answer without an operation"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let cloud = faulty(&[fault]);
        let outcome = fence(&cloud, "action=off\nplug=node1\npower_timeout=3\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        for word in words {
            assert!(outcome.stderr.contains(word), "{fault}: no {word:?} in {outcome:?}");
        }
    });
    for (option, words) in [
        ("resourceGroup=other", ["option resourceGroup", "ResourceGroupNotFound"]),
        (
            "subscriptionId=other",
            ["option subscriptionId", "SubscriptionNotFound"],
        ),
    ] {
        let cloud = start(Settings::default());
        let name = option.split_once('=').unwrap().0;
        let account: String = account()
            .lines()
            .filter(|line| !line.starts_with(name))
            .map(|line| format!("{line}\n"))
            .collect();
        let lines = format!("{}{account}{option}\nplug=node1\naction=off\n", reach(&cloud));
        call("fence_azure_arm", &lines).assert_refused(&words);
    }
}

/// Azure accepts, or its answers contradict themselves, and the machine stays on.
#[test]
fn a_cloud_that_only_claims_off_is_not_off() {
    let faults = [
        "action=no-effect",
        "action=conflict",
        "action=deallocated",
        "operation=results:InProgress",
        "operation=missing",
        "operation=other-operation",
        "operation=other-status",
        "operation=no-status",
        "machine=no-status",
        "machine=no-view",
        "machine=two-states",
        "machine=state:Stopped",
    ];
    in_parallel(faults, |fault| {
        let cloud = faulty(&[fault, "action=no-effect"]);
        let outcome = fence(&cloud, "action=off\nplug=node1\npower_timeout=3\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(cloud.power("node1"), Some(Power::On));
    });
}

/// Every read is half a minute old: the machine was off, was started just before, and is shown as stopped. The request is
/// refused, lost or fails, and then the old reads must not count.
#[test]
fn reads_of_half_a_minute_ago_are_not_off() {
    let behind = || Settings {
        machines: vec![Machine::new("node1", Power::On).replicated(Power::Off, Old::Until(Duration::from_secs(30)))],
        ..Settings::default()
    };
    let faults = [
        "action=drop-before",
        "action=stall",
        "action=status:500",
        "action=html-ok",
        "action=empty",
        "action=throttled",
        "action=conflict",
        "action=not-allowed",
        "action=deallocated",
        "operation=results:InProgress",
        "operation=results:Failed",
        "operation=results:InProgress,Canceled",
        "operation=missing",
        "operation=html-ok",
        "operation=other-operation",
    ];
    in_parallel(faults, |fault| {
        let cloud = start(behind());
        // The first plan is used; the second one keeps the truth, if the request is accepted.
        for plan in [fault, "action=no-effect"] {
            cloud.add_fault(fencebox_sim::azure_arm::plan(plan).unwrap());
        }
        let outcome = fence(&cloud, "action=off\nplug=node1\npower_timeout=5\nshell_timeout=1\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(cloud.power("node1"), Some(Power::On), "{fault}");
    });
    // Without a fault the operation proves off, although no read is fresh.
    let cloud = start(behind());
    fence(&cloud, "action=off\nplug=node1\n").assert_done("Success: Already OFF\n");
    assert_eq!(cloud.power("node1"), Some(Power::Off));
}

#[test]
fn a_busy_cloud_is_asked_again() {
    in_parallel(
        [
            "action*2=throttled",
            "action*2=conflict",
            "machine*1=throttled",
            "operation*1=throttled",
            "operation*2=missing",
            "machine*1=unavailable",
            "operation*1=unavailable",
            "token*1=unavailable",
            "token*1=unavailable-code",
            "action*1=drop-before",
        ],
        |fault| {
            let cloud = faulty(&[fault]);
            let outcome = fence(&cloud, "action=off\nplug=node1\n");
            assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
            assert_eq!(cloud.power("node1"), Some(Power::Off));
        },
    );
}

#[test]
fn monitor_names_missing_permissions() {
    let cloud = start(Settings {
        actions: vec![
            "*/read".to_owned(),
            "Microsoft.Compute/virtualMachines/start/action".to_owned(),
        ],
        ..Settings::default()
    });
    fence(&cloud, "action=monitor\nplug=node1\n").assert_refused(&["not permitted", "powerOff/action"]);
}
