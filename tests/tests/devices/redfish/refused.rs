//! What the agent does not accept, and where it sends nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::ErrorKind;
use std::net::TcpListener;

use super::{faulty, fence, reach, start};
use crate::support::{call, in_parallel};
use fencebox_sim::machine::Power;
use fencebox_sim::redfish::{Profile, Settings};

#[test]
fn a_wrong_password_is_tried_once() {
    let systems_uri = "systems_uri=/redfish/v1/Systems/System.Embedded.1\n";
    for more in ["", systems_uri, "session_auth=1\n"] {
        for action in ["off", "monitor"] {
            let bmc = start(Settings::of(Profile::Dell));
            let lines = format!("{}password=wrong-pass\naction={action}\n{more}", reach(&bmc));
            call("fence_redfish", &lines).assert_refused(&["login refused", "status 401"]);
            let requests = bmc.requests();
            let tried = requests
                .iter()
                .filter(|request| request.header("authorization").is_some() || request.method == "POST");
            assert_eq!(tried.count(), 1, "{action} {more}: {requests:?}");
        }
    }
}

/// A member, a link to the systems, and the target of a reset that lead to another port: it gets no connection.
#[test]
fn nothing_is_sent_to_another_host() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    for url in [
        format!("https://127.0.0.1:{port}/redfish/v1/Systems/1"),
        format!("http://127.0.0.1:{port}/x"),
        format!("//127.0.0.1:{port}/x"),
        "https://evil.example/redfish/v1/Systems/1".to_owned(),
    ] {
        for step in ["root", "systems", "system"] {
            let bmc = faulty(Profile::Dell, &[&format!("{step}=elsewhere:{url}")]);
            fence(&bmc, "action=off\n").assert_refused(&["the device gave the link", "which"]);
            assert_eq!(bmc.power("System.Embedded.1"), Some(Power::On));
        }
        let bmc = faulty(Profile::Dell, &[&format!("system=redirect:{url}")]);
        fence(&bmc, "action=status\n").assert_refused(&["redirected to"]);
    }
    // The place of a task is not needed.
    let bmc = faulty(
        Profile::Megarac,
        &[&format!("reset=elsewhere:https://127.0.0.1:{port}/task")],
    );
    let outcome = fence(&bmc, "action=off\n");
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), "Success: Powered OFF\n"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("the task cannot be followed"), "{outcome:?}");
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn several_systems_without_a_name_are_ambiguous() {
    for lines in ["action=off\n", "action=off\nplug=node9\n"] {
        let chassis = start(Settings::of(Profile::MultiNode));
        let words = [
            "the name is not unique",
            "/redfish/v1/Systems/Node1, /redfish/v1/Systems/Node2",
        ];
        fence(&chassis, lines).assert_refused(&words);
        assert!(chassis.machines().iter().all(|machine| machine.operations().is_empty()));
    }
    // The line names the plug that the user can set.
    let chassis = start(Settings::of(Profile::MultiNode));
    fence(&chassis, "action=status\nplug=/redfish/v1/Systems/Node2\n").assert_done("Status: ON\n");
}

#[test]
fn one_system_is_not_several_plugs() {
    let bmc = start(Settings::of(Profile::Dell));
    let uri = "systems_uri=/redfish/v1/Systems/System.Embedded.1\n";
    fence(&bmc, &format!("action=off\nplug=node1,node2\n{uri}")).assert_refused(&["option systems_uri", "several"]);
    assert!(bmc.requests().is_empty());
    // Without it, each plug needs a system of its own.
    fence(&bmc, "action=off\nplug=node1,node2\n").assert_refused(&["not unique"]);
    assert_eq!(bmc.power("System.Embedded.1"), Some(Power::On));
}

#[test]
fn a_long_answer_is_read_up_to_the_limit() {
    let bmc = faulty(Profile::Dell, &["system=huge:8300000"]);
    fence(&bmc, "action=status\n").assert_done("Status: ON\n");
    let bmc = faulty(Profile::Dell, &["system=huge:8388608"]);
    fence(&bmc, "action=status\n").assert_refused(&["a body of more than 8 MiB"]);
    let bmc = faulty(Profile::Dell, &["systems=json-deep:100000"]);
    fence(&bmc, "action=status\n").assert_done("Status: ON\n");
}

#[test]
fn a_certificate_that_is_not_trusted_stops_the_action() {
    let bmc = start(Settings::of(Profile::Dell));
    let port = bmc.address().port();
    let login = format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\naction=status\n");
    // TLS does not depend on the option ssl, as with the Python agent.
    for more in ["", "ssl=1\n", "ssl=0\n", "ssl_secure=1\n"] {
        call("fence_redfish", &format!("{login}{more}")).assert_refused(&["certificate", "set ssl_fingerprint"]);
    }
    assert!(bmc.requests().is_empty());
    let fingerprint = bmc.fingerprint().unwrap();
    call("fence_redfish", &format!("{login}ssl_fingerprint={fingerprint}\n")).assert_done("Status: ON\n");
}

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "reset=privilege",
            &["not permitted", "Base.1.8.InsufficientPrivilege", "ConfigureComponents"],
        ),
        ("reset=license", &["not permitted", "needs a license"]),
        ("reset=refuse", &["Base.1.8.ActionNotSupported"]),
        ("system=toggle", &["no reset type ForceOff", "PushPowerButton"]),
        ("root=no-systems", &["the service root has no link to Systems"]),
        ("root=status:404", &["option redfish_uri", "enable Redfish in the BMC"]),
        ("systems=none", &["the collection of systems is empty"]),
        ("systems=short", &["1 of 2 members"]),
        ("system=other-system", &["an answer about /redfish/v1/Systems/other"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let bmc = faulty(Profile::Dell, &[fault]);
        fence(&bmc, "action=off\npower_timeout=3\n").assert_refused(words);
        assert_eq!(bmc.power("System.Embedded.1"), Some(Power::On), "{fault}");
    });
}

/// The device accepts, or says that the system is off already, and the system stays on.
#[test]
fn a_device_that_only_claims_off_is_not_off() {
    let faults = [
        "reset=no-effect",
        "reset=already",
        "task=states:Exception",
        "task=states:Running",
    ];
    in_parallel(faults, |fault| {
        let bmc = faulty(Profile::Megarac, &[fault]);
        let outcome = fence(&bmc, "action=off\npower_timeout=3\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(bmc.power("Self"), Some(Power::On));
    });
}

#[test]
fn a_busy_device_is_asked_again() {
    for fault in [
        "reset*2=not-ready",
        "reset*2=in-use",
        "reset*1=retry-after:1",
        "system*1=unavailable",
    ] {
        let bmc = faulty(Profile::Dell, &[fault]);
        let outcome = fence(&bmc, "action=off\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
    }
}
