//! The structure of an agent's metadata and help.

use anyhow::{Context as _, Result};
use roxmltree::{Document, Node};
use serde_json::{Map, Value, json};

/// The structure of a metadata document, as in the recordings: without descriptions.
///
/// # Errors
///
/// If it is not XML.
pub(super) fn metadata(text: &str) -> Result<Value> {
    let document = Document::parse(text)?;
    let root = document.root_element();
    let rows = |name: &'static str| root.descendants().filter(move |node| node.has_tag_name(name));
    Ok(json!({
        "name": root.attribute("name"),
        "symlinks": rows("symlink").map(|node| node.attribute("name")).collect::<Vec<_>>(),
        "parameters": rows("parameter").filter(|row| !is_own(row.attribute("name"))).map(parameter).collect::<Result<Vec<_>>>()?,
        "actions": rows("action").map(|node| attributes(node, &[])).collect::<Vec<_>>(),
    }))
}

/// Whether only fencebox has this option. Each agent with the option `ssl` has it.
fn is_own(name: Option<&str>) -> bool {
    name.is_some_and(|name| ["ca_file", "ssl_fingerprint"].contains(&name.replace('-', "_").as_str()))
}

fn parameter(node: Node<'_, '_>) -> Result<Value> {
    let child = |name| node.children().find(|child| child.has_tag_name(name));
    let mut row = attributes(node, &["unique"]);
    let getopt = child("getopt").and_then(|getopt| getopt.attribute("mixed"));
    let content = child("content").context("a parameter without content")?;
    row.insert("getopt".to_owned(), json!(getopt));
    row.insert("type".to_owned(), json!(content.attribute("type")));
    if let Some(default) = content.attribute("default") {
        row.insert("default".to_owned(), json!(default));
    }
    if content.attribute("type") == Some("select") {
        let options = content.children().filter(|child| child.has_tag_name("option"));
        let words: Vec<_> = options.map(|option| option.attribute("value")).collect();
        row.insert("choices".to_owned(), json!(words));
    }
    Ok(Value::Object(row))
}

fn attributes(node: Node<'_, '_>, without: &[&str]) -> Map<String, Value> {
    let all = node
        .attributes()
        .filter(|attribute| !without.contains(&attribute.name()));
    all.map(|attribute| (attribute.name().to_owned(), json!(attribute.value())))
        .collect()
}

/// The option column of a help text, in order: `-n, --plug=[id]`. A placeholder that is not a single word is left out,
/// as in the recordings.
pub(super) fn help(text: &str) -> Vec<String> {
    let entries = text.lines().filter_map(|line| line.strip_prefix("   "));
    entries.filter_map(column).collect()
}

fn column(entry: &str) -> Option<String> {
    let mut column = String::new();
    let mut rest = entry;
    if let Some((letter, long)) = entry.split_once(", ")
        && letter.len() == 2
        && letter.starts_with('-')
    {
        column = format!("{letter}, ");
        rest = long;
    }
    let rest = rest.strip_prefix("--")?;
    let end = rest
        .find(|character: char| !character.is_alphanumeric() && !"-_.".contains(character))
        .unwrap_or(rest.len());
    if is_own(Some(&rest[..end])) {
        return None;
    }
    column.extend(["--", &rest[..end]]);
    let placeholder = rest[end..].strip_prefix("=[").and_then(|inner| inner.split_once(']'));
    if let Some((word, _)) = placeholder
        && word
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_')
    {
        column.extend(["=[", word, "]"]);
    }
    Some(column)
}

#[cfg(test)]
mod tests {
    use super::{column, help};

    #[test]
    fn option_columns_are_found() {
        for (entry, expected) in [
            ("-n, --plug=[id]                Plug", "-n, --plug=[id]"),
            ("--disable-timeout=[true/false] Off", "--disable-timeout"),
            ("--tls1.0", "--tls1.0"),
            ("-q, --quiet  Quiet, --so", "-q, --quiet"),
        ] {
            assert_eq!(column(entry).as_deref(), Some(expected));
        }
        assert_eq!(column("text that continues"), None);
        assert_eq!(
            help("Usage:\n\tx [options]\nOptions:\n   -q, --quiet  Q\n      more\n"),
            ["-q, --quiet"]
        );
    }
}
