//! Cases that the real daemon cannot produce: our program with the simulator, over a multicast group.

use std::sync::Mutex;

use fencebox_sim::machine::Power;
use fencebox_sim::xvm::Plan;
use fencebox_tests::matrix::{Scene, truth, verdict};

use crate::support::Outcome;
use crate::xvm::lab::{Lab, UUID, available};

fn fence(lab: &Lab, action: &str, plug: &str, timeout: &str) -> Outcome {
    let key = lab.key().display().to_string();
    let further = ["--power-timeout", "3", "--retry-on", "1"];
    let arguments = ["-o", action, "-n", plug, "-k", &key, "-r", "5", "-t", timeout];
    lab.ours("fence_xvm", &[&arguments[..], &further].concat())
}

fn machine(number: u8, power: &str, name: &str) -> String {
    format!("{UUID}{number:02}={power},name={name}")
}

/// A machine that is off on one hypervisor and runs on another.
#[test]
fn a_machine_that_runs_on_any_hypervisor_is_on_and_can_be_switched_off() {
    if !available() {
        return;
    }
    for (here, there) in [("off", "on"), ("on", "off")] {
        let (first, second) = (machine(1, here, "vm"), machine(1, there, "vm"));
        let mut lab = Lab::simulated(&["--machine", &first, "--second-machine", &second]);
        fence(&lab, "status", "vm", "5").assert_done("Status: ON\n");
        fence(&lab, "off", "vm", "5").assert_done("Success: Powered OFF\n");
        assert_eq!(lab.running("vm"), 0);
        assert_eq!(fence(&lab, "status", "vm", "5").exit, Some(2));
    }
}

/// The hypervisor without the machine answers too.
#[test]
fn only_the_hypervisor_that_has_the_machine_counts() {
    if !available() {
        return;
    }
    let machines = [
        "--machine",
        &machine(1, "on", "vm-1"),
        "--second-machine",
        &machine(2, "on", "vm-2"),
    ];
    let mut lab = Lab::simulated(&machines);
    let list = fence(&lab, "list", "", "5");
    assert_eq!(list.stdout.lines().count(), 2, "{list:?}");
    for name in ["vm-1", "vm-2"] {
        fence(&lab, "off", name, "5").assert_done("Success: Powered OFF\n");
        assert_eq!(*lab.machine(name).power(), Power::Off);
        fence(&lab, "reboot", name, "5").assert_done("Success: Rebooted\n");
        assert_eq!(*lab.machine(name).power(), Power::On);
    }
    fence(&lab, "off", "vm-3", "5").assert_refused(&["the device has no plug"]);
}

#[test]
fn one_machine_is_started_on_one_hypervisor_only() {
    if !available() {
        return;
    }
    let (first, second) = (machine(1, "off", "vm"), machine(1, "off", "vm"));
    let mut lab = Lab::simulated(&["--machine", &first, "--second-machine", &second]);
    fence(&lab, "on", "vm", "5").assert_done("Success: Powered ON\n");
    assert_eq!(lab.running("vm"), 1, "two running machines would write to one disk");
    fence(&lab, "off", "vm", "5").assert_done("Success: Powered OFF\n");
    assert_eq!(lab.running("vm"), 0);
}

#[test]
fn two_machines_with_the_same_name_are_refused() {
    if !available() {
        return;
    }
    let machines = [
        "--machine",
        &machine(1, "on", "vm"),
        "--second-machine",
        &machine(2, "off", "vm"),
    ];
    let mut lab = Lab::simulated(&machines);
    for action in ["off", "status", "reboot"] {
        fence(&lab, action, "vm", "5").assert_refused(&["the name is not unique", UUID]);
    }
    assert_eq!(*lab.machine("vm").power(), Power::On);
    fence(&lab, "off", &format!("{UUID}01"), "5").assert_done("Success: Powered OFF\n");
}

/// Number of parallel cases. A case mostly waits for hypervisors that do not call.
const AT_ONCE: usize = 48;

/// The faults that depend on multicast; all others are in the matrix, by TCP.
#[test]
fn no_fault_over_a_group_ends_in_a_false_success() {
    if !available() {
        return;
    }
    let faults = [
        "silent",
        "hang-up",
        "wrong-key",
        "drop",
        "drop-after",
        "code:0",
        "code:2",
        "cut:64",
        "twin",
        "unlisted",
    ];
    let mut cases = Vec::new();
    for fault in faults {
        for step in ["off", "list", "any"] {
            cases.extend(["off", "reboot", "status"].map(|action| (format!("{step}={fault}"), action)));
        }
    }
    let (cases, wrong) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let play = || {
        while let Some((plan, action)) = { cases.lock().unwrap().pop() } {
            assert!(plan.parse::<Plan>().is_ok(), "{plan}");
            let mut lab = Lab::simulated(&["--fault", &plan]);
            let outcome = fence(&lab, action, "vm-alpha", "2");
            let found = truth(&lab.machine("vm-alpha"), 0, |power| *power == Power::Off);
            let scene = Scene::new(action, Power::On);
            let secrets = ["the key of the hypervisors".to_owned()];
            if let Err(reason) = verdict("fence_xvm", &secrets, &scene, &found, &outcome.into()) {
                wrong.lock().unwrap().push(format!("{plan} {action}: {reason:?}"));
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(play))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A second program that waits for callers: each waits for the port.
#[test]
fn two_agents_at_once_take_turns() {
    if !available() {
        return;
    }
    let lab = Lab::simulated(&[]);
    std::thread::scope(|scope| {
        let calls = [("off", "vm-alpha"), ("off", "vm-paused"), ("status", "vm-alpha")];
        let running: Vec<_> = calls
            .map(|(action, plug)| scope.spawn(|| fence(&lab, action, plug, "20")))
            .into();
        for outcome in running {
            let outcome = outcome.join().unwrap();
            assert!(matches!(outcome.exit, Some(0 | 2)), "{outcome:?}");
        }
    });
}
