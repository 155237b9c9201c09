//! Every action, states, lists.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{faulty, fence, start};
use crate::support::in_parallel;
use fencebox_sim::azure_arm::{Settings, deallocated};
use fencebox_sim::machine::{Machine, Power};

#[test]
fn each_action_works() {
    // Azure does not distinguish the case of names.
    in_parallel(["node1", "NODE1"], |plug| {
        let cloud = start(Settings::default());
        let steps = [
            ("status", 0, "Status: ON\n", Power::On),
            ("monitor", 0, "", Power::On),
            ("on", 0, "Success: Already ON\n", Power::On),
            ("off", 0, "Success: Powered OFF\n", Power::Off),
            ("status", 2, "Status: OFF\n", Power::Off),
            ("off", 0, "Success: Already OFF\n", Power::Off),
            ("on", 0, "Success: Powered ON\n", Power::On),
            ("reboot", 0, "Success: Rebooted\n", Power::On),
        ];
        for (action, exit, stdout, truth) in steps {
            let outcome = fence(&cloud, &format!("plug={plug}\naction={action}\n"));
            let expected = (Some(exit), stdout);
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                expected,
                "{plug} {action}: {outcome:?}"
            );
            assert_eq!(cloud.power("node1"), Some(truth), "{plug} {action}: {outcome:?}");
        }
        assert_eq!(cloud.power("node2"), Some(Power::Off));
        // Each action logged in once.
        assert_eq!(cloud.sessions().opened, 8);
        // A machine that is shown as off was powered off again.
        let operations = ["powerOff", "powerOff", "start", "powerOff", "start"];
        assert_eq!(cloud.machine("node1").unwrap().operations(), operations);
    });
}

#[test]
fn a_power_off_does_not_wait_for_the_operating_system() {
    let cloud = start(Settings::default());
    fence(&cloud, "plug=node1\naction=off\n").assert_done("Success: Powered OFF\n");
    let requests = cloud.requests();
    let request = requests
        .iter()
        .find(|request| request.path().ends_with("/powerOff"))
        .unwrap();
    assert!(request.asks("skipShutdown", "true"), "{request:?}");
}

/// Azure refuses to power off a machine without a host.
#[test]
fn a_deallocated_machine_is_off() {
    let cloud = start(Settings::default());
    let status = fence(&cloud, "plug=web1\naction=status\n");
    assert_eq!(
        (status.exit, status.stdout.as_str()),
        (Some(2), "Status: OFF\n"),
        "{status:?}"
    );
    fence(&cloud, "plug=web1\naction=off\n").assert_done("Success: Already OFF\n");
    fence(&cloud, "plug=web1\naction=reboot\n").assert_done("Success: Rebooted\n");
    assert_eq!(cloud.machine("web1").unwrap().operations(), ["start"]);
    assert_eq!(cloud.power("web1"), Some(Power::On));
}

#[test]
fn azure_may_have_nothing_to_do() {
    let cloud = start(Settings {
        at_once: true,
        ..Settings::default()
    });
    fence(&cloud, "plug=node2\naction=off\n").assert_done("Success: Already OFF\n");
    fence(&cloud, "plug=node2\naction=reboot\n").assert_done("Success: Rebooted\n");
}

#[test]
fn other_states_are_what_they_mean() {
    let states = [
        ("hibernated", Some(2), "Status: OFF\n"),
        ("deallocating", Some(0), "Status: ON\n"),
        ("starting", Some(0), "Status: ON\n"),
        ("unknown", Some(1), ""),
        ("creating", Some(1), ""),
    ];
    in_parallel(states, |(state, exit, stdout)| {
        let cloud = start(Settings {
            machines: vec![Machine::new("node1", Power::Other(state.to_owned()))],
            ..Settings::default()
        });
        let outcome = fence(&cloud, "plug=node1\naction=status\npower_timeout=2\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (exit, stdout),
            "{state}: {outcome:?}"
        );
    });
}

#[test]
fn lists_contain_every_machine_of_every_page() {
    let mut machines: Vec<Machine> = (0..25)
        .map(|index| Machine::new(format!("s{index}"), Power::Off))
        .collect();
    machines.push(Machine::new("node1", Power::On));
    machines.push(Machine::new("web1", deallocated()));
    let cloud = start(Settings {
        machines,
        page: 10,
        ..Settings::default()
    });
    let list = fence(&cloud, "action=list\n");
    assert_eq!(list.stdout.lines().count(), 27, "{list:?}");
    assert_eq!(cloud.steps(), ["token", "machines", "machines", "machines"]);
    let status = fence(&cloud, "action=list-status\n");
    assert!(
        status.stdout.contains("node1,,ON\n") && status.stdout.contains("web1,,OFF\n"),
        "{status:?}"
    );
    // The cost of monitor does not grow with the machines.
    let before = cloud.requests().len();
    fence(&cloud, "action=monitor\n").assert_done("");
    assert_eq!(cloud.requests().len(), before + 2);
}

#[test]
fn a_token_that_ended_is_replaced() {
    for fault in [
        "machine#2*1=expired",
        "operation*1=expired",
        "action*1=expired",
        "token*1=expired-token",
    ] {
        let cloud = faulty(&[fault]);
        let outcome = fence(&cloud, "plug=node1\naction=off\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
        assert_eq!(cloud.sessions().opened, 2, "{fault}");
    }
}
