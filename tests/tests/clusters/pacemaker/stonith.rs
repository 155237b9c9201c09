//! The actions that `stonith_admin` requests from the fencer with each agent, on a device whose true power is checked.

use fencebox_sim::Power;

use crate::pacemaker::devices::{self, Device, Simulated};
use crate::pacemaker::lab::{Daemons, Lab};
use crate::pacemaker::system::System;
use crate::support::Outcome;

#[track_caller]
pub fn assert_said(outcome: &Outcome, exit: i32, words: &[&str]) {
    assert_eq!(outcome.exit, Some(exit), "{outcome:?}");
    for word in words {
        assert!(
            outcome.stdout.contains(word) || outcome.stderr.contains(word),
            "no {word:?} in {outcome:?}"
        );
    }
}

/// On each system, a fencer as in a cluster, one device, and every request that `stonith_admin` can make.
fn everything(make: impl Fn(&Lab) -> Device) {
    for system in System::ALL {
        if let Some(lab) = Lab::start_on(system, Daemons::Fencer) {
            everything_in(&lab, &make);
        }
    }
}

fn everything_in(lab: &Lab, make: impl Fn(&Lab) -> Device) {
    let device = make(lab);
    let before = (lab.files(), lab.listeners());
    asks(lab, &device);
    switches(lab, &device);
    validates(lab, &device);
    // Nothing that the agents needed is left: no files, sockets or sessions on the device.
    assert_eq!((lab.files(), lab.listeners()), before);
    assert!(lab.agents().is_empty(), "{:?}", lab.processes());
    if device.agent == "fence_xenapi" {
        let sessions = device.http().sessions();
        assert!(sessions.opened > 0 && sessions.open == 0, "{sessions:?}");
    }
}

fn asks(lab: &Lab, device: &Device) {
    device.register(lab, "device", &[]);
    assert_said(&lab.admin(&["-L"]), 0, &["device", "1 fence device found"]);
    let metadata = lab.admin(&["-M", "-a", device.agent]);
    assert_said(&metadata, 0, &[&format!("<resource-agent name=\"{}\"", device.agent)]);
    assert_said(&lab.admin(&["-l", "node1"]), 0, &["device", "1 fence device found"]);
    assert_said(&lab.admin(&["-l", "node9"]), 0, &["0 fence devices found"]);
    assert_said(&lab.admin(&["-Q", "device"]), 0, &[]);
    if let Some(listed) = device.listed {
        let outcome = lab.admin(&["-s", "device"]);
        assert_said(&outcome, 0, &[]);
        assert!(outcome.stdout.lines().any(|line| line == listed), "{outcome:?}");
        // Without a configured list of targets, the fencer requests a list from the agent.
        device.register_for(lab, "by-list", &["pcmk_host_check=dynamic-list"]);
        assert_said(&lab.admin(&["-l", listed]), 0, &["by-list"]);
        assert_said(&lab.admin(&["-D", "by-list"]), 0, &[]);
    }
}

fn switches(lab: &Lab, device: &Device) {
    let (on, off) = (Power::On, Power::Off);
    let steps: [(&[&str], &[Power]); 5] = [
        (&["-F", "node1"], &[on.clone(), off.clone()]),
        // The machine is already off.
        (&["-F", "node1"], &[on.clone(), off.clone()]),
        (&["-U", "node1"], &[on.clone(), off.clone(), on.clone()]),
        (
            &["-B", "node1"],
            &[on.clone(), off.clone(), on.clone(), off.clone(), on.clone()],
        ),
        (
            &["-F", "node1"],
            &[
                on.clone(),
                off.clone(),
                on.clone(),
                off.clone(),
                on.clone(),
                off.clone(),
            ],
        ),
    ];
    for (arguments, truth) in steps {
        assert_said(&lab.admin(&[arguments, &["-t", "60"]].concat()), 0, &[]);
        match device.simulated {
            Simulated::File(_) => assert_eq!(device.power(), truth[truth.len() - 1], "{arguments:?}"),
            _ => assert_eq!(device.history(), truth, "{arguments:?}"),
        }
        // A machine that is off can be fenced like one that is on. A missing machine cannot be fenced.
        let check = ["pcmk_host_check=status", "pcmk_host_map=node2:"];
        let mapped = format!("{}{}", check[1], device.plug);
        device.register_for(lab, "by-status", &[check[0], &mapped, "pcmk_status_retries=1"]);
        assert_said(&lab.admin(&["-l", "node2"]), 0, &["by-status"]);
        if device.listed.is_some() {
            assert_said(&lab.admin(&["-l", "missing"]), 0, &["0 fence devices found"]);
        }
        assert_said(&lab.admin(&["-D", "by-status"]), 0, &[]);
    }
    let history = lab.admin(&["-H", "node1", "-V"]);
    assert_said(&history, 0, &["5 events found"]);
    for (words, times) in [
        ("turning off of node1 successful: delegate=fencer", 3),
        ("unfencing of node1 successful: delegate=fencer", 1),
        ("reboot of node1 successful: delegate=fencer", 1),
    ] {
        assert_eq!(history.stdout.matches(words).count(), times, "{words}: {history:?}");
    }
}

fn validates(lab: &Lab, device: &Device) {
    let with = |options: &[String]| {
        let options = options.iter().flat_map(|option| ["-o", option.as_str()]);
        let arguments: Vec<&str> = ["--validate", "-a", device.agent].into_iter().chain(options).collect();
        lab.admin(&arguments)
    };
    let good = format!("Validation of {} succeeded", device.agent);
    assert_said(&with(&device.options), 0, &[&good]);
    let bad = format!("Validation of {} failed", device.agent);
    let wrong = ["delay=soon".to_owned()];
    let outcome = with(&[&device.options[..], &wrong].concat());
    assert_said(&outcome, 1, &[&bad, device.agent, "option delay", "soon"]);
}

#[test]
fn clc_works_with_the_fencer() {
    everything(devices::clc);
}

#[test]
fn xenapi_works_with_the_fencer() {
    everything(devices::xenapi);
}

#[test]
fn ovh_works_with_the_fencer() {
    everything(devices::ovh);
}

#[test]
fn xvm_works_with_the_fencer_by_multicast() {
    everything(devices::xvm);
}

#[test]
fn virt_works_with_the_fencer_by_tcp() {
    everything(devices::virt);
}

#[test]
fn dummy_works_with_the_fencer() {
    everything(devices::dummy);
}

#[test]
fn a_customers_plugin_works_with_the_fencer() {
    everything(devices::relays);
}
