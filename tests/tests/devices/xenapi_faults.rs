//! Faults of a pool that the matrix does not cover: transient faults are retried, and a refused login is not retried.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use std::sync::Arc;

use fencebox::agent::virtual_clock::VirtualClock;
use fencebox_sim::fault::Plan;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::xenapi::{self, Settings, Vm};
use support::{Outcome, call_on};

const VM: &str = "c0ffee00-0000-4000-8000-000000000001";
const PASSWORD: &str = "s3cret-pass";
fn simulator(faults: Vec<Plan>) -> (Simulator, Arc<VirtualClock>) {
    let clock = Arc::new(VirtualClock::shared());
    let vm = |uuid: &str, label: &str, power| Vm::new(Machine::new(uuid, power).named(label));
    let settings = Settings {
        password: PASSWORD.to_owned(),
        vms: vec![
            vm(VM, "db01", Power::On),
            // An object that reads as halted and is not the machine.
            vm("c0ffee00-0000-4000-8000-000000000002", "db02", Power::Off),
        ],
        lag: 1,
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
        "action={action}\nlogin=root\npasswd={PASSWORD}\nplug={VM}\nsession_url={}\n\
         power_timeout=12\nlogin_timeout=1\nshell_timeout=1\n",
        simulator.url()
    );
    call_on(clock, "fence_xenapi", &stdin)
}

/// An agent that fails on a transient fault leaves the cluster without fencing for no reason.
#[test]
fn transient_faults_are_retried() {
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
            let pool = simulator(vec![xenapi::plan(plan).unwrap()]);
            let outcome = fence(&pool, action);
            assert_eq!(outcome.exit, Some(0), "{plan} {action}: {outcome:?}");
            assert!(pool.0.machine(VM).unwrap().was_off_since(0), "{plan} {action}");
        }
    }
}

#[test]
fn a_refused_login_is_not_retried() {
    let pool = simulator(vec![
        xenapi::plan("login=failure:SESSION_AUTHENTICATION_FAILED").unwrap(),
    ]);
    fence(&pool, "off").assert_refused(&["login refused"]);
    assert_eq!(pool.0.requests().len(), 1, "a second attempt may lock the account");
}
