//! The Python agent (with azure-mgmt-compute and azure-identity) and ours with the same input, each with its own
//! subscription: the same exit code, standard output and power afterwards, or a row of [`DIFFERENCES`]. `docs/azure.md`
//! has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::process::Command;

use super::{account, reach};
use crate::support::side_by_side::{Difference, Seen, assert_same};
use crate::support::{in_parallel, isolated, observe, program, python};
use fencebox_sim::azure_arm::{Settings, deallocated};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};

const DIFFERENCES: [Difference; 4] = [
    Difference {
        case: "list-status",
        reason: "the Python agent lists no states",
        python: (0, "node1,,UNKNOWN\nnode2,,UNKNOWN\n"),
        ours: (0, "node1,,ON\nnode2,,OFF\n"),
    },
    Difference {
        case: "an unknown state",
        reason: "unknown is not on",
        python: (0, "Status: ON\n"),
        ours: (1, ""),
    },
    Difference {
        case: "a hibernated machine",
        reason: "it has no host and no memory",
        python: (0, "Status: ON\n"),
        ours: (2, "Status: OFF\n"),
    },
    Difference {
        case: "on of a machine in an unknown state",
        reason: "for on, the Python agent takes every state but running as off",
        python: (0, "Success: Powered ON\n"),
        ours: (1, ""),
    },
];

struct Case {
    name: &'static str,
    power: Power,
    lines: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |name, power, lines| Case { name, power, lines };
    let (on, off) = (|| Power::On, || Power::Off);
    let other = |word: &str| Power::Other(word.to_owned());
    vec![
        case("status of a machine that is on", on(), "action=status\nplug=node1\n"),
        case(
            "status of a machine that is stopped",
            off(),
            "action=status\nplug=node1\n",
        ),
        case(
            "status of a deallocated machine",
            deallocated(),
            "action=status\nplug=node1\n",
        ),
        case(
            "a machine that is deallocating",
            other("deallocating"),
            "action=status\nplug=node1\n",
        ),
        case("an unknown state", other("unknown"), "action=status\nplug=node1\n"),
        case(
            "a hibernated machine",
            other("hibernated"),
            "action=status\nplug=node1\n",
        ),
        case(
            "on of a machine in an unknown state",
            other("unknown"),
            "action=on\nplug=node1\npower_timeout=3\n",
        ),
        case("monitor", on(), "action=monitor\nplug=node1\n"),
        case("monitor without a plug", on(), "action=monitor\n"),
        case("off", on(), "action=off\nplug=node1\n"),
        case("off, already", off(), "action=off\nplug=node1\n"),
        case(
            "off of a deallocated machine",
            deallocated(),
            "action=off\nplug=node1\n",
        ),
        case("on", off(), "action=on\nplug=node1\n"),
        case("on of a deallocated machine", deallocated(), "action=on\nplug=node1\n"),
        case("on, already", on(), "action=on\nplug=node1\n"),
        case("reboot", on(), "action=reboot\nplug=node1\n"),
        case("reboot of a machine that is off", off(), "action=reboot\nplug=node1\n"),
        case("the older name of the plug", on(), "action=off\nport=node1\n"),
        case("list", on(), "action=list\n"),
        case("list-status", on(), "action=list-status\n"),
        case("a missing machine", on(), "action=status\nplug=node9\n"),
        case(
            "a wrong secret",
            on(),
            "action=status\nplug=node1\npassword=wrong-secret\n",
        ),
    ]
}

/// Runs a program with a subscription of its own, with TLS.
fn see(command: impl FnOnce(&Simulator, &Path) -> Command, case: &Case) -> Seen {
    let settings = Settings {
        machines: vec![
            Machine::new("node1", case.power.clone()),
            Machine::new("node2", Power::Off),
        ],
        ..Settings::default()
    };
    let cloud = Simulator::start(Config {
        tls: true,
        ..settings.config()
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, cloud.certificate().unwrap()).unwrap();
    let trust = format!("ca_file={}\n", certificate.display());
    // The Python agent ignores the options that it does not have.
    let stdin = format!("{}{trust}{}{}", reach(&cloud), account(), case.lines);
    let outcome = observe(&mut command(&cloud, &certificate), stdin.as_bytes());
    let powers = cloud.machines();
    let powers = powers.iter().map(|machine| machine.power().to_string());
    (outcome.exit, outcome.stdout, powers.collect())
}

#[test]
fn both_agents_do_the_same_to_a_simulated_subscription() {
    let (Some(python), Some(agent)) = (python::interpreter(), python::agent("fence_azure_arm")) else {
        return;
    };
    in_parallel(cases(), |case| {
        let theirs = see(
            |cloud, certificate| {
                let mut command = python::cloud_agent(python, &agent, &cloud.url());
                command.env("REQUESTS_CA_BUNDLE", certificate);
                command
            },
            &case,
        );
        let ours = see(|_, _| isolated(program("fence_azure_arm")), &case);
        assert_same(&DIFFERENCES, case.name, &theirs, &ours);
    });
}
