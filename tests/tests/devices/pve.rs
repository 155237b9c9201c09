//! `fence_pve` against a simulated cluster, against fakepve, and beside the Python agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod doubt;
mod fakepve;
mod hosts;
mod refused;
mod side_by_side;

use crate::support::{Outcome, call};
use fencebox_sim::pve::Settings;
use fencebox_sim::server::{Config, Simulator};

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// The default cluster with these settings and faults.
fn faulty(settings: Settings, faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| fencebox_sim::pve::plan(fault).unwrap());
    Simulator::start(Config {
        faults: faults.collect(),
        ..settings.config()
    })
    .unwrap()
}

/// The options that reach a simulator.
fn reach(simulator: &Simulator) -> String {
    let port = simulator.address().port();
    format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\n")
}

/// Runs the real program.
fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    let login = "username=fencer@pve\npassword=s3cret\n";
    call("fence_pve", &format!("{}{login}{lines}", reach(simulator)))
}
