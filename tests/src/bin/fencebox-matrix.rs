//! Plays the no-false-success matrix and tells what came of it; `cargo xtask matrix` does the set-up.
#![expect(clippy::print_stdout, reason = "it tells a person what came of the runs")]

use std::process::ExitCode;

use anyhow::Result;
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
    /// Only this device: clc, xenapi, ovh, relay, xvm; or credulous, which is there to be caught.
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

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut devices = matrix::devices();
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
