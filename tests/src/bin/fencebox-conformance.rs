//! Runs the recorded cases and prints the results; `cargo xtask conformance` prepares what it needs.
#![expect(clippy::print_stdout, reason = "the results are printed for a person")]

use std::process::ExitCode;

use anyhow::Result;
use fencebox_tests::conformance;

fn main() -> Result<ExitCode> {
    let folders: Vec<_> = [conformance::own_folder()]
        .into_iter()
        .chain(conformance::further_folder())
        .collect();
    let report = conformance::run(&folders)?;
    println!("{report}");
    Ok(ExitCode::from(u8::from(report.failed() > 0)))
}
