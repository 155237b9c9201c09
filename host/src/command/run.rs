//! `fencebox run`: runs a plugin file without installing it, in the same sandbox as an installed plugin.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::candidate;
use crate::agent::stream::Lines;
use crate::agent::system_clock::SystemClock;
use crate::plugin::Seam;
use crate::trace::{End, Header, Recorder, Trace};

/// Number of bytes of random numbers in a recording. A plugin that needs more gets them again.
const RANDOM: usize = 4096;

/// Maximum number of bytes of options on standard input.
const INPUT_LIMIT: u64 = 1024 * 1024;

/// Runs one action. `options` are `key=value`; without them, they are on standard input, one a line. Returns the exit
/// code of the agent.
pub(super) fn run(file: &Path, options: &[String], trace: Option<&Path>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let stderr = match Lines::standard_error() {
        Ok(lines) => Box::new(lines) as Box<dyn Write + Send>,
        // The process has no file descriptor left.
        Err(_) => Box::new(std::io::stderr()),
    };
    let attempt = candidate::attempt(file, Arc::new(SystemClock::start()), stderr)?;
    let options = parse(options)?;
    let Some(path) = trace else {
        let outcome = attempt.run(&options, None, true)?;
        out.write_all(outcome.stdout.as_bytes())?;
        return Ok(outcome.exit.code());
    };
    // Before the process loses its permissions.
    let mut recording = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // It has what the device sent.
        .mode(0o600)
        .open(path)
        .with_context(|| path.display().to_string())?;
    let mut random = vec![0; RANDOM];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("/dev/urandom")?;
    let recorder = Arc::new(Recorder::new(random.clone()));
    let outcome = attempt.run(&options, Some(recorder.clone() as Arc<dyn Seam>), true)?;
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

/// The options of the command line, or else of standard input.
fn parse(options: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut text = options.join("\n");
    if options.is_empty() {
        let mut input = std::io::stdin().take(INPUT_LIMIT);
        input.read_to_string(&mut text).context("standard input")?;
    }
    let mut parsed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once('=') else {
            bail!("{line:?} is not an option; write NAME=VALUE, such as action=status");
        };
        parsed.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(parsed)
}
