//! `fence_aws` against the simulated EC2, against moto, and beside the Python agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod keys;
mod lag;
mod metadata;
mod moto;
mod refused;

use crate::support::{Outcome, call};
use fencebox_sim::aws::Settings;
use fencebox_sim::fault::Plan;
use fencebox_sim::server::{Config, Simulator};

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// A region with these faults.
fn faulty(settings: Settings, faults: &[&str]) -> Simulator {
    Simulator::start(Config {
        faults: plan_all(faults),
        ..settings.config()
    })
    .unwrap()
}

fn plan_all(faults: &[&str]) -> Vec<Plan> {
    let plans = faults.iter().map(|fault| fencebox_sim::aws::plan(fault).unwrap());
    plans.collect()
}

/// The options that reach a simulator, without the metadata service of the machine that runs the tests.
fn reach(simulator: &Simulator) -> String {
    let url = simulator.url();
    format!("endpoint_url={url}\nregion=eu-central-1\nskip_race_check=1\n")
}

/// Runs the real program.
fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    let keys = "access_key=AKIASIMULATED\nsecret_key=s3cret\n";
    call("fence_aws", &format!("{}{keys}{lines}", reach(simulator)))
}

/// The bodies of the requests with this action.
fn bodies(simulator: &Simulator, action: &str) -> Vec<String> {
    let prefix = format!("Action={action}&");
    let requests = simulator.requests().into_iter();
    requests
        .map(|request| request.body)
        .filter(|body| body.starts_with(&prefix))
        .collect()
}
