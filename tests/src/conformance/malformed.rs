//! Recorded metadata that is not XML.
//!
//! The library does not escape descriptions and the words of a choice (`docs/reference/protocol.md#quirk-8.27`), so a
//! recording may have the text itself in place of its structure. The structure is on lines of its own, most of them
//! escaped, and it is compared like any other.

use anyhow::{Context as _, Result};
use roxmltree::Document;
use serde_json::{Value, json};

use super::case::Case;
use super::document;

/// Replaces recorded metadata that is not XML by its structure.
///
/// # Errors
///
/// If the text has no structure of metadata either.
pub(super) fn read(case: &mut Case) -> Result<()> {
    let text = match (&case.metadata, &case.stdout) {
        (Some(Value::String(text)), _) => text,
        (None, Some(text)) if text.starts_with("<?xml") => text,
        (Some(Value::Object(parts)), _) => {
            // Only the fact that it is not XML may be recorded.
            let is_structure = ["name", "parameters", "actions"]
                .iter()
                .any(|part| parts.contains_key(*part));
            if !is_structure {
                case.metadata = Some(json!({"name": case.agent}));
                case.is_malformed = true;
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if Document::parse(text).is_ok() {
        return Ok(());
    }
    let structure = document::metadata(&skeleton(text)).with_context(|| format!("{}: metadata", case.name))?;
    case.metadata = Some(structure);
    case.stdout = None;
    case.is_malformed = true;
    Ok(())
}

/// The document without its descriptions, which the library does not escape.
fn skeleton(text: &str) -> String {
    const DESCRIPTIONS: [(&str, &str); 3] = [
        ("<longdesc>", "</longdesc>"),
        ("<vendor-url>", "</vendor-url>"),
        ("\t\t<shortdesc lang=\"en\">", "</shortdesc>"),
    ];
    let mut kept = String::new();
    let mut end_of_description = None;
    for line in text.lines() {
        if end_of_description.is_none() {
            let description = DESCRIPTIONS.iter().find(|(start, _)| line.starts_with(start));
            end_of_description = description.map(|(_, end)| *end);
        }
        match end_of_description {
            Some(end) if line.ends_with(end) => end_of_description = None,
            Some(_) => {}
            None => kept.extend([element(line).as_str(), "\n"]),
        }
    }
    kept
}

/// A line of the structure: without a description in an attribute, and with the word of a choice escaped.
fn element(line: &str) -> String {
    const CHOICE: (&str, &str) = ("\t\t\t<option value=\"", "\" />");
    let word = line.strip_prefix(CHOICE.0).and_then(|rest| rest.strip_suffix(CHOICE.1));
    if let Some(word) = word {
        let word = word.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        return format!("{}{word}{}", CHOICE.0, CHOICE.1);
    }
    for (start, end) in [("<resource-agent ", " >"), ("<symlink ", "/>")] {
        if let Some((name, _)) = line.split_once(" shortdesc=\"")
            && line.starts_with(start)
        {
            return format!("{name}{end}");
        }
    }
    line.to_owned()
}
