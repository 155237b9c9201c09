//! Runs the no-false-success matrix and prints the results; `cargo xtask matrix` prepares what it needs.
#![expect(clippy::print_stdout, reason = "the results are printed for a person")]

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;
use fencebox_tests::matrix::{self, Options};

/// Runs every single fault, and pairs of faults, at every exchange of every device
#[derive(Parser)]
struct Arguments {
    /// Seed that chooses the pairs
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of pairs of faults for each device
    #[arg(long, default_value_t = 0, value_name = "N")]
    pairs: usize,
    /// Device: clc, aws, aws-role, azure-arm, gce, hetzner-cloud, xenapi, openstack, ovh, pve, redfish, relay,
    /// vmware-rest, vmware-soap, xvm, xvm-group, ipmilan, or credulous (which must fail)
    #[arg(long)]
    device: Option<String>,
    /// One run, as the report names it, or a text in the lines of single faults
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Run only the faults that are left out because no agent can detect them
    #[arg(long)]
    excluded: bool,
    /// Run one in 40 of the runs that differ least, as the tests do
    #[arg(long)]
    brief: bool,
    /// Run a sample of about this number of runs
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// List the runs without running them
    #[arg(long)]
    list: bool,
    /// Number of off reads in a row that the host requires as proof
    #[arg(long, value_name = "N", hide = true)]
    reads: Option<u32>,
}

/// Set in the private network namespace.
const OWN_NETWORK: &str = "FENCEBOX_MATRIX_NETWORK";
/// Prepares a private network namespace, then runs this program again.
const MAKE_NETWORK: &str = "ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo && \
                            ip address add 169.254.169.254/32 dev lo && exec \"$@\"";

/// Runs this program again in a private network namespace, if the system allows one.
fn in_own_network() -> Result<Option<ExitCode>> {
    let mut unshare = Command::new("unshare");
    unshare.args(["-n", "sh", "-c", MAKE_NETWORK, "sh"]);
    let made = unshare.arg("true").output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("not run: xvm-group and aws-role, which need root and a private network namespace (unshare, ip)");
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
        devices.extend(matrix::in_own_network());
    }
    let credulous = matrix::credulous();
    let named = [arguments.device.as_deref(), arguments.case.as_deref()];
    if named.iter().flatten().any(|name| name.starts_with(credulous.name())) {
        devices.push(credulous);
    }
    if let Some(reads) = arguments.reads {
        devices = matrix::with_off_reads(devices, reads);
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
            sample: arguments.sample,
            share: None,
            list: arguments.list,
            alone: false,
        },
    )?;
    println!("{report}");
    Ok(ExitCode::from(u8::from(!report.is_good())))
}
