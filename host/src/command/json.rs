//! The common form of all outputs as JSON (`docs/json.md`): one object on one line.

use std::io::Write;

use serde::Serialize;

use crate::agent::log::Log;
use crate::agent::run::VERSION;

/// The version of the form. It changes only if a field changes its meaning or is removed.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a, T> {
    format: u32,
    fencebox: &'static str,
    command: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// A command without a result.
#[derive(Serialize)]
struct Failure {
    error: String,
}

/// Prints the result of a command.
pub(super) fn print(command: &str, body: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    let document = Document {
        format: FORMAT,
        fencebox: VERSION,
        command,
        body,
    };
    serde_json::to_writer(&mut *out, &document)?;
    Ok(writeln!(out)?)
}

/// Passes an outcome on. With `json`, also prints the reason of a failure, so that standard output always has one
/// document.
pub(super) fn outcome<T>(
    command: &str,
    json: bool,
    outcome: anyhow::Result<T>,
    out: &mut dyn Write,
) -> anyhow::Result<T> {
    if let Err(cause) = &outcome
        && json
    {
        let error = clean(&format!("{cause:#}"));
        print(command, &Failure { error }, out)?;
    }
    outcome
}

/// A text on one line without control characters. A plugin may have chosen it.
pub(super) fn clean(text: &str) -> String {
    Log::new(Box::new(std::io::sink())).masked(text)
}
