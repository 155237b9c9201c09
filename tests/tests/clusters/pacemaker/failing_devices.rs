//! Devices that hang, fail or lag, and many devices at once, under Pacemaker's fencer: an agent that it kills leaves
//! nothing behind, and transient faults are retried.

use std::fs;

use fencebox_sim::machine::Machine;
use fencebox_sim::xenapi::{DB01, ODD, ODD_LABEL, Vm};
use fencebox_sim::{Plan, Power, clc, relay, xenapi};

use crate::pacemaker::devices::{self, Device};
use crate::pacemaker::lab::{Daemons, Lab};
use crate::pacemaker::stonith::assert_said;
use crate::support::Outcome;

fn fence(lab: &Lab, node: &str) -> Outcome {
    lab.admin(&["-F", node, "-t", "60"])
}

/// The fencer's log lines with the standard error of an agent that contain these words.
fn told(lab: &Lab, words: &str) -> Vec<String> {
    let log = lab.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("warning: fence_") && line.contains("stderr: ["));
    lines.filter(|line| line.contains(words)).map(str::to_owned).collect()
}

/// The fencer kills an agent after its timeout, and the next agent is not affected by the killed one.
fn killed_without_a_trace(make: impl FnOnce(&Lab) -> Device, hang: impl FnOnce(&Device) -> Vec<&'static str>) {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let device = make(&lab);
    device.register(&lab, "device", &["pcmk_off_timeout=60"]);
    assert_said(&lab.admin(&["-D", "device"]), 0, &[]);
    let before = (lab.files(), lab.listeners());
    let more = hang(&device);
    device.register(&lab, "device", &[&["pcmk_off_timeout=2"][..], &more].concat());
    assert_said(&fence(&lab, "node1"), 124, &["Timer expired"]);
    lab.await_that("the fencer killed it", || lab.log().contains("timed out after 2s"));
    assert_eq!(device.power(), Power::On);
    lab.await_that("no process is left", || lab.agents().is_empty());
    lab.await_that("no file and no socket is left", || {
        (lab.files(), lab.listeners()) == before
    });
    if let devices::Simulated::Http(simulator) = &device.simulated {
        simulator.clear_faults();
    }
    device.register(&lab, "device", &["pcmk_off_timeout=60"]);
    assert_said(&fence(&lab, "node1"), 0, &[]);
    assert_eq!(device.power(), Power::Off);
}

/// Adds a fault to a simulator.
fn fault(plan: Plan) -> impl FnOnce(&Device) -> Vec<&'static str> {
    |device| {
        device.http().add_fault(plan);
        Vec::new()
    }
}

#[test]
fn an_agent_that_waits_for_an_answer_is_killed() {
    killed_without_a_trace(devices::clc, fault(clc::plan("operation=stall").unwrap()));
}

#[test]
fn a_customers_plugin_that_waits_is_killed() {
    killed_without_a_trace(devices::relays, fault(relay::plan("any=stall").unwrap()));
}

#[test]
fn an_agent_that_sleeps_is_killed() {
    killed_without_a_trace(devices::dummy, |_| vec!["random_sleep_range=9000000"]);
}

/// The password script is killed with the agent.
#[test]
fn an_agent_that_waits_for_a_password_is_killed() {
    killed_without_a_trace(devices::clc, |_| vec!["password_script=sleep 1234; echo s3cret"]);
}

/// The agent listens for calls of the hypervisors, which must prove that they have the key. A hypervisor with another
/// key does not count.
#[test]
fn an_agent_that_waits_for_a_call_is_killed() {
    killed_without_a_trace(devices::xvm, |_| {
        vec!["multicast_address=225.0.0.13", "timeout=600", "power_timeout=600"]
    });
}

/// The killed agent's session stays open until the device ends it; the next agent has its own session.
#[test]
fn an_agent_with_a_session_is_killed() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let device = devices::xenapi(&lab);
    let pool = device.http();
    pool.add_fault(xenapi::plan("power=stall").unwrap());
    device.register(&lab, "device", &["pcmk_off_timeout=3"]);
    assert_said(&fence(&lab, "node1"), 124, &["Timer expired"]);
    lab.await_that("no process is left", || lab.agents().is_empty());
    assert_eq!((pool.sessions().opened, pool.sessions().open), (1, 1));
    pool.clear_faults();
    device.register(&lab, "device", &["pcmk_off_timeout=60"]);
    assert_said(&fence(&lab, "node1"), 0, &[]);
    assert_eq!((pool.sessions().opened, pool.sessions().open), (2, 1));
    assert_eq!(device.history(), [Power::On, Power::Off]);
}

/// An agent never retries a refused login. Pacemaker runs the whole agent once more, one second later.
#[test]
fn the_second_attempt_of_pacemaker_succeeds() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let device = devices::clc(&lab);
    device.http().add_fault(clc::plan("login*1=denied").unwrap());
    device.register(&lab, "device", &[]);
    assert_said(&fence(&lab, "node1"), 0, &[]);
    assert_eq!(device.history(), [Power::On, Power::Off]);
    let logins = device.http().steps().into_iter().filter(|step| *step == "login");
    assert_eq!(logins.count(), 2);
    assert_eq!(told(&lab, "login refused").len(), 1, "{}", lab.log());
}

/// The on-call administrator finds one line for each attempt in Pacemaker's log, with the reason.
#[test]
fn the_log_contains_the_reason() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let mut device = devices::clc(&lab);
    device.options.retain(|option| option != "password=s3cret");
    device.options.push("password=mistyped".to_owned());
    device.register(&lab, "device", &[]);
    assert_said(&fence(&lab, "node1"), 1, &["Couldn't fence node1"]);
    assert_said(&lab.admin(&["-Q", "device"]), 1, &[]);
    assert_eq!(device.history(), [Power::On]);
    let log = lab.log();
    for action in ["off WA1ACMEDB01", "monitor"] {
        let line = format!("ERROR: fence_clc: {action}: login refused: ");
        // Pacemaker's two attempts.
        assert_eq!(told(&lab, &line).len(), 2, "{log}");
    }
    assert!(!log.contains("mistyped"), "{log}");
}

/// With the default timeouts, as for an administrator who sets none.
#[test]
fn a_device_that_lags_is_polled() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let mut device = devices::clc_with(
        &lab,
        clc::Settings {
            lag: 3,
            ..Default::default()
        },
    );
    device
        .options
        .retain(|option| !option.starts_with("stonith_status_sleep"));
    device.register(&lab, "device", &[]);
    let outcome = fence(&lab, "node1");
    assert_said(&outcome, 0, &[]);
    assert!(outcome.took.as_secs() >= 3, "{outcome:?}");
    assert_eq!(device.history(), [Power::On, Power::Off]);
}

/// Twelve machines on five devices at once. The test observes six agents of one cloud at the same time.
#[test]
fn many_machines_are_fenced_in_parallel() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let cloud = devices::clc(&lab);
    cloud.http().add_fault(clc::plan("login=delay:3000").unwrap());
    let others = [
        devices::xenapi(&lab),
        devices::ovh(&lab),
        devices::virt(&lab),
        devices::relays(&lab),
        devices::dummy(&lab),
    ];
    let mut nodes = Vec::new();
    let mut map = String::new();
    for server in devices::SERVERS {
        map += &format!("cloud-{server}:{server};");
        nodes.push(format!("cloud-{server}"));
    }
    let map = format!("pcmk_host_map={map}");
    cloud.register_for(&lab, "cloud", &[&map, "pcmk_action_limit=-1"]);
    for device in &others {
        let map = format!("pcmk_host_map={}:{}", device.agent, device.plug);
        device.register_for(&lab, device.agent, &[&map]);
        nodes.push(device.agent.to_owned());
    }
    std::thread::scope(|scope| {
        let fencing: Vec<_> = nodes.iter().map(|node| scope.spawn(|| fence(&lab, node))).collect();
        let at_the_cloud = || lab.agents().iter().filter(|line| line.contains("fence_clc")).count();
        lab.await_that("six agents are at the cloud", || at_the_cloud() == 6);
        for (node, outcome) in nodes.iter().zip(fencing) {
            let outcome = outcome.join().unwrap();
            assert_eq!(outcome.exit, Some(0), "{node}: {outcome:?}");
        }
    });
    for server in devices::SERVERS {
        assert_eq!(cloud.http().history(server), [Power::On, Power::Off], "{server}");
    }
    for device in others {
        assert_eq!(device.power(), Power::Off, "{}", device.agent);
    }
    assert!(lab.agents().is_empty(), "{:?}", lab.processes());
}

/// Pacemaker cannot parse this label. The label must not hide the machines after it from the fencer.
#[test]
fn a_strange_label_hides_no_other_machine() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let machine = |id: &str, name: &str| Vm::new(Machine::new(id, Power::On).named(name));
    let device = devices::xenapi_of(&lab, vec![machine(ODD, ODD_LABEL), machine(DB01, "db01")]);
    device.register_for(&lab, "pool", &[]);
    assert_said(&fence(&lab, "db01"), 0, &[]);
    assert_eq!(device.history(), [Power::On, Power::Off]);
    assert_eq!(device.http().power(ODD), Some(Power::On));
}

/// The fencer's environment, folder and umask, as an agent finds them: the agent waits without a limit
/// (`PCMK_service`), and other users cannot access its files.
#[test]
fn the_fencer_is_detected_by_its_environment() {
    let Some(lab) = Lab::start(Daemons::Fencer) else {
        return;
    };
    let settings = clc::Settings {
        lag: 8,
        ..Default::default()
    };
    let device = devices::clc_with(&lab, settings);
    // Without the fencer, the agent would stop after two polls.
    device.register(&lab, "device", &["power_timeout=2", "debug_file=/tmp/debug"]);
    assert_said(&fence(&lab, "node1"), 0, &[]);
    assert_eq!(device.history(), [Power::On, Power::Off]);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(lab.path("/tmp/debug")).unwrap().permissions());
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}
