//! The Python agent and ours with the same input, each with its own device: the same exit code, standard output and
//! power afterwards, or a row of [`DIFFERENCES`]. `docs/pve.md` has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::process::Command;

use super::fakepve::Fake;
use super::{reach, start};
use crate::support::python::{self, LONG_TIMEOUTS};
use crate::support::side_by_side::{Difference, Seen, assert_same};
use crate::support::{in_parallel, isolated, observe, program};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::pve::{Guest, Kind, Settings, guests};

const DIFFERENCES: [Difference; 11] = [
    Difference {
        case: "neither pve_node nor pve_node_auto",
        reason: "the node is found in one request",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "the name of a machine",
        reason: "the plug can be a unique name",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "a container without vmtype",
        reason: "numbers are unique among both kinds",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "a machine that has moved from pve_node",
        reason: "machines migrate",
        python: (1, ""),
        ours: (0, "Success: Powered OFF\n"),
    },
    Difference {
        case: "list",
        reason: "the Python agent of version 4.12.1 ends with a TypeError",
        python: (1, ""),
        ours: (0, "100,node1\n101,node2\n200,ct1\n"),
    },
    Difference {
        case: "a machine locked by a backup, as root",
        reason: "the Python agent does not send skiplock",
        python: (1, ""),
        ours: (0, "Success: Powered OFF\n"),
    },
    Difference {
        case: "stopped in a migration",
        reason: "its memory may go on at another node",
        python: (2, "Status: OFF\n"),
        ours: (1, ""),
    },
    Difference {
        case: "on, suspended to disk",
        reason: "a start would continue with the memory from before fencing",
        python: (0, "Success: Powered ON\n"),
        ours: (1, ""),
    },
    Difference {
        case: "on, a paused machine",
        reason: "a start does not continue it, so it is not on",
        python: (0, "Success: Already ON\n"),
        ours: (1, ""),
    },
    Difference {
        case: "a template",
        reason: "it cannot run",
        python: (2, "Status: OFF\n"),
        ours: (1, ""),
    },
    Difference {
        case: "a cycle of a container",
        reason: "containers have no reset, and an administrator should see that off and on are used",
        python: (0, "Success: Rebooted\n"),
        ours: (1, ""),
    },
];

struct Case {
    name: &'static str,
    guests: Vec<Guest>,
    lines: &'static str,
}

/// A case with the default machines.
fn case(name: &'static str, lines: &'static str) -> Case {
    Case {
        name,
        guests: guests(),
        lines,
    }
}

/// A case with one machine.
fn one(name: &'static str, power: Power, lock: Option<&str>, lines: &'static str) -> Case {
    let guest = Guest::new(Machine::new("100", power).named("node1"), Kind::Qemu);
    Case {
        name,
        guests: vec![Guest {
            lock: lock.map(str::to_owned),
            ..guest
        }],
        lines,
    }
}

fn cases() -> Vec<Case> {
    let root = "username=root@pam\npve_node=pve1\naction=off\nplug=100\npower_timeout=3\n";
    vec![
        case("neither pve_node nor pve_node_auto", "action=status\nplug=100\n"),
        case("the name of a machine", "action=status\nplug=node1\npve_node_auto=1\n"),
        case(
            "a container without vmtype",
            "action=status\nplug=200\npve_node_auto=1\n",
        ),
        case(
            "a machine that has moved from pve_node",
            "action=off\nplug=100\npve_node=pve2\npower_timeout=3\n",
        ),
        case("list", "action=list\npve_node_auto=1\n"),
        one("a machine locked by a backup, as root", Power::On, Some("backup"), root),
        one(
            "a machine locked by a backup",
            Power::On,
            Some("backup"),
            "action=off\nplug=100\npve_node=pve1\npower_timeout=3\n",
        ),
        one(
            "stopped in a migration",
            Power::Off,
            Some("migrate"),
            "action=status\nplug=100\npve_node=pve1\n",
        ),
        one(
            "status, suspended to disk",
            Power::Off,
            Some("suspended"),
            "action=status\nplug=100\npve_node=pve1\n",
        ),
        one(
            "on, suspended to disk",
            Power::Off,
            Some("suspended"),
            "action=on\nplug=100\npve_node=pve1\n",
        ),
        one(
            "a paused machine",
            Power::Paused,
            None,
            "action=status\nplug=100\npve_node=pve1\n",
        ),
        one(
            "on, a paused machine",
            Power::Paused,
            None,
            "action=on\nplug=100\npve_node=pve1\n",
        ),
        one(
            "an unknown state",
            Power::Other("zombie".to_owned()),
            None,
            "action=status\nplug=100\npve_node=pve1\n",
        ),
        case("a template", "action=status\nplug=9000\npve_node=pve1\n"),
        case(
            "a cycle of a container",
            "action=reboot\nplug=200\nmethod=cycle\nvmtype=lxc\npve_node=pve2\n",
        ),
        case(
            "status of a machine that is on",
            "action=status\nplug=100\npve_node_auto=1\n",
        ),
        case(
            "status of a machine that is off",
            "action=status\nplug=101\npve_node_auto=1\n",
        ),
        case("monitor", "action=monitor\nplug=100\npve_node=pve1\n"),
        case("off", "action=off\nplug=100\npve_node_auto=1\n"),
        case("off, already", "action=off\nplug=101\npve_node=pve2\n"),
        case("on", "action=on\nport=101\npve_node=pve2\n"),
        case("on, already", "action=on\nplug=100\npve_node_auto=1\n"),
        case("reboot", "action=reboot\nplug=100\npve_node=pve1\n"),
        case("cycle", "action=reboot\nplug=100\npve_node=pve1\nmethod=cycle\n"),
        case(
            "off of a container",
            "action=off\nplug=200\npve_node_auto=1\nvmtype=lxc\n",
        ),
        case(
            "reboot of a container",
            "action=reboot\nplug=200\npve_node=pve2\nvmtype=lxc\n",
        ),
        case(
            "a node in the option nodename",
            "action=status\nplug=100\nnodename=pve1\n",
        ),
        case("a missing machine", "action=status\nplug=999\npve_node_auto=1\n"),
        case(
            "a wrong password",
            "action=status\nplug=100\npve_node=pve1\npassword=wrong-pass\n",
        ),
        case(
            "a user without a realm",
            "action=status\nplug=100\npve_node=pve1\nusername=fencer\n",
        ),
    ]
}

/// Runs a program with a cluster of its own.
fn see(mut command: Command, case: &Case) -> Seen {
    let login = if case.lines.contains("root@pam") {
        "root@pam"
    } else {
        "fencer@pve"
    };
    let cluster = start(Settings {
        login: login.to_owned(),
        guests: case.guests.clone(),
        ..Settings::default()
    });
    let stdin = format!(
        "{}{LONG_TIMEOUTS}username={login}\npassword=s3cret\n{}",
        reach(&cluster),
        case.lines
    );
    let outcome = observe(&mut command, stdin.as_bytes());
    let machines = cluster.machines();
    let powers = machines.iter().map(|machine| machine.power().to_string());
    (outcome.exit, outcome.stdout, powers.collect())
}

#[test]
fn both_agents_do_the_same_to_a_simulated_cluster() {
    let Some(theirs) = python::agent("fence_pve") else {
        return;
    };
    in_parallel(cases(), |case| {
        let python = see(isolated(&theirs), &case);
        let ours = see(isolated(program("fence_pve")), &case);
        assert_same(&DIFFERENCES, case.name, &python, &ours);
    });
}

#[test]
fn both_agents_do_the_same_to_fakepve() {
    let Some(theirs) = python::agent("fence_pve") else {
        return;
    };
    let lines = [
        "action=status\nplug=100\npve_node_auto=1\n",
        "action=status\nplug=101\npve_node=pve2\n",
        "action=monitor\nplug=100\npve_node_auto=1\n",
        "action=off\nplug=100\npve_node=pve1\n",
        "action=off\nplug=101\npve_node_auto=1\n",
        "action=on\nplug=101\npve_node_auto=1\n",
        "action=on\nplug=100\npve_node=pve1\n",
        "action=reboot\nplug=100\npve_node=pve1\n",
        "action=reboot\nplug=100\npve_node=pve1\nmethod=cycle\n",
        "action=reboot\nplug=200\npve_node=pve2\nvmtype=lxc\n",
        "action=status\nplug=102\npve_node=pve1\n",
        "action=status\nplug=999\npve_node_auto=1\n",
        "action=status\nplug=100\npve_node_auto=1\npassword=wrong-pass\n",
    ];
    for line in lines {
        let see = |mut command: Command| {
            let mut fake = Fake::start()?;
            let stdin = format!("{}{LONG_TIMEOUTS}{line}", fake.reach());
            let outcome = observe(&mut command, stdin.as_bytes());
            let powers = ["100", "101", "200"].map(|vmid| fake.tell(&format!("power {vmid}")));
            Some((outcome.exit, outcome.stdout, powers))
        };
        let Some(python) = see(isolated(&theirs)) else {
            return;
        };
        let ours = see(isolated(program("fence_pve")));
        assert_eq!(Some(python), ours, "{line}");
    }
}
