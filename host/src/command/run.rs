//! `fencebox run`: runs a plugin file without installing it, in the same sandbox as an installed plugin.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use zeroize::Zeroizing;

use super::candidate;
use super::installed::standard_error;
use crate::agent::system_clock::SystemClock;
use crate::plugin::Seam;
use crate::trace::{End, Header, Recorder, Trace};
use crate::trial::Attempt;

/// Number of bytes of random numbers in a recording. A plugin that needs more gets them again.
const RANDOM: usize = 4096;

/// Maximum number of bytes of options on standard input.
const INPUT_LIMIT: u64 = 1024 * 1024;

/// Runs one action. `options` are `key=value`; without them, they are on standard input, one a line. Returns the exit
/// code of the agent.
pub(super) fn run(file: &Path, options: &[String], trace: Option<&Path>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let attempt = candidate::attempt(file, Arc::new(SystemClock::start()), standard_error())?;
    let options = parse(&options_text(options)?)?;
    if let Some(path) = trace {
        // It has what the device sent.
        let recording = open(path, OpenOptions::new().create(true).truncate(true))?;
        return record(&attempt, &options, path, recording, out);
    }
    let outcome = attempt.run(&options, None, true)?;
    out.write_all(outcome.stdout.as_bytes())?;
    Ok(outcome.exit.code())
}

/// Opens a file for a recording, which only its owner can read.
pub(super) fn open(path: &Path, how: &mut OpenOptions) -> anyhow::Result<File> {
    let opened = how.write(true).mode(0o600).open(path);
    opened.with_context(|| path.display().to_string())
}

/// Runs one action and records it in a file, which must be open before the process loses its permissions.
pub(super) fn record(
    attempt: &Attempt,
    options: &BTreeMap<String, String>,
    path: &Path,
    mut recording: File,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let mut random = vec![0; RANDOM];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("/dev/urandom")?;
    let recorder = Arc::new(Recorder::new(random.clone()));
    let outcome = attempt.run(options, Some(recorder.clone() as Arc<dyn Seam>), true)?;
    out.write_all(outcome.stdout.as_bytes())?;
    out.flush()?;
    let exit = outcome.exit.code();
    let events = recorder.take().with_context(|| {
        let path = path.display();
        format!(
            "{path}: the recording is larger than 64 MiB and was not written; the action ended with exit code {exit}"
        )
    })?;
    let trace = Trace {
        header: Header::new(&attempt.name, outcome.options, &random),
        events,
        end: End {
            exit,
            stdout: outcome.stdout,
        },
    };
    trace
        .write(&attempt.log, &mut recording)
        .with_context(|| path.display().to_string())?;
    Ok(exit)
}

/// The options of the command line, or else of standard input, one a line.
pub(super) fn options_text(options: &[String]) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(options.join("\n"));
    if options.is_empty() {
        announce();
        let mut input = std::io::stdin().take(INPUT_LIMIT);
        input.read_to_string(&mut text).context("standard input")?;
    }
    Ok(text)
}

/// Reports on a terminal that options are expected.
#[expect(clippy::print_stderr, reason = "for the person at the terminal")]
fn announce() {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        eprintln!("options, one NAME=VALUE a line; Ctrl-D ends them:");
    }
}

/// The options by name.
pub(super) fn parse(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut parsed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once('=') else {
            bail!("{line:?} is not an option; write NAME=VALUE, such as action=status");
        };
        parsed.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(parsed)
}
