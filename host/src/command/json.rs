//! JSON for machines: one document, in lines that people can read too.

use std::io::Write;

use anyhow::Context;
use serde::Serialize;

/// Prints a document.
pub(super) fn print(document: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(document).context("JSON")?;
    writeln!(out, "{text}").context("standard output")
}
