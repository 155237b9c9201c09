//! States, tasks and migrations that prove nothing: the machine is on, and never reported as off.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{faulty, fence, start};
use crate::support::in_parallel;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::pve::{Guest, Kind, Settings};
use fencebox_sim::server::Simulator;

/// A cluster with this machine at `pve1`, which has the number 100.
fn with(machine: Guest) -> Settings {
    Settings {
        guests: vec![machine],
        ..Settings::default()
    }
}

fn machine(power: Power) -> Guest {
    Guest::new(Machine::new("100", power).named("node1"), Kind::Qemu)
}

#[test]
fn a_device_that_only_claims_off_is_not_off() {
    let faults = [
        "switch=no-effect",
        "task=ends:got-timeout",
        "task=endless",
        "switch=refuse",
        "current=contradiction",
        "current=other-machine",
        "current=no-status",
        "current=null-status",
        "current=state:unknown",
        "current=stopped-with-lock:migrate",
        "current=stopped-with-lock:rollback",
        "current=stopped-with-lock:suspending",
        "current=node-down",
    ];
    in_parallel(faults, |fault| {
        // The machine never stops, whatever the device says.
        let cluster = faulty(Settings::default(), &[fault, "switch=no-effect"]);
        let outcome = fence(&cluster, "action=off\nplug=100\npower_timeout=3\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(cluster.power("100"), Some(Power::On), "{fault}");
    });
}

#[test]
fn a_node_that_does_not_answer_proves_nothing() {
    let plugs = ["200", "200\npve_node=pve2\nvmtype=lxc", "ct1"];
    let cases = plugs
        .into_iter()
        .flat_map(|plug| ["status", "off", "monitor"].map(|action| (plug, action)));
    in_parallel(cases, |(plug, action)| {
        let cluster = start(Settings {
            offline: vec!["pve2".to_owned()],
            ..Settings::default()
        });
        let outcome = fence(&cluster, &format!("action={action}\nplug={plug}\npower_timeout=2\n"));
        let reason = if plug == "ct1" {
            "their nodes do not report"
        } else {
            "No route to host"
        };
        outcome.assert_refused(&[reason]);
        assert_eq!(cluster.power("200"), Some(Power::On));
    });
}

#[test]
fn a_machine_that_migrates_is_found_again() {
    let faults = [
        "switch*1=gone",
        "switch*1=migrates",
        "current#2*1=moved",
        "current*1=moved",
        "task*1=missing",
    ];
    in_parallel(faults, |fault| {
        for more in ["", "pve_node=pve1\n"] {
            let cluster = faulty(Settings::default(), &[fault]);
            let outcome = fence(&cluster, &format!("action=off\nplug=100\n{more}"));
            assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault} {more}: {outcome:?}");
            assert_eq!(cluster.power("100"), Some(Power::Off), "{fault} {more}");
        }
    });
    // It is at another node than the option says, or is a container.
    let cluster = start(Settings::default());
    fence(&cluster, "action=off\nplug=100\npve_node=pve2\n").assert_done("Success: Powered OFF\n");
    fence(&cluster, "action=off\nplug=200\npve_node=pve9\n").assert_done("Success: Powered OFF\n");
}

#[test]
fn a_place_that_stays_wrong_is_an_error() {
    let cluster = faulty(Settings::default(), &["resources=elsewhere"]);
    fence(&cluster, "action=off\nplug=100\npower_timeout=2\n").assert_refused(&["does not exist"]);
    let cluster = faulty(Settings::default(), &["resources=twice"]);
    fence(&cluster, "action=off\nplug=100\npower_timeout=2\n").assert_refused(&["lists 100 twice"]);
    // Two rows with one name are two machines.
    fence(&cluster, "action=off\nplug=node1\npower_timeout=2\n").assert_refused(&["the name is not unique", "100"]);
    assert_eq!(cluster.power("100"), Some(Power::On));
}

#[test]
fn a_lock_is_named_and_only_root_ignores_it() {
    let locked = || with(machine(Power::On).locked("backup"));
    let cluster = start(locked());
    let words = ["VM is locked (backup)", "qm unlock"];
    fence(&cluster, "action=off\nplug=100\n").assert_refused(&words);
    assert_eq!(cluster.power("100"), Some(Power::On));
    let cluster = start(Settings {
        login: "root@pam".to_owned(),
        ..locked()
    });
    fence(&cluster, "username=root@pam\naction=off\nplug=100\n").assert_done("Success: Powered OFF\n");
}

#[test]
fn a_suspended_machine_is_off_and_not_resumed() {
    let cluster = start(with(machine(Power::Off).locked("suspended")));
    let outcome = fence(&cluster, "action=status\nplug=100\n");
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(2), "Status: OFF\n"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("suspended to disk"), "{outcome:?}");
    fence(&cluster, "action=off\nplug=100\n").assert_done("Success: Already OFF\n");
    let words = ["suspended to disk", "continue with its old memory", "qm unlock 100"];
    fence(&cluster, "action=on\nplug=100\n").assert_failed(&words);
    // A reboot leaves it off.
    let outcome = fence(&cluster, "action=reboot\nplug=100\n");
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert_eq!(cluster.history("100"), [Power::Off]);
}

#[test]
fn a_paused_machine_can_be_switched_off_and_not_on() {
    let cluster = start(with(machine(Power::Paused)));
    let words = ["100 has a process that is paused", "qm resume 100"];
    fence(&cluster, "action=on\nplug=100\n").assert_failed(&words);
    assert_eq!(cluster.history("100"), [Power::Paused], "no request was sent");
    fence(&cluster, "action=reboot\nplug=100\n").assert_done("Success: Rebooted\n");
    assert_eq!(cluster.history("100"), [Power::Paused, Power::Off, Power::On]);
}

#[test]
fn ha_is_named_and_acts_later() {
    let settings = || {
        with(Guest {
            is_managed: true,
            ..machine(Power::On)
        })
    };
    let cluster = start(settings());
    let outcome = fence(&cluster, "action=off\nplug=100\n");
    assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{outcome:?}");
    assert!(outcome.stderr.contains("managed by the cluster's HA"), "{outcome:?}");
    let cluster = start(Settings {
        ha_reads: 1000,
        ..settings()
    });
    let outcome = fence(&cluster, "action=off\nplug=100\npower_timeout=3\n");
    outcome.assert_failed(&["is not off", "HA"]);
    let monitored = fence(&cluster, "action=monitor\nplug=100\n");
    assert!(
        monitored.exit == Some(0) && monitored.stderr.contains("power_timeout=120"),
        "{monitored:?}"
    );
}

#[test]
fn a_warning_of_a_task_is_no_failure() {
    let cluster = faulty(Settings::default(), &["task=warns"]);
    fence(&cluster, "action=reboot\nplug=100\n").assert_done("Success: Rebooted\n");
}

#[test]
fn a_lost_answer_is_not_sent_again_blindly() {
    for fault in [
        "switch*1=drop-after",
        "switch*1=node-lost",
        "switch*1=no-task",
        "switch*1=other-task",
    ] {
        let settings = || Settings {
            task_polls: 0,
            ..Settings::default()
        };
        let posts = |cluster: &Simulator| cluster.steps().into_iter().filter(|step| *step == "switch").count();
        let cluster = faulty(settings(), &[fault]);
        let outcome = fence(&cluster, "action=off\nplug=100\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
        assert_eq!(posts(&cluster), 1, "{fault}");
        // The request of a cycle is never repeated.
        let cluster = faulty(settings(), &[fault]);
        let lines = "action=reboot\nmethod=cycle\nplug=100\npower_timeout=2\n";
        assert_eq!(fence(&cluster, lines).exit, Some(1), "{fault}");
        assert_eq!(posts(&cluster), 1, "{fault}");
    }
}
