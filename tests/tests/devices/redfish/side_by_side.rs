//! The Python agent and ours with the same input, each with its own device: the same exit code, standard output and
//! power afterwards, or a row of [`DIFFERENCES`]. `docs/redfish.md` has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::process::Command;

use super::sushy::{Emulator, NODE1, NODE2};
use super::{reach, start};
use crate::support::python::{self, LONG_TIMEOUTS};
use crate::support::side_by_side::{Difference, Seen, assert_same};
use crate::support::{in_parallel, isolated, observe, program};
use fencebox_sim::machine::Power;
use fencebox_sim::redfish::{Profile, Settings};

const DIFFERENCES: [Difference; 6] = [
    Difference {
        case: "several systems and no name",
        reason: "the Python agent takes the last one, which may be another machine",
        python: (0, "Status: ON\n"),
        ours: (1, ""),
    },
    Difference {
        case: "an unknown power state",
        reason: "the Python agent reports everything but Off as on",
        python: (0, "Status: ON\n"),
        ours: (1, ""),
    },
    Difference {
        case: "diag",
        reason: "nothing was rebooted",
        python: (0, "Success: Rebooted\n"),
        ours: (0, ""),
    },
    Difference {
        case: "list",
        reason: "a chassis has several systems",
        python: (0, "NOTICE: List option is not working on this device yet\n"),
        ours: (0, "System.Embedded.1,system.embedded.1\n"),
    },
    Difference {
        case: "a device that wants If-Match",
        reason: "the Python agent does not read the answer to its request",
        python: (1, ""),
        ours: (0, "Success: Powered OFF\n"),
    },
    Difference {
        case: "a BMC that is off and is asked for off",
        reason: "a first read may be old, so ours sends the request; both report the same",
        python: (0, "Success: Already OFF\n"),
        ours: (0, "Success: Already OFF\n"),
    },
];

struct Case {
    name: &'static str,
    profile: Profile,
    power: Power,
    lines: &'static str,
}

fn case(name: &'static str, profile: Profile, power: Power, lines: &'static str) -> Case {
    Case {
        name,
        profile,
        power,
        lines,
    }
}

fn cases() -> Vec<Case> {
    let (on, off) = (|| Power::On, || Power::Off);
    let uri = "action=status\nsystems_uri=/redfish/v1/Systems/System.Embedded.1\n";
    let mut cases = vec![
        case(
            "several systems and no name",
            Profile::MultiNode,
            on(),
            "action=status\n",
        ),
        case(
            "an unknown power state",
            Profile::Dell,
            Power::Other("Reset".to_owned()),
            "action=status\n",
        ),
        case("diag", Profile::Dell, on(), "action=diag\n"),
        case("list", Profile::Dell, on(), "action=list\n"),
        case(
            "a device that wants If-Match",
            Profile::Fujitsu,
            on(),
            "action=off\npower_timeout=2\n",
        ),
        case(
            "a BMC that is off and is asked for off",
            Profile::Dell,
            off(),
            "action=off\n",
        ),
        case("status of a system that is on", Profile::Dell, on(), uri),
        case("status of a system that is off", Profile::Dell, off(), uri),
        case("monitor", Profile::Lenovo, on(), "action=monitor\n"),
        case(
            "monitor of a system that is off",
            Profile::Lenovo,
            off(),
            "action=monitor\n",
        ),
        case("a node name as plug", Profile::Lenovo, on(), "action=off\nplug=node1\n"),
        case("on, already", Profile::HpeIlo5, on(), "action=on\n"),
        case("a paused system", Profile::Dell, Power::Paused, "action=status\n"),
        case(
            "a missing system",
            Profile::Dell,
            on(),
            "action=status\nsystems_uri=/redfish/v1/Systems/9\n",
        ),
        case(
            "a wrong password",
            Profile::Dell,
            on(),
            "action=status\npassword=wrong-pass\n",
        ),
        case("no user name", Profile::Dell, on(), "action=status\nusername=\n"),
    ];
    for profile in [
        Profile::HpeIlo4,
        Profile::Cisco,
        Profile::Openbmc,
        Profile::Megarac,
        Profile::Supermicro,
    ] {
        cases.push(case("off", profile, on(), "action=off\n"));
        cases.push(case("on", profile, off(), "action=on\n"));
    }
    cases.push(case("reboot", Profile::HpeIlo4, on(), "action=reboot\n"));
    cases
}

/// Runs a program with a device of its own.
fn see(mut command: Command, case: &Case) -> Seen {
    let mut settings = Settings::of(case.profile);
    for machine in &mut settings.machines {
        *machine = fencebox_sim::Machine::new(machine.id(), case.power.clone());
    }
    let bmc = start(settings);
    let stdin = format!("{}{LONG_TIMEOUTS}password=s3cret\n{}", reach(&bmc), case.lines);
    let outcome = observe(&mut command, stdin.as_bytes());
    let powers = bmc
        .machines()
        .iter()
        .map(|machine| machine.power().to_string())
        .collect();
    (outcome.exit, outcome.stdout, powers)
}

#[test]
fn both_agents_do_the_same_to_a_simulated_bmc() {
    let Some(theirs) = python::agent("fence_redfish") else {
        return;
    };
    in_parallel(cases(), |case| {
        let python = see(isolated(&theirs), &case);
        let ours = see(isolated(program("fence_redfish")), &case);
        assert_same(&DIFFERENCES, case.name, &python, &ours);
    });
}

#[test]
fn both_agents_do_the_same_to_sushy_tools() {
    let (Some(theirs), Some(bmc)) = (python::agent("fence_redfish"), Emulator::start()) else {
        return;
    };
    for (system, action) in [
        (NODE1, "status"),
        (NODE2, "status"),
        (NODE1, "monitor"),
        (NODE1, "on"),
        (NODE2, "off"),
        (NODE1, "off"),
        (NODE1, "on"),
        (NODE1, "reboot"),
    ] {
        let reach = bmc.reach();
        let stdin = format!("{reach}{LONG_TIMEOUTS}ssl_insecure=1\nsystems_uri={system}\naction={action}\n");
        let run = |mut command: Command| observe(&mut command, stdin.as_bytes());
        let ours = run(isolated(program("fence_redfish")));
        if (system, action) == (NODE1, "off") {
            run(isolated(program("fence_redfish"))).assert_done("Success: Already OFF\n");
            let on = stdin.replace("action=off", "action=on");
            observe(&mut isolated(program("fence_redfish")), on.as_bytes()).assert_done("Success: Powered ON\n");
        }
        if (system, action) == (NODE1, "on") && ours.stdout == "Success: Powered ON\n" {
            let off = stdin.replace("action=on", "action=off");
            observe(&mut isolated(program("fence_redfish")), off.as_bytes()).assert_done("Success: Powered OFF\n");
        }
        let python = run(isolated(&theirs));
        assert_eq!(
            (python.exit, &python.stdout),
            (ours.exit, &ours.stdout),
            "{system} {action}"
        );
    }
}
