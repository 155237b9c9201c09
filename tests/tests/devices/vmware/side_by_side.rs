//! The Python agents and ours with the same input, each with its own vCenter: the same exit code, standard output and
//! power afterwards, or a row of [`DIFFERENCES`]. `docs/vmware.md` has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::process::Command;

use super::{Api, BOTH, reach};
use crate::support::python::LONG_TIMEOUTS;
use crate::support::{in_parallel, isolated, observe, program, python};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::vmware::{Settings, Vm};

/// What a call leads to: exit code, standard output, and the power of the machines.
type Seen = (Option<i32>, String, Vec<String>);

/// A deliberate difference: the case, and what each agent does.
struct Difference {
    case: (Api, &'static str),
    reason: &'static str,
    python: (i32, &'static str),
    ours: (i32, &'static str),
}

const DIFFERENCES: [Difference; 11] = [
    Difference {
        case: (Api::Soap, "status of a suspended machine"),
        reason: "it continues when somebody resumes it",
        python: (2, "Status: OFF\n"),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: (Api::Soap, "status of one of two machines"),
        reason: "the other one may be another node",
        python: (2, "Status: OFF\n"),
        ours: (1, ""),
    },
    Difference {
        case: (Api::Soap, "off of a suspended machine"),
        reason: "the Python agent takes suspended for off, and sends nothing",
        python: (0, "Success: Already OFF\n"),
        ours: (0, "Success: Powered OFF\n"),
    },
    Difference {
        case: (Api::Soap, "list"),
        reason: "the Python agent leaves out machines without a configuration, and all but one with the same name",
        python: (
            0,
            "node1,4200c0de-0000-4000-8000-000000000001\n\
         node2,4200c0de-0000-4000-8000-000000000002\n\
         node3,4200c0de-0000-4000-8000-000000000003\n\
         twin,4200c0de-0000-4000-8000-000000000006\n",
        ),
        ours: (
            0,
            "node1,4200c0de-0000-4000-8000-000000000001\n\
         node2,4200c0de-0000-4000-8000-000000000002\n\
         node3,4200c0de-0000-4000-8000-000000000003\n\
         lost,\n\
         twin,4200c0de-0000-4000-8000-000000000005\n\
         twin,4200c0de-0000-4000-8000-000000000006\n",
        ),
    },
    Difference {
        case: (Api::Soap, "list-status"),
        reason: "the Python agent reports every machine as unknown",
        python: (
            0,
            "node1,4200c0de-0000-4000-8000-000000000001,UNKNOWN\n\
         node2,4200c0de-0000-4000-8000-000000000002,UNKNOWN\n\
         node3,4200c0de-0000-4000-8000-000000000003,UNKNOWN\n\
         twin,4200c0de-0000-4000-8000-000000000006,UNKNOWN\n",
        ),
        ours: (
            0,
            "node1,4200c0de-0000-4000-8000-000000000001,ON\n\
         node2,4200c0de-0000-4000-8000-000000000002,OFF\n\
         node3,4200c0de-0000-4000-8000-000000000003,ON\n\
         lost,,UNKNOWN\n\
         twin,4200c0de-0000-4000-8000-000000000005,ON\n\
         twin,4200c0de-0000-4000-8000-000000000006,OFF\n",
        ),
    },
    Difference {
        case: (Api::Rest, "status of a suspended machine"),
        reason: "it continues when somebody resumes it",
        python: (2, "Status: OFF\n"),
        ours: (0, "Status: ON\n"),
    },
    Difference {
        case: (Api::Rest, "status of a disconnected machine"),
        reason: "it may run",
        python: (2, "Status: OFF\n"),
        ours: (1, ""),
    },
    Difference {
        case: (Api::Rest, "status of one of two machines"),
        reason: "the other one may be another node",
        python: (0, "Status: ON\n"),
        ours: (1, ""),
    },
    Difference {
        case: (Api::Rest, "off of a suspended machine"),
        reason: "the Python agent takes suspended for off, and sends nothing",
        python: (0, "Success: Already OFF\n"),
        ours: (0, "Success: Powered OFF\n"),
    },
    Difference {
        case: (Api::Rest, "list"),
        reason: "the Python agent leaves out all machines but one with the same name",
        python: (0, "node1,\nnode2,\nnode3,\nlost,\ntwin,\n"),
        ours: (0, "node1,\nnode2,\nnode3,\nlost,\ntwin,\ntwin,\n"),
    },
    Difference {
        case: (Api::Rest, "list-status"),
        reason: "a suspended or disconnected machine is not off",
        python: (0, "node1,,on\nnode2,,off\nnode3,,off\nlost,,off\ntwin,,off\n"),
        ours: (
            0,
            "node1,,ON\n\
         node2,,OFF\n\
         node3,,ON\n\
         lost,,UNKNOWN\n\
         twin,,ON\n\
         twin,,OFF\n",
        ),
    },
];

/// The input for each case.
const CASES: [(&str, &str); 20] = [
    ("status of a machine that is on", "action=status\nplug=node1\n"),
    ("status of a machine that is off", "action=status\nplug=node2\n"),
    ("status of a suspended machine", "action=status\nplug=node3\n"),
    ("status of a disconnected machine", "action=status\nplug=lost\n"),
    ("status of one of two machines", "action=status\nplug=twin\n"),
    ("monitor", "action=monitor\nplug=node1\n"),
    ("monitor without a machine", "action=monitor\n"),
    ("off", "action=off\nplug=node1\n"),
    ("off, already", "action=off\nplug=node2\n"),
    ("off of a suspended machine", "action=off\nplug=node3\n"),
    ("on", "action=on\nplug=node2\n"),
    ("on, already", "action=on\nplug=node1\n"),
    ("reboot", "action=reboot\nplug=node1\n"),
    ("reboot of a machine that is off", "action=reboot\nplug=node2\n"),
    ("list", "action=list\n"),
    ("list-status", "action=list-status\n"),
    ("a missing machine", "action=status\nplug=absent\n"),
    ("a wrong password", "action=status\nplug=node1\npassword=wrong-pass\n"),
    ("no user name", "action=status\nplug=node1\nusername=\n"),
    ("no machine", "action=off\n"),
];

fn settings() -> Settings {
    let vm = |number: u32, name: &str, power| Vm::new(Machine::new(format!("vm-{number}"), power).named(name));
    let mut lost = vm(4, "lost", Power::On);
    lost.lost = Some(("disconnected".to_owned(), Power::Off));
    let vms = vec![
        vm(1, "node1", Power::On),
        vm(2, "node2", Power::Off),
        vm(3, "node3", Power::Paused),
        lost,
        vm(5, "twin", Power::On).in_folder("DC1/vm/a"),
        vm(6, "twin", Power::Off).in_folder("DC1/vm/b"),
    ];
    Settings {
        vms,
        ..Settings::default()
    }
}

/// Runs a program with a vCenter of its own.
fn see(api: Api, mut command: Command, lines: &str) -> Seen {
    let vcenter = api.start(settings());
    let stdin = format!(
        "{}{LONG_TIMEOUTS}password=s3cret\npower_wait=0\npower_timeout=4\n{lines}",
        reach(&vcenter)
    );
    let outcome = observe(&mut command, stdin.as_bytes());
    let powers = vcenter
        .machines()
        .iter()
        .map(|machine| machine.power().to_string())
        .collect();
    (outcome.exit, outcome.stdout, powers)
}

#[test]
fn both_agents_do_the_same_to_a_simulated_vcenter() {
    let mut cases = Vec::new();
    for api in BOTH {
        let Some(theirs) = python::agent(api.agent()) else {
            return;
        };
        cases.extend(CASES.iter().map(|case| (api, theirs.clone(), case)));
    }
    let wrong = std::sync::Mutex::new(Vec::new());
    in_parallel(cases, |(api, theirs, (name, lines))| {
        let python = see(api, isolated(&theirs), lines);
        let ours = see(api, isolated(program(api.agent())), lines);
        let row = DIFFERENCES.iter().find(|difference| difference.case == (api, *name));
        let outcome = |seen: &Seen| (seen.0, seen.1.clone());
        let expected = |(exit, stdout): (i32, &str)| (Some(exit), stdout.to_owned());
        let is_good = match row {
            Some(row) => outcome(&python) == expected(row.python) && outcome(&ours) == expected(row.ours),
            None => python == ours,
        };
        if !is_good {
            let reason = row.map(|row| row.reason);
            wrong
                .lock()
                .unwrap()
                .push(format!("{api:?} {name} {reason:?}:\n  {python:?}\n  {ours:?}"));
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
