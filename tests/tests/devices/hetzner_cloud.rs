//! `fence_hetzner_cloud` against the simulated API, and against cloudalone.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod cloudalone;
mod configurations;
mod refused;

use crate::support::{Outcome, call};
use fencebox_sim::hetzner_cloud::{Settings, plan};
use fencebox_sim::server::{Config, Simulator};

/// A project with these faults.
fn start(settings: Settings, faults: &[&str]) -> Simulator {
    Simulator::start(Config {
        faults: faults.iter().map(|fault| plan(fault).unwrap()).collect(),
        ..settings.config()
    })
    .unwrap()
}

/// Runs the real program without the pause after each request.
fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    with_token(simulator, "s3cret", lines)
}

fn with_token(simulator: &Simulator, token: &str, lines: &str) -> Outcome {
    let reach = format!("api_url={}/v1\napi_token={token}\npower_wait=0\n", simulator.url());
    call("fence_hetzner_cloud", &format!("{reach}{lines}"))
}
