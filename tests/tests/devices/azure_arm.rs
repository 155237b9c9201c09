//! `fence_azure_arm` against the simulated subscription of Azure, and beside the Python agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod metadata;
mod refused;
mod side_by_side;

use crate::support::{Outcome, call};
use fencebox_sim::azure_arm::{CLIENT, GROUP, SUBSCRIPTION, Settings, TENANT};
use fencebox_sim::server::{Config, Simulator};

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// A subscription with these faults.
fn faulty(faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| fencebox_sim::azure_arm::plan(fault).unwrap());
    Simulator::start(Config {
        faults: faults.collect(),
        ..Settings::default().config()
    })
    .unwrap()
}

/// The options of the addresses.
fn reach(simulator: &Simulator) -> String {
    let url = simulator.url();
    format!("api_url={url}\nlogin_url={url}\n")
}

/// The options of the account and of the place.
fn account() -> String {
    format!(
        "username={CLIENT}\npassword=s3cret\ntenantId={TENANT}\nsubscriptionId={SUBSCRIPTION}\nresourceGroup={GROUP}\n"
    )
}

/// Runs the real program.
fn fence(simulator: &Simulator, lines: &str) -> Outcome {
    call("fence_azure_arm", &format!("{}{}{lines}", reach(simulator), account()))
}
