//! The Python agent (with google-api-python-client) and ours with the same input, each with its own project: the same
//! exit code, standard output and power afterwards, or a row of [`DIFFERENCES`]. `docs/gce.md` has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::process::Command;

use super::Project;
use crate::support::side_by_side::{Difference, Seen, assert_same};
use crate::support::{in_parallel, isolated, observe, program, python};
use fencebox_sim::gce::{NODE1, NODE2, Settings};
use fencebox_sim::machine::{Machine, Power};

const LOWER_CASE: &str = "4510000000000000001,node1,on\n4510000000000000002,node2,off\n";
const UPPER_CASE: &str = "4510000000000000001,node1,ON\n4510000000000000002,node2,OFF\n";

const DIFFERENCES: [Difference; 6] = [
    Difference {
        case: "list-status",
        reason: "all agents of fencebox write upper case",
        python: (0, LOWER_CASE),
        ours: (0, UPPER_CASE),
    },
    Difference {
        case: "reboot of an instance that is off",
        reason: "a cluster also fences nodes that are off",
        python: (1, ""),
        ours: (0, "Success: Rebooted\n"),
    },
    Difference {
        case: "a suspended instance",
        reason: "it keeps its memory",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "an instance that is stopping",
        reason: "it still runs",
        python: (1, ""),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "an ID",
        reason: "list shows the IDs",
        python: (0, "Status: ON\n"),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: "an operation that fails",
        reason: "the error of an operation is a failure",
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
        lines: lines.to_owned(),
        fault: None,
    }
}

fn cases() -> Vec<Case> {
    let (on, off) = (|| Power::On, || Power::Off);
    let other = |word: &str| Power::Other(word.to_owned());
    vec![
        case("status of an instance that is on", on(), "action=status\nplug=node1\n"),
        case(
            "status of an instance that is off",
            off(),
            "action=status\nplug=node1\n",
        ),
        case(
            "a suspended instance",
            other("SUSPENDED"),
            "action=status\nplug=node1\n",
        ),
        case(
            "an instance that is stopping",
            other("STOPPING"),
            "action=status\nplug=node1\n",
        ),
        case("an ID", on(), &format!("action=status\nplug={NODE1}\n")),
        case("monitor", on(), "action=monitor\nplug=node1\n"),
        case("off", on(), "action=off\nplug=node1\n"),
        case("off, already", off(), "action=off\nplug=node1\n"),
        case("on", off(), "action=on\nplug=node1\n"),
        case("on, already", on(), "action=on\nplug=node1\n"),
        case("reboot", on(), "action=reboot\nplug=node1\n"),
        case(
            "reboot by off and on",
            on(),
            "action=reboot\nplug=node1\nmethod=onoff\n",
        ),
        case(
            "reboot of an instance that is off",
            off(),
            "action=reboot\nplug=node1\nretries=0\nretrysleep=0\n",
        ),
        case("the older name of the plug", on(), "action=off\nport=node1\n"),
        case("list", on(), "action=list\n"),
        case("list-status", on(), "action=list-status\n"),
        case("a missing instance", on(), "action=status\nplug=node9\n"),
        case("a wrong zone", on(), "action=status\nplug=node1\nzone=mars-1\n"),
        case("a wrong project", on(), "action=status\nplug=node1\nproject=other\n"),
        Case {
            fault: Some("operation=results:ERROR"),
            ..case(
                "an operation that fails",
                on(),
                "action=off\nplug=node1\npower_timeout=3\n",
            )
        },
    ]
}

/// Runs a program with a project of its own.
fn see(command: impl FnOnce(&Project) -> Command, case: &Case) -> Seen {
    let project = Project::start(Settings {
        machines: vec![
            Machine::new(NODE1, case.power.clone()).named("node1"),
            Machine::new(NODE2, Power::Off).named("node2"),
        ],
        elsewhere: Vec::new(),
        ..Settings::default()
    });
    project.write_key(&format!("{}/token", project.simulator.url()));
    if let Some(fault) = case.fault {
        project.simulator.add_fault(fencebox_sim::gce::plan(fault).unwrap());
    }
    let stdin = format!(
        "{}{}project=proj1\nzone=europe-west1-b\n{}",
        project.reach(),
        project.account(),
        case.lines
    );
    let outcome = observe(&mut command(&project), stdin.as_bytes());
    let powers = project.simulator.machines();
    let powers = powers.iter().map(|machine| machine.power().to_string());
    (outcome.exit, outcome.stdout, powers.collect())
}

#[test]
fn both_agents_do_the_same_to_a_simulated_project() {
    let (Some(python), Some(agent)) = (python::interpreter(), python::agent("fence_gce")) else {
        return;
    };
    in_parallel(cases(), |case| {
        let theirs = see(
            |project| python::cloud_agent(python, &agent, &format!("{}/compute/v1", project.simulator.url())),
            &case,
        );
        let ours = see(|_| isolated(program("fence_gce")), &case);
        assert_same(&DIFFERENCES, case.name, &theirs, &ours);
    });
}
