//! `fencebox trace`: runs an action of an installed agent, and records its conversation for a report.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::installed::Installed;
use super::run::{open, options_text, parse, record};

/// Runs the action that the options name. Returns the exit code of the agent.
pub(super) fn run(name: &str, options: &[String], output: Option<&Path>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let options = parse(&options_text(options)?)?;
    let attempt = Installed::agent(name)?.attempt(name);
    let path = output.map_or_else(|| PathBuf::from(format!("{name}.trace")), Path::to_owned);
    let recording = open(&path, OpenOptions::new().create_new(true))?;
    let exit = record(&attempt, &options, &path, recording, out)?;
    report(&path);
    Ok(exit)
}

/// On standard error, because standard output is that of the agent.
#[expect(clippy::print_stderr, reason = "for the person at the terminal")]
fn report(path: &Path) {
    eprintln!(
        "recorded in {}; secrets are masked, but read it before you send it (docs/reporting.md)",
        path.display()
    );
}
