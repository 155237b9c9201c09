//! `fencebox replay`: plays a recording of `fencebox run --trace` back to a plugin, without a network.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};

use super::candidate;
use crate::agent::clock::Clock;
use crate::agent::virtual_clock::VirtualClock;
use crate::plugin::Seam;
use crate::trace::{Player, Trace};

/// Runs the recorded action again. `options` replace recorded ones, such as a secret, which a recording does not have.
///
/// # Errors
/// If the plugin departs from the recording, or its result does.
pub(super) fn run(recording: &Path, file: &Path, options: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let named = || recording.display().to_string();
    let source = File::open(recording).with_context(named)?;
    let trace = Trace::read(BufReader::new(source)).with_context(named)?;
    // What the agent reports is in the recording, or follows from the departure.
    let stderr = Box::new(std::io::sink());
    let attempt = candidate::attempt(file, Arc::new(VirtualClock::default()) as Arc<dyn Clock>, stderr)?;
    ensure!(
        attempt.name == trace.header.agent,
        "{} is a recording of {}, and {} is {}",
        named(),
        trace.header.agent,
        file.display(),
        attempt.name
    );
    let mut given = trace.header.options.clone();
    for option in options {
        let (name, value) = option
            .split_once('=')
            .with_context(|| format!("{option:?} is not an option; write NAME=VALUE"))?;
        given.insert(name.to_owned(), value.to_owned());
    }
    let player = Arc::new(Player::new(&trace, attempt.log.clone()));
    let outcome = attempt.run(&given, Some(player.clone() as Arc<dyn Seam>), false)?;
    if let Some(departure) = player.departure() {
        anyhow::bail!("{}: {departure}", named());
    }
    let end = &trace.end;
    let (exit, stdout) = (outcome.exit, outcome.stdout);
    ensure!(
        exit.code() == end.exit && attempt.log.without_secrets(&stdout) == end.stdout,
        "{}: every call is as recorded, but the result is exit code {} with the output {stdout:?}; the recording has exit \
         code {} with the output {:?}",
        named(),
        exit.code(),
        end.exit,
        end.stdout
    );
    writeln!(
        out,
        "{}: {} calls as recorded, exit code {}",
        named(),
        player.made(),
        end.exit
    )?;
    Ok(())
}
