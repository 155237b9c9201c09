//! Faults of CenturyLink Cloud that the matrix does not cover: transient faults are retried, and requests that must not
//! be repeated are sent once.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::sync::Arc;

use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_sim::clc::{self, Settings};
use fencebox_sim::fault::Plan;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use support::{Outcome, call_on};

const MACHINE: &str = "WA1ACMEDB01";
const PASSWORD: &str = "s3cret-pass";

fn simulator(faults: Vec<Plan>) -> (Simulator, Arc<VirtualClock>) {
    let clock = Arc::new(VirtualClock::shared());
    let settings = Settings {
        password: PASSWORD.to_owned(),
        machines: vec![Machine::new(MACHINE, Power::On)],
        lag: 1,
        task_polls: 1,
        ..Settings::default()
    };
    let simulator = Simulator::start(Config {
        faults,
        clock: Some(clock.clone()),
        ..settings.config()
    });
    (simulator.unwrap(), clock)
}

fn fence((simulator, clock): &(Simulator, Arc<VirtualClock>), action: &str) -> Outcome {
    let stdin = format!(
        "action={action}\nlogin=fencer\npasswd={PASSWORD}\naccount=ACME\nplug={MACHINE}\napi_url={}\n\
         power_timeout=12\nlogin_timeout=1\nshell_timeout=1\n",
        simulator.url()
    );
    call_on(clock, "fence_clc", &stdin)
}

/// An agent that fails on a transient fault leaves the cluster without fencing for no reason.
#[test]
fn transient_faults_are_retried() {
    let plans = [
        "login*1=drop-before",
        "login*2=unavailable",
        "login*1=retry-after:3",
        "login*1=html",
        "login*1=truncate",
        "server*1=drop-before",
        "server*1=expired",
        "server#2*2=html",
        "server#2*2=stall",
        "operation*1=drop-before",
        "operation*1=drop-after",
        "operation*1=stall-after",
        "operation*1=gateway-timeout-after",
        "operation*1=truncate",
        "operation*1=retry-after:2",
        "operation*1=no-links",
        "operation*1=object",
        "task*1=missing",
        "task*2=html",
        "task*1=drop-before",
    ];
    for plan in plans {
        for action in ["off", "reboot"] {
            let cloud = simulator(vec![clc::plan(plan).unwrap()]);
            let outcome = fence(&cloud, action);
            assert_eq!(outcome.exit, Some(0), "{plan} {action}: {outcome:?}");
            assert!(cloud.0.machine(MACHINE).unwrap().was_off_since(0), "{plan} {action}");
        }
    }
}

#[test]
fn a_refused_login_is_not_retried() {
    for plan in ["login=denied", "login=status:403", "login=status:400"] {
        let cloud = simulator(vec![clc::plan(plan).unwrap()]);
        fence(&cloud, "off").assert_refused(&["login refused"]);
        let logins = cloud
            .0
            .requests()
            .iter()
            .filter(|request| request.method == "POST")
            .count();
        assert_eq!(logins, 1, "a second attempt may lock the account: {plan}");
    }
}

#[test]
fn each_action_logs_in_once() {
    let cloud = simulator(vec![]);
    fence(&cloud, "reboot").assert_done("Success: Rebooted\n");
    let requests = cloud.0.requests();
    let logins = requests
        .iter()
        .filter(|request| request.path().ends_with("/authentication/login"))
        .count();
    assert_eq!(logins, 1);
    let operations: Vec<_> = requests
        .iter()
        .filter(|request| request.method == "POST" && request.path().contains("/operations/"))
        .collect();
    assert_eq!(operations.len(), 2, "one off and one on");
}

#[test]
fn a_failed_task_ends_the_action_at_once() {
    let cloud = simulator(vec![clc::plan("task=states:executing,failed").unwrap()]);
    let outcome = fence(&cloud, "off");
    outcome.assert_refused(&["the device failed the request", MACHINE]);
    assert!(outcome.took.as_secs() < 5, "{outcome:?}");
}
