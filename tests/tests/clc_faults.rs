//! Every fault of the CLC simulator with every action: nothing that goes
//! wrong may end in "done" while the machine is on.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod support;

use fencebox_tests::clc::{self, Settings};
use fencebox_tests::fault::Plan;
use fencebox_tests::machine::{Machine, Power};
use fencebox_tests::server::{Config, Simulator};
use support::matrix::{Judge, play_all};
use support::{Outcome, call_virtually};

const MACHINE: &str = "WA1ACMEDB01";
const PASSWORD: &str = "s3cret-pass";

fn simulator(power: Power, faults: Vec<Plan>) -> Simulator {
    let settings = Settings {
        password: PASSWORD.to_owned(),
        machines: vec![Machine::new(MACHINE, power)],
        lag: 1,
        task_polls: 1,
        ..Settings::default()
    };
    Simulator::start(Config {
        faults,
        ..settings.config()
    })
    .unwrap()
}

fn fence(simulator: &Simulator, action: &str) -> Outcome {
    let stdin = format!(
        "action={action}\nlogin=fencer\npasswd={PASSWORD}\naccount=ACME\nplug={MACHINE}\napi_url={}\n\
         power_timeout=12\nlogin_timeout=1\nshell_timeout=1\n",
        simulator.url()
    );
    call_virtually("fence_clc", &stdin)
}

fn judge(simulator: &Simulator, action: &str, mark: usize, outcome: &Outcome) -> Result<(), String> {
    let judge = Judge {
        agent: "fence_clc",
        action,
        is_off: |power| *power == Power::Off,
        secrets: &[PASSWORD],
    };
    let verdict = judge.judge(&simulator.machine(MACHINE).unwrap(), mark, outcome);
    verdict.map_err(|reason| format!("{reason}: {outcome:?}"))
}

#[test]
fn no_fault_ends_in_a_false_success() {
    let powers = [Power::On, Power::Paused];
    let mut cases = Vec::new();
    for plan in clc::every_fault() {
        for action in ["off", "reboot", "status"] {
            cases.extend(powers.iter().map(|power| (plan.clone(), action, power.clone())));
        }
    }
    assert!(cases.len() > 500, "only {} cases", cases.len());
    play_all(cases, |(plan, action, power)| {
        let simulator = simulator(power.clone(), vec![plan.clone()]);
        let mark = simulator.machine(MACHINE).unwrap().mark();
        judge(&simulator, action, mark, &fence(&simulator, action))
    });
}

/// Faults that pass: a fence agent that gives up on them leaves the cluster
/// without fencing for no reason.
#[test]
fn what_passes_is_survived() {
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
            let simulator = simulator(Power::On, vec![clc::plan(plan).unwrap()]);
            let mark = simulator.machine(MACHINE).unwrap().mark();
            let outcome = fence(&simulator, action);
            assert_eq!(outcome.exit, Some(0), "{plan} {action}: {outcome:?}");
            judge(&simulator, action, mark, &outcome).unwrap();
        }
    }
}

#[test]
fn a_refused_log_in_is_not_repeated() {
    for plan in ["login=denied", "login=status:403", "login=status:400"] {
        let simulator = simulator(Power::On, vec![clc::plan(plan).unwrap()]);
        fence(&simulator, "off").assert_refused(&["log-in refused"]);
        let logins = simulator
            .requests()
            .iter()
            .filter(|request| request.method == "POST")
            .count();
        assert_eq!(logins, 1, "accounts lock: {plan}");
    }
}

#[test]
fn one_log_in_an_action() {
    let simulator = simulator(Power::On, vec![]);
    fence(&simulator, "reboot").assert_done("Success: Rebooted\n");
    let requests = simulator.requests();
    let logins = requests
        .iter()
        .filter(|request| request.path().ends_with("/authentication/login"))
        .count();
    assert_eq!(logins, 1);
    let operations: Vec<_> = requests
        .iter()
        .filter(|request| request.method == "POST" && request.path().contains("/operations/"))
        .collect();
    assert_eq!(operations.len(), 2, "off once, on once");
}

#[test]
fn a_failed_task_ends_the_action_at_once() {
    let simulator = simulator(Power::On, vec![clc::plan("task=states:executing,failed").unwrap()]);
    let outcome = fence(&simulator, "off");
    outcome.assert_refused(&["the device failed the request", MACHINE]);
    assert!(outcome.took.as_secs() < 5, "{outcome:?}");
}
