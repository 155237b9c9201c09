//! What the agent does not accept, and what it reports then.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{faulty, fence, reach, start};
use crate::support::{call, in_parallel};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::pve::{Guest, Kind, Settings, guests};

#[test]
fn wrong_credentials_are_tried_once() {
    let logins = [
        ("username=fencer@pve\npassword=wrong-pass\n", "authentication failure"),
        ("username=fencer@pve!node\npassword=wrong-pass\n", "invalid token"),
        ("username=root@pam\npassword=wrong-pass\n", "authentication failure"),
    ];
    for (login, reason) in logins {
        for action in ["off", "monitor"] {
            let cluster = start(Settings::default());
            let lines = format!("{}{login}action={action}\nplug=100\n", reach(&cluster));
            call("fence_pve", &lines).assert_refused(&["login refused", "status 401", reason]);
            assert_eq!(cluster.requests().len(), 1, "{login} {action}");
        }
    }
}

#[test]
fn a_second_factor_needs_a_token() {
    let cluster = faulty(Settings::default(), &["login=second-factor"]);
    fence(&cluster, "action=off\nplug=100\n").assert_refused(&["login refused", "second factor", "API token"]);
    assert_eq!(cluster.requests().len(), 1);
}

#[test]
fn refusals_name_the_cause() {
    let cases: [(&str, &[&str]); 8] = [
        ("switch=forbidden", &["not permitted", "/vms/100, VM.PowerMgmt"]),
        ("switch=no-quorum", &["no quorum?", "the cluster has lost its quorum"]),
        ("switch=refuse", &["VM quit/powerdown failed"]),
        ("task=ends:got-timeout", &["got-timeout"]),
        ("switch=node-down", &["No route to host"]),
        ("resources=none", &["has no plug"]),
        ("current=other-machine", &["an answer about 998 instead of 100"]),
        ("login=no-ticket", &["a login without a ticket"]),
    ];
    in_parallel(cases, |(fault, words)| {
        let cluster = faulty(Settings::default(), &[fault]);
        fence(&cluster, "action=off\nplug=100\npower_timeout=3\n").assert_failed(words);
        assert_eq!(cluster.power("100"), Some(Power::On), "{fault}");
    });
}

#[test]
fn missing_permissions_are_found_by_monitor() {
    let cluster = start(Settings {
        may_switch: false,
        ..Settings::default()
    });
    fence(&cluster, "action=monitor\nplug=100\n").assert_refused(&["not permitted", "VM.PowerMgmt on /vms/100"]);
    fence(&cluster, "action=status\nplug=100\n").assert_done("Status: ON\n");
    let cluster = start(Settings {
        may_audit: false,
        ..Settings::default()
    });
    let outcome = fence(&cluster, "action=monitor\nplug=100\n");
    outcome.assert_failed(&["it needs VM.Audit", "has no plug"]);
    fence(&cluster, "action=status\nplug=100\npve_node=pve1\n").assert_refused(&["not permitted", "VM.Audit"]);
}

#[test]
fn a_plug_that_is_not_one_machine_is_refused() {
    let twin = Guest::new(Machine::new("300", Power::Off).named("NODE1"), Kind::Lxc);
    let cluster = start(Settings {
        guests: guests().into_iter().chain([twin]).collect(),
        ..Settings::default()
    });
    for (plug, words) in [
        ("node1", ["the name is not unique", "100, 300"]),
        ("9000", ["option plug", "is a template"]),
        ("debian", ["option plug", "is a template"]),
        ("999", ["has no plug", "999"]),
        ("100\nvmtype=lxc", ["option vmtype", "virtual machine"]),
    ] {
        fence(&cluster, &format!("action=off\nplug={plug}\n")).assert_refused(&words);
    }
    for plug in ["node9", "0100"] {
        let outcome = fence(&cluster, &format!("action=off\nplug={plug}\n"));
        outcome.assert_failed(&["pcmk_host_map", "has no plug"]);
    }
    assert!(cluster.machines().iter().all(|machine| machine.operations().is_empty()));
}

#[test]
fn a_certificate_that_is_not_trusted_stops_the_action() {
    let cluster = start(Settings::default());
    let port = cluster.address().port();
    let login = format!("ip=127.0.0.1\nipport={port}\nusername=fencer@pve\npassword=s3cret\naction=status\nplug=100\n");
    // TLS does not depend on the option ssl, as with the Python agent.
    for more in ["", "ssl=0\n", "ssl_secure=1\n"] {
        call("fence_pve", &format!("{login}{more}")).assert_refused(&["certificate", "set ssl_fingerprint"]);
    }
    assert!(cluster.requests().is_empty());
    let fingerprint = cluster.fingerprint().unwrap();
    call("fence_pve", &format!("{login}ssl_fingerprint={fingerprint}\n")).assert_done("Status: ON\n");
}
