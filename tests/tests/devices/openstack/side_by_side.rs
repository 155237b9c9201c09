//! The Python agent (with Debian's novaclient) and ours with the same input, each with its own cloud: the same exit
//! code, standard output and power afterwards, or a row of [`DIFFERENCES`]. `docs/openstack.md` has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::process::Command;

use super::{reach, start};
use crate::support::python::{self, LONG_TIMEOUTS};
use crate::support::side_by_side::{Difference, Seen, assert_same};
use crate::support::{in_parallel, isolated, needs, observe, program};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::openstack::{NODE1, NODE2, Settings};

const ON_AND_OFF: &str =
    "5a1c0de1-0000-4000-8000-000000000001,node1,on\n5a1c0de1-0000-4000-8000-000000000002,node2,off\n";
const UPPER_CASE: &str =
    "5a1c0de1-0000-4000-8000-000000000001,node1,ON\n5a1c0de1-0000-4000-8000-000000000002,node2,OFF\n";

const DIFFERENCES: [Difference; 8] = [
    Difference {
        case: "list-status",
        reason: "all agents of fencebox write upper case",
        python: (0, ON_AND_OFF),
        ours: (0, UPPER_CASE),
    },
    Difference {
        case: "a name",
        reason: "the Python agent takes only UUIDs",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "a paused server",
        reason: "the Python agent has only two states",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "off of a paused server",
        reason: "the Python agent does not get beyond its first read",
        python: (1, ""),
        ours: (0, "Success: Powered OFF\n"),
    },
    Difference {
        case: "a shelved server",
        reason: "it has no process on a hypervisor",
        python: (1, ""),
        ours: (2, "Status: OFF\n"),
    },
    Difference {
        case: "a server that is rebooting",
        reason: "it runs, or will run",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "a hypervisor that disagrees",
        reason: "the database says SHUTOFF, and the hypervisor runs the server",
        python: (2, "Status: OFF\n"),
        ours: (1, ""),
    },
    Difference {
        case: "an action that never ends",
        reason: "an accepted request proves nothing; here both fail, ours as soon as the record ends",
        python: (1, ""),
        ours: (1, ""),
    },
];

struct Case {
    name: &'static str,
    power: Power,
    lines: String,
    fault: Option<&'static str>,
}

fn case(name: &'static str, power: Power, lines: &str) -> Case {
    Case {
        name,
        power,
        lines: lines.replace("UUID", NODE1),
        fault: None,
    }
}

fn cases() -> Vec<Case> {
    let (on, off) = (|| Power::On, || Power::Off);
    let other = |word: &str| Power::Other(word.to_owned());
    let faulty = |fault: &'static str, case: Case| Case {
        fault: Some(fault),
        ..case
    };
    vec![
        case("a name", on(), "action=status\nplug=node1\n"),
        case("a paused server", Power::Paused, "action=status\nplug=UUID\n"),
        case("off of a paused server", Power::Paused, "action=off\nplug=UUID\n"),
        case(
            "a shelved server",
            other("SHELVED_OFFLOADED"),
            "action=status\nplug=UUID\n",
        ),
        case(
            "a server that is rebooting",
            other("HARD_REBOOT"),
            "action=status\nplug=UUID\n",
        ),
        faulty(
            "server=disagree",
            case("a hypervisor that disagrees", on(), "action=status\nplug=UUID\n"),
        ),
        faulty(
            "instance-action=results:none",
            case(
                "an action that never ends",
                on(),
                "action=off\nplug=UUID\npower_timeout=3\n",
            ),
        ),
        case("status of a server that is on", on(), "action=status\nplug=UUID\n"),
        case("status of a server that is off", off(), "action=status\nplug=UUID\n"),
        case("an unknown state", other("ERROR"), "action=status\nplug=UUID\n"),
        case("monitor", on(), "action=monitor\nplug=UUID\n"),
        case("monitor without a plug", on(), "action=monitor\n"),
        case("off", on(), "action=off\nplug=UUID\n"),
        case("off, already", off(), "action=off\nplug=UUID\n"),
        case("on", off(), "action=on\nplug=UUID\n"),
        case("on, already", on(), "action=on\nplug=UUID\n"),
        case("reboot", on(), "action=reboot\nplug=UUID\n"),
        case("reboot of a server that is off", off(), "action=reboot\nplug=UUID\n"),
        case("the older name of the plug", on(), "action=off\nport=UUID\n"),
        case("uuid", on(), "action=off\nuuid=UUID\n"),
        case("list", on(), "action=list\n"),
        case("list-status", on(), "action=list-status\n"),
        case(
            "a missing server",
            on(),
            "action=status\nplug=5a1c0de1-0000-4000-8000-000000000009\n",
        ),
        case(
            "a wrong password",
            on(),
            "action=status\nplug=UUID\npassword=wrong-pass\n",
        ),
        case(
            "a wrong project",
            on(),
            "action=status\nplug=UUID\nproject_name=other\n",
        ),
    ]
}

/// Runs a program with a cloud of its own.
fn see(mut command: Command, case: &Case) -> Seen {
    let cloud = start(Settings {
        machines: vec![
            Machine::new(NODE1, case.power.clone()).named("node1"),
            Machine::new(NODE2, Power::Off).named("node2"),
        ],
        ..Settings::default()
    });
    if let Some(fault) = case.fault {
        cloud.add_fault(fencebox_sim::openstack::plan(fault).unwrap());
    }
    let stdin = format!("{}{LONG_TIMEOUTS}password=s3cret\n{}", reach(&cloud), case.lines);
    let outcome = observe(&mut command, stdin.as_bytes());
    let powers = cloud.machines();
    let powers = powers.iter().map(|machine| machine.power().to_string());
    (outcome.exit, outcome.stdout, powers.collect())
}

#[test]
fn both_agents_do_the_same_to_a_simulated_cloud() {
    let Some(theirs) = python::agent("fence_openstack") else {
        return;
    };
    let novaclient = Path::new("/usr/lib/python3/dist-packages/novaclient");
    if !novaclient.exists() && !needs::skip("python3-novaclient is not installed") {
        return;
    }
    in_parallel(cases(), |case| {
        let python = see(isolated(&theirs), &case);
        let ours = see(isolated(program("fence_openstack")), &case);
        assert_same(&DIFFERENCES, case.name, &python, &ours);
    });
}
