//! Every action, with names and IDs, zones that are given or found, and lists.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::Project;
use crate::support::{call, in_parallel};
use fencebox_sim::gce::{NODE1, NODE2, Settings, WEB1, further};
use fencebox_sim::machine::{Machine, Power};

#[test]
fn each_action_works_with_a_name_and_with_an_id() {
    in_parallel(["node1", NODE1], |plug| {
        let project = Project::start(Settings::default());
        let steps = [
            ("status", 0, "Status: ON\n", Power::On),
            ("monitor", 0, "", Power::On),
            ("on", 0, "Success: Already ON\n", Power::On),
            ("off", 0, "Success: Powered OFF\n", Power::Off),
            ("status", 2, "Status: OFF\n", Power::Off),
            ("off", 0, "Success: Already OFF\n", Power::Off),
            ("on", 0, "Success: Powered ON\n", Power::On),
            ("reboot", 0, "Success: Rebooted\n", Power::On),
            ("reboot\nmethod=onoff", 0, "Success: Rebooted\n", Power::On),
        ];
        for (action, exit, stdout, truth) in steps {
            let outcome = project.fence(&format!("plug={plug}\naction={action}\n"));
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(exit), stdout),
                "{plug} {action}: {outcome:?}"
            );
            assert_eq!(
                project.simulator.power(NODE1),
                Some(truth),
                "{plug} {action}: {outcome:?}"
            );
        }
        assert_eq!(project.simulator.power(NODE2), Some(Power::Off));
        // Each action logged in once.
        assert_eq!(project.simulator.sessions().opened, 9);
        let machine = project.simulator.machine(NODE1).unwrap();
        // An instance that is shown as off was stopped again.
        assert_eq!(
            machine.operations(),
            ["stop", "stop", "start", "reset", "stop", "start"]
        );
    });
}

#[test]
fn a_stop_skips_the_graceful_shutdown() {
    let project = Project::start(Settings::default());
    project
        .fence("plug=node1\naction=off\n")
        .assert_done("Success: Powered OFF\n");
    let requests = project.simulator.requests();
    let stops = requests
        .iter()
        .filter(|request| request.method == "POST" && request.path().ends_with("/stop"));
    let targets: Vec<&str> = stops.map(|request| request.target.as_str()).collect();
    let expected = "/compute/v1/projects/proj1/zones/europe-west1-b/instances/node1/stop?noGracefulShutdown=true";
    assert_eq!(targets, [expected]);
}

/// A cluster also reboots a node that is off. Only an instance that runs has a reset.
#[test]
fn an_instance_that_is_off_reboots() {
    let project = Project::start(Settings::default());
    project
        .fence("plug=node2\naction=reboot\n")
        .assert_done("Success: Rebooted\n");
    assert_eq!(
        project.simulator.machine(NODE2).unwrap().operations(),
        ["stop", "start"]
    );
    assert_eq!(project.simulator.power(NODE2), Some(Power::On));
}

#[test]
fn a_suspended_instance_is_on_and_cannot_be_stopped() {
    let project = Project::start(Settings::default());
    project.fence("plug=web1\naction=status\n").assert_done("Status: ON\n");
    project
        .fence("plug=web1\naction=off\n")
        .assert_refused(&["state SUSPENDED"]);
    assert!(project.simulator.machine(WEB1).unwrap().operations().is_empty());
}

#[test]
fn a_zone_is_given_or_found() {
    let project = Project::start(Settings::default());
    let fence = |lines: &str| {
        let stdin = format!("{}{}{lines}", project.reach(), project.account());
        call("fence_gce", &stdin)
    };
    fence("plug=node1\naction=status\n").assert_done("Status: ON\n");
    assert_eq!(project.simulator.steps(), ["token", "aggregated", "instance"]);
    fence(&format!("plug={NODE1}\naction=status\n")).assert_done("Status: ON\n");
    fence("plug=twin\naction=off\n").assert_refused(&["option zone", "europe-west1-b and in europe-west1-c"]);
    fence("plug=twin\nzone=europe-west1-c\naction=monitor\n").assert_done("");
    fence("plug=twin\nplugzonemap=twin:europe-west1-c\naction=monitor\n").assert_done("");
    fence("plug=node7\naction=off\n").assert_refused(&["node7"]);
    fence("plug=node1\nzone=mars-1\naction=off\n").assert_refused(&["option zone", "zones/mars-1"]);
    fence("plug=node1\nproject=other\nzone=europe-west1-b\naction=off\n").assert_refused(&["option project"]);
    // Two plugs in two zones.
    fence("plug=node1,twin\nzone=europe-west1-b,europe-west1-c\nmethod=onoff\naction=off\n")
        .assert_done("Success: Powered OFF\n");
    assert_eq!(project.simulator.power(NODE1), Some(Power::Off));
}

#[test]
fn lists_contain_every_instance_of_every_page() {
    let mut machines: Vec<Machine> = further(250).collect();
    machines.insert(120, Machine::new(NODE1, Power::On).named("node1"));
    let project = Project::start(Settings {
        machines,
        page: 100,
        ..Settings::default()
    });
    let list = project.fence("action=list\n");
    assert_eq!(list.stdout.lines().count(), 251, "{list:?}");
    assert!(list.stdout.contains(&format!("{NODE1},node1\n")), "{list:?}");
    let status = project.fence("action=list-status\n");
    assert!(status.stdout.contains(&format!("{NODE1},node1,ON\n")), "{status:?}");
    project.fence("action=monitor\n").assert_done("");
    let last = project.simulator.requests().pop().unwrap();
    assert!(last.target.ends_with("/instances?maxResults=1"), "{last:?}");
    // The API leaves out an empty list.
    let empty = Project::start(Settings {
        machines: Vec::new(),
        ..Settings::default()
    });
    empty.fence("action=list\n").assert_done("");
}

#[test]
fn a_token_that_ended_is_replaced() {
    for fault in ["instance#2*1=expired", "operation*1=expired", "token*1=expired-token"] {
        let project = Project::faulty(&[fault]);
        let outcome = project.fence("plug=node1\naction=off\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{fault}: {outcome:?}");
        assert_eq!(project.simulator.sessions().opened, 2, "{fault}");
    }
}

/// A node with a wrong clock can still fence.
#[test]
fn a_wrong_clock_is_reported_and_corrected() {
    for ahead in [-86_400, 4000] {
        let project = Project::start(Settings {
            ahead,
            ..Settings::default()
        });
        let outcome = project.fence("plug=node1\naction=off\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(0), "Success: Powered OFF\n"),
            "{outcome:?}"
        );
        let word = if ahead > 0 { "seconds behind" } else { "seconds ahead" };
        assert!(
            outcome.stderr.contains("the clock of this machine") && outcome.stderr.contains(word),
            "{outcome:?}"
        );
        assert_eq!(project.simulator.steps()[..2], ["token", "token"]);
    }
}
