//! What the agent does not accept, and where it sends nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::ErrorKind;
use std::net::TcpListener;

use super::{faulty, fence, reach, start};
use crate::support::{call, in_parallel};
use fencebox_sim::machine::Power;
use fencebox_sim::openstack::{NODE1, Settings};

#[test]
fn a_wrong_password_is_tried_once() {
    for action in ["off", "monitor"] {
        let cloud = start(Settings::default());
        let lines = format!("{}password=wrong-pass\naction={action}\nplug=node1\n", reach(&cloud));
        call("fence_openstack", &lines).assert_refused(&["login refused", "status 401"]);
        assert_eq!(cloud.steps(), ["login"], "{action}");
    }
    let cloud = faulty(&["login=receipt"]);
    fence(&cloud, "action=off\nplug=node1\n").assert_refused(&["second factor", "application credential"]);
    assert_eq!(cloud.steps(), ["login"]);
}

/// A compute service at another host, and a next page there: neither gets a connection.
#[test]
fn nothing_is_sent_to_another_host() {
    let cloud = faulty(&["login=elsewhere:http://192.0.2.1:8774/v2.1"]);
    fence(&cloud, "action=off\nplug=node1\n").assert_refused(&["identity names 192.0.2.1", "set follow_catalog=1"]);
    assert_eq!(cloud.steps(), ["login"]);
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}/v2.1", trap.local_addr().unwrap());
    let page = format!("servers=elsewhere:{url}/servers?marker=x");
    let cloud = faulty(&[&page]);
    // The pages are asked for by the agent's own path.
    fence(&cloud, "action=list\n").assert_refused(&["has an empty page"]);
    // The option goes before the catalog.
    let own = faulty(&[&format!("login=elsewhere:{url}")]);
    let lines = format!(
        "action=status\nplug=node1\ncompute_url={}/v2.1\n",
        own.service_urls()[0]
    );
    fence(&own, &lines).assert_done("Status: ON\n");
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_name_of_several_servers_is_ambiguous() {
    let cloud = start(Settings::default());
    fence(&cloud, "action=off\nplug=twin\n").assert_refused(&[
        "not unique",
        "5a1c0de1-0000-4000-8000-000000000004, 5a1c0de1-0000-4000-8000-000000000005",
    ]);
    assert!(cloud.machines().iter().all(|machine| machine.operations().is_empty()));
    fence(&cloud, "action=off\nplug=5a1c0de1-0000-4000-8000-000000000009\n").assert_refused(&["000000000009"]);
    fence(&cloud, "action=off\nplug=node\n").assert_refused(&["node"]);
}

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 9] = [
        ("action=policy", &["not permitted", "os_compute_api:servers:stop"]),
        ("action=locked", &["is locked"]),
        ("login=no-catalog", &["option interface", "no compute service"]),
        ("login=no-compute", &["option interface", "no compute service"]),
        ("login=no-token", &["X-Subject-Token"]),
        ("login=status:404", &["option auth_url", "no Keystone"]),
        ("server=gone", &[NODE1]),
        ("server=other-server", &["another server"]),
        ("instance-action=results:Error", &["ends with Error"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let cloud = faulty(&[fault]);
        let lines = format!("action=off\nplug={NODE1}\npower_timeout=3\n");
        fence(&cloud, &lines).assert_refused(words);
        assert_eq!(cloud.power(NODE1), Some(Power::On), "{fault}");
    });
}

/// The cloud accepts, or its records contradict themselves, and the server stays on.
#[test]
fn a_cloud_that_only_claims_off_is_not_off() {
    let faults = [
        "action=no-effect",
        "action=conflict",
        "instance-action=results:none",
        "instance-action=results:running",
        "server=disagree",
        "server=starting",
        "server=no-power-state",
        "server=deleted",
        "server=state:shutoff",
    ];
    in_parallel(faults, |fault| {
        let cloud = faulty(&[fault, "action=no-effect"]);
        let outcome = fence(&cloud, &format!("action=off\nplug={NODE1}\npower_timeout=3\n"));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(cloud.power(NODE1), Some(Power::On));
    });
}

#[test]
fn a_busy_cloud_is_asked_again() {
    for fault in [
        "action*2=limit",
        "action*2=in-task",
        "server*1=unavailable",
        "instance-action*1=unavailable",
        "login*1=unavailable",
        "instance-action=policy",
        "instance-action=missing",
        "instance-action=no-events",
    ] {
        let cloud = faulty(&[fault]);
        let outcome = fence(&cloud, &format!("action=off\nplug={NODE1}\n"));
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
        assert_eq!(cloud.power(NODE1), Some(Power::Off));
    }
}
