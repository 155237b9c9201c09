//! What the agent does not accept, what proves nothing, and where it sends nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::ErrorKind;
use std::net::TcpListener;

use super::Project;
use crate::support::{call, in_parallel};
use fencebox_sim::gce::{NODE1, Settings};
use fencebox_sim::machine::{Machine, Old, Power};
use std::time::Duration;

#[test]
fn a_refused_key_is_tried_once() {
    let project = Project::faulty(&["token=denied"]);
    project
        .fence("action=off\nplug=node1\n")
        .assert_refused(&["login refused", "Invalid JWT Signature"]);
    assert_eq!(project.simulator.steps(), ["token"]);
}

/// The key file does not decide where the assertion goes.
#[test]
fn the_key_file_sends_nothing_elsewhere() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let project = Project::start(Settings::default());
    let uri = format!("http://{}/token", trap.local_addr().unwrap());
    project.write_key(&uri);
    let lines = format!(
        "api_url={}/compute/v1\n{}plug=node1\naction=off\n",
        project.simulator.url(),
        project.account()
    );
    let outcome = call("fence_gce", &lines);
    outcome.assert_refused(&["option serviceaccount", &uri, "set token_url to it"]);
    project.fence("action=status\nplug=node1\n").assert_done("Status: ON\n");
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 8] = [
        ("action=forbidden", &["not permitted", "compute.instances.stop"]),
        ("action=scopes", &["not permitted", "access scope cloud-platform"]),
        ("action=refused", &["local SSD", "method=cycle"]),
        ("token=no-token", &["a login without a token"]),
        ("instance=gone", &["node1"]),
        ("instance=other-instance", &["another instance"]),
        ("operation=results:ERROR", &["ZONE_RESOURCE_POOL_EXHAUSTED"]),
        ("operation=forbidden", &["not permitted"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let project = Project::faulty(&[fault]);
        let outcome = project.fence("action=off\nplug=node1\npower_timeout=3\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        for word in words {
            assert!(outcome.stderr.contains(word), "{fault}: no {word:?} in {outcome:?}");
        }
    });
}

/// The cloud accepts, or its records contradict themselves, and the instance stays on.
#[test]
fn a_cloud_that_only_claims_off_is_not_off() {
    let faults = [
        "action=no-effect",
        "action=not-ready",
        "operation=results:PENDING",
        "operation=missing",
        "operation=other-operation",
        "operation=other-target",
        "operation=aborting",
        "operation=no-status",
        "instance=no-status",
        "instance=state:terminated",
    ];
    in_parallel(faults, |fault| {
        let project = Project::faulty(&[fault, "action=no-effect"]);
        let outcome = project.fence("action=off\nplug=node1\npower_timeout=3\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(project.simulator.power(NODE1), Some(Power::On));
    });
}

/// Every read is half a minute old: the instance was off, was started just before, and is shown as TERMINATED. The
/// request is refused, lost or fails, and then the old reads must not count.
#[test]
fn reads_of_half_a_minute_ago_are_not_off() {
    let faults = [
        "action=drop-before",
        "action=stall",
        "action=status:500",
        "action=html-ok",
        "action=empty",
        "action=throttled",
        "action=quota",
        "action=refused",
        "action=not-ready",
        "operation=results:RUNNING",
        "operation=results:ERROR",
        "operation=missing",
        "operation=html-ok",
        "operation=other-operation",
    ];
    in_parallel(faults, |fault| {
        let machine = Machine::new(NODE1, Power::On).named("node1");
        let project = Project::start(Settings {
            machines: vec![machine.replicated(Power::Off, Old::Until(Duration::from_secs(30)))],
            ..Settings::default()
        });
        // The first plan is used; the second one keeps the truth, if the request is accepted.
        for plan in [fault, "action=no-effect"] {
            project.simulator.add_fault(fencebox_sim::gce::plan(plan).unwrap());
        }
        let lines = "action=off\nplug=node1\npower_timeout=5\nshell_timeout=1\n";
        let outcome = project.fence(lines);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(project.simulator.power(NODE1), Some(Power::On), "{fault}");
    });
    // Without a fault the operation proves off, although no read is fresh.
    let machine = Machine::new(NODE1, Power::On).named("node1");
    let project = Project::start(Settings {
        machines: vec![machine.replicated(Power::Off, Old::Until(Duration::from_secs(30)))],
        ..Settings::default()
    });
    project
        .fence("action=off\nplug=node1\n")
        .assert_done("Success: Already OFF\n");
    assert_eq!(project.simulator.power(NODE1), Some(Power::Off));
}

#[test]
fn a_busy_cloud_is_asked_again() {
    in_parallel(
        [
            "action*2=throttled",
            "action*2=quota",
            "action*2=not-ready",
            "instance*1=throttled",
            "operation*1=throttled",
            "operation*2=missing",
            "instance*1=unavailable",
            "operation*1=unavailable",
            "token*1=unavailable",
            "token*1=unavailable-code",
            "action*1=drop-before",
        ],
        |fault| {
            let project = Project::faulty(&[fault]);
            let outcome = project.fence("action=off\nplug=node1\n");
            assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
            assert_eq!(project.simulator.power(NODE1), Some(Power::Off));
        },
    );
}

#[test]
fn a_reset_whose_operation_fails_or_vanishes_is_not_a_reboot() {
    in_parallel(
        [
            "operation=results:ERROR",
            "operation=missing",
            "operation=other-target",
            "operation=results:RUNNING",
        ],
        |fault| {
            let project = Project::faulty(&[fault, "action=no-effect"]);
            let outcome = project.fence("action=reboot\nplug=node1\npower_timeout=3\n");
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(1), ""),
                "{fault}: {outcome:?}"
            );
        },
    );
}

#[test]
fn monitor_names_missing_permissions() {
    let project = Project::start(Settings {
        permissions: vec!["compute.instances.get".to_owned(), "compute.instances.stop".to_owned()],
        ..Settings::default()
    });
    let words = ["not permitted", "compute.instances.reset, compute.instances.start"];
    project.fence("action=monitor\nplug=node1\n").assert_refused(&words);
}
