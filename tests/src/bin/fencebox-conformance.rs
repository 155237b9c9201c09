//! Runs the recorded cases and tells what came of them; `cargo xtask
//! conformance` does the set-up.
#![expect(clippy::print_stdout, reason = "it tells a person what came of the cases")]

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
