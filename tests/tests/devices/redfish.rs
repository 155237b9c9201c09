//! `fence_redfish` against simulated BMCs, against sushy-tools, and beside the Python agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod guest;
mod refused;
mod sessions;
mod side_by_side;
mod sushy;

use crate::support::{Outcome, call};
use fencebox_sim::redfish::{Profile, Settings};
use fencebox_sim::server::{Config, Simulator};

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// A BMC with these faults.
fn faulty(profile: Profile, faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| fencebox_sim::redfish::plan(fault).unwrap());
    Simulator::start(Config {
        faults: faults.collect(),
        ..Settings::of(profile).config()
    })
    .unwrap()
}

/// The options that reach a simulator.
fn reach(simulator: &Simulator) -> String {
    let port = simulator.address().port();
    format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\nusername=fencer\n")
}

/// Runs the real program.
fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    call(
        "fence_redfish",
        &format!("{}password=s3cret\n{lines}", reach(simulator)),
    )
}
