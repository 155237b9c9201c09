//! Plays the no-false-success matrix and tells what came of it; `cargo xtask matrix` does the set-up.
#![expect(clippy::print_stdout, reason = "it tells a person what came of the runs")]

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;
use fencebox_tests::matrix::{self, Options};

/// Plays every single fault, and pairs of them, at every exchange of every device's conversation.
#[derive(Parser)]
struct Arguments {
    /// Chooses the pairs.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many pairs of faults to try, for each device.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pairs: usize,
    /// Only this device: clc, xenapi, ovh, relay, xvm, xvm-group; or credulous, which is there to be caught.
    #[arg(long)]
    device: Option<String>,
    /// Only this run, as it was reported; or all single faults whose line has this in it.
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// What no agent can tell from the truth, and nothing else.
    #[arg(long)]
    excluded: bool,
    /// Of what differs least from the rest, one run in eight: what the tests do.
    #[arg(long)]
    brief: bool,
    /// Tell the runs, and make none.
    #[arg(long)]
    list: bool,
    /// Reads in a row that the host takes as proof that a machine is off, to see what fewer miss.
    #[arg(long, value_name = "N", hide = true)]
    reads: Option<u32>,
}

/// Set in a network of its own.
const OWN_NETWORK: &str = "FENCEBOX_MATRIX_NETWORK";
/// What makes one, and then this program again.
const MAKE_NETWORK: &str =
    "ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo && exec \"$@\"";

/// The same in a network of its own, where the system allows it.
fn in_own_network() -> Result<Option<ExitCode>> {
    let mut unshare = Command::new("unshare");
    unshare.args(["-n", "sh", "-c", MAKE_NETWORK, "sh"]);
    let made = unshare.arg("true").output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("not tried: xvm-group, which takes root and a network of its own (unshare, ip)");
        return Ok(None);
    }
    let mut again = Command::new("unshare");
    again.args(["-n", "sh", "-c", MAKE_NETWORK, "sh"]);
    again.arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    let status = again.env(OWN_NETWORK, "1").status().context("unshare")?;
    Ok(Some(ExitCode::from(u8::from(!status.success()))))
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let has_own_network = std::env::var_os(OWN_NETWORK).is_some();
    if !has_own_network && let Some(exit) = in_own_network()? {
        return Ok(exit);
    }
    let mut devices = matrix::devices();
    if has_own_network {
        devices.push(matrix::hypervisors());
    }
    let credulous = matrix::credulous();
    let named = [arguments.device.as_deref(), arguments.case.as_deref()];
    if named.iter().flatten().any(|name| name.starts_with(credulous.name())) {
        devices.push(credulous);
    }
    let report = matrix::run(
        &devices,
        &Options {
            seed: arguments.seed,
            pairs: arguments.pairs,
            device: arguments.device,
            case: arguments.case,
            excluded: arguments.excluded,
            brief: arguments.brief,
            list: arguments.list,
            off_reads: arguments.reads,
        },
    )?;
    println!("{report}");
    Ok(ExitCode::from(u8::from(!report.is_good())))
}
