//! fence_ipmilan and its other names by the real program: with the simulated BMC, with OpenIPMI's `ipmi_sim`, and next
//! to Debian's agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod bad_input;
mod configurations;
mod lab;
mod logins;
mod real;
mod side_by_side;

use fencebox_sim::ipmi::{Settings, Simulator};

use crate::support::{Outcome, call};

/// Options that keep a test short.
const QUICK: &str = "power_wait=0\n";

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings).unwrap()
}

/// A BMC without faults.
fn fault_free() -> Simulator {
    start(Settings::default())
}

/// A BMC with these faults.
fn faulty(faults: &[&str]) -> Simulator {
    start(Settings {
        faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        ..Settings::default()
    })
}

/// Calls an agent with the administrator of the BMC; further options can replace user and password.
fn fence_as(name: &str, bmc: &Simulator, action: &str, further: &str) -> Outcome {
    let address = bmc.address();
    let login = if further.contains("username=") {
        ""
    } else {
        "username=admin\n"
    };
    let password = if further.contains("password=") {
        ""
    } else {
        "password=s3cret\n"
    };
    let stdin = format!(
        "action={action}\nip={}\nipport={}\n{login}{password}{QUICK}{}\n",
        address.ip(),
        address.port(),
        further.replace(' ', "\n")
    );
    call(name, &stdin)
}

/// The same with IPMI 2.0.
fn fence(bmc: &Simulator, action: &str, further: &str) -> Outcome {
    fence_as("fence_ipmilan", bmc, action, &format!("lanplus=1 {further}"))
}

/// How often the BMC got a request of this step.
fn count(bmc: &Simulator, step: &str) -> usize {
    bmc.requests().iter().filter(|own| **own == step).count()
}
