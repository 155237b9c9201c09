//! Every fault of the simulated pool with every action and method: nothing
//! that goes wrong may end in "done" while the VM is on.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod support;

use fencebox_tests::fault::Plan;
use fencebox_tests::machine::{Machine, Power};
use fencebox_tests::server::{Config, Simulator};
use fencebox_tests::xapi::{self, Settings, Vm};
use support::matrix::{Judge, play_all};
use support::{Outcome, call_virtually};

const VM: &str = "c0ffee00-0000-4000-8000-000000000001";
const PASSWORD: &str = "s3cret-pass";
/// What session refs begin with.
const REFERENCE: &str = "OpaqueRef:";

/// An action, how it is done, and the VM's power before.
const ACTIONS: &[(&str, &str, Power)] = &[
    ("off", "onoff", Power::On),
    ("off", "onoff", Power::Paused),
    ("reboot", "onoff", Power::On),
    ("reboot", "cycle", Power::On),
    ("reboot", "cycle", Power::Paused),
    ("status", "onoff", Power::On),
    ("on", "onoff", Power::Off),
    ("on", "onoff", Power::Paused),
    ("monitor", "onoff", Power::On),
];

fn simulator(power: &Power, faults: Vec<Plan>) -> Simulator {
    let vm = |uuid: &str, label: &str, power| Vm::new(Machine::new(uuid, power).named(label));
    let settings = Settings {
        password: PASSWORD.to_owned(),
        vms: vec![
            vm(VM, "db01", power.clone()),
            // What says "halted" of itself, and is not the one.
            vm("c0ffee00-0000-4000-8000-000000000002", "db02", Power::Off),
        ],
        lag: 1,
        ..Settings::default()
    };
    Simulator::start(Config {
        faults,
        ..settings.config()
    })
    .unwrap()
}

fn fence(simulator: &Simulator, action: &str, method: &str, plug: &str) -> Outcome {
    let stdin = format!(
        "action={action}\nmethod={method}\nlogin=root\npasswd={PASSWORD}\nplug={plug}\nsession_url={}\n\
         power_timeout=12\nlogin_timeout=1\nshell_timeout=1\n",
        simulator.url()
    );
    call_virtually("fence_xenapi", &stdin)
}

fn judge(simulator: &Simulator, action: &str, mark: usize, outcome: &Outcome) -> Result<(), String> {
    let judge = Judge {
        agent: "fence_xenapi",
        action,
        is_off: |power| *power == Power::Off,
        secrets: &[PASSWORD, REFERENCE],
    };
    let verdict = judge.judge(&simulator.machine(VM).unwrap(), mark, outcome);
    verdict.map_err(|reason| format!("{reason}: {outcome:?}"))
}

#[test]
fn no_fault_ends_in_a_false_success() {
    let plans = xapi::every_fault();
    let cases: Vec<_> = plans
        .iter()
        .flat_map(|plan| ACTIONS.iter().map(move |action| (plan.clone(), action)))
        // A device that says "running" for ever, whatever is true, cannot be caught by anybody.
        .filter(|(plan, (action, ..))| !(*action == "on" && plan.to_string().ends_with("=state:Running")))
        .collect();
    assert!(cases.len() > 3000, "only {} cases", cases.len());
    play_all(cases, |(plan, (action, method, power))| {
        let simulator = simulator(power, vec![plan.clone()]);
        let mark = simulator.machine(VM).unwrap().mark();
        let outcome = fence(&simulator, action, method, "db01");
        judge(&simulator, action, mark, &outcome)?;
        // Another VM is nobody's business.
        let other = simulator.history("c0ffee00-0000-4000-8000-000000000002");
        match other.len() {
            1 => Ok(()),
            _ => Err(format!("another VM was switched: {other:?}")),
        }
    });
}

/// Faults that pass: a fence agent that gives up on them leaves the cluster
/// without fencing for no reason.
#[test]
fn what_passes_is_survived() {
    let plans = [
        "login*1=drop-before",
        "login*2=unavailable",
        "login*1=html",
        "login*1=truncate",
        "login*1=failure:HOST_STILL_BOOTING",
        "find*1=drop-before",
        "record*1=drop-before",
        "record*1=expired",
        "power*1=expired",
        "record#2*2=html",
        "record#2*2=stall",
        "power*1=drop-before",
        "power*1=drop-after",
        "power*1=stall-after",
        "power*1=gateway-timeout-after",
        "power*1=truncate",
        "power*1=failure:OTHER_OPERATION_IN_PROGRESS",
        "power*1=failure:TOO_BUSY",
        "logout=failure:INTERNAL_ERROR",
        "logout=drop-before",
        "any=cdata",
        "any=comments",
    ];
    for plan in plans {
        for action in ["off", "reboot"] {
            let simulator = simulator(&Power::On, vec![xapi::plan(plan).unwrap()]);
            let mark = simulator.machine(VM).unwrap().mark();
            let outcome = fence(&simulator, action, "onoff", VM);
            assert_eq!(outcome.exit, Some(0), "{plan} {action}: {outcome:?}");
            judge(&simulator, action, mark, &outcome).unwrap();
        }
    }
}

#[test]
fn a_refused_log_in_is_not_repeated() {
    let simulator = simulator(
        &Power::On,
        vec![xapi::plan("login=failure:SESSION_AUTHENTICATION_FAILED").unwrap()],
    );
    fence(&simulator, "off", "onoff", VM).assert_refused(&["log-in refused"]);
    assert_eq!(simulator.requests().len(), 1, "accounts lock");
}
