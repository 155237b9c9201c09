//! `fence_openstack` against the simulated Keystone and Nova, and beside the Python agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod files;
mod refused;
mod side_by_side;

use crate::support::{Outcome, call};
use fencebox_sim::openstack::Settings;
use fencebox_sim::server::{Config, Simulator};

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// A cloud with these faults.
fn faulty(faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| fencebox_sim::openstack::plan(fault).unwrap());
    Simulator::start(Config {
        faults: faults.collect(),
        ..Settings::default().config()
    })
    .unwrap()
}

/// The options that reach a simulator.
fn reach(simulator: &Simulator) -> String {
    format!("auth_url={}/v3\nusername=fencer\n", simulator.url())
}

/// Runs the real program.
fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    call(
        "fence_openstack",
        &format!("{}password=s3cret\n{lines}", reach(simulator)),
    )
}
