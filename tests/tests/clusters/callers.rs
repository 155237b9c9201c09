//! All callers of an agent and their conventions: both names that Pacemaker has for the target, any order of keys,
//! Pacemaker's environment, callers that kill, and the conventions of cman, Proxmox and medik8s. The tests use the real
//! program, the real plugin and a simulated cloud.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod damaged;
mod killed;
mod kubernetes;
mod others;
mod pacemaker;
use crate::support;

use fencebox_sim::clc::Settings;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::Simulator;
use support::{Outcome, call};

const MACHINE: &str = "WA1ACMEDB01";

/// A cloud with one machine, which is on.
fn cloud() -> Simulator {
    cloud_with(Settings::default())
}

fn cloud_with(settings: Settings) -> Simulator {
    let machines = vec![Machine::new(MACHINE, Power::On)];
    Simulator::start(Settings { machines, ..settings }.config()).unwrap()
}

/// The options that every caller passes, with their current names.
fn login(cloud: &Simulator) -> String {
    format!(
        "username=fencer\npassword=s3cret\naccount=ACME\nstonith_status_sleep=0\napi_url={}\n",
        cloud.url()
    )
}

fn fence(cloud: &Simulator, lines: &str) -> Outcome {
    call("fence_clc", &(login(cloud) + lines))
}

#[track_caller]
fn assert_fenced(cloud: &Simulator, outcome: &Outcome) {
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.history(MACHINE), [Power::On, Power::Off]);
}

/// All permutations of these items.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = items.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, first.clone());
            all.push(order);
        }
    }
    all
}
