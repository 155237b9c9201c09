//! What a plugin is, as JSON.

use std::path::Path;

use serde::Serialize;

use crate::agent::description::{Description, ValueKind};
use crate::agent::options::AgentOption;
use crate::command::report;
use crate::plugin::{Declared, Plugin, Recorded};
use crate::policy::NeedKind;

/// The whole report.
#[derive(Serialize)]
pub(super) struct Report {
    name: String,
    shortdesc: String,
    longdesc: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    vendor_url: String,
    further_names: Vec<Name>,
    plugin: String,
    /// The BLAKE3 of the file; missing if the file was not loaded and has no record.
    #[serde(skip_serializing_if = "String::is_empty")]
    blake3: String,
    record: &'static str,
    /// Why every action fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    needs_approval: Vec<Need>,
    sees_password: bool,
    account_permissions: Vec<String>,
    options: Vec<Row>,
    printed: Vec<String>,
}

/// A further name.
#[derive(Serialize)]
struct Name {
    name: String,
    shortdesc: String,
    hidden: bool,
}

/// Something that needs approval.
#[derive(Serialize)]
struct Need {
    kind: NeedKind,
    /// Of the endpoint, socket, option or claim.
    name: String,
    /// For people.
    text: String,
}

/// An option of the device.
#[derive(Serialize)]
struct Row {
    name: String,
    usage: String,
    shortdesc: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    required: bool,
    secret: bool,
}

/// Collects the report. Each text of the plugin is cleaned.
pub(super) fn collect(
    plugin: &Plugin,
    path: &Path,
    declared: &Declared,
    error: Option<String>,
    clean: &dyn Fn(&str) -> String,
) -> anyhow::Result<Report> {
    let description = &declared.description;
    Ok(Report {
        name: clean(&description.name),
        shortdesc: clean(&description.shortdesc),
        longdesc: clean(&description.longdesc),
        vendor_url: clean(&description.vendor_url),
        further_names: names(description, clean),
        plugin: clean(&path.display().to_string()),
        blake3: plugin.hash(),
        record: match plugin.recorded() {
            Recorded::Absent => "absent",
            Recorded::Current(_) => "current",
            Recorded::Outdated(_) => "outdated",
            Recorded::Damaged(_) => "damaged",
        },
        error: error.map(|error| clean(&error)),
        needs_approval: needs(declared, clean),
        sees_password: declared.approval().reach.sees_password(),
        account_permissions: description.rights.iter().map(|right| clean(right)).collect(),
        options: report::listed(description)?
            .iter()
            .map(|option| row(option, clean))
            .collect(),
        printed: plugin.printed().iter().map(|line| clean(line)).collect(),
    })
}

fn names(description: &Description, clean: &dyn Fn(&str) -> String) -> Vec<Name> {
    let names = description.symlinks.iter().map(|link| Name {
        name: clean(&link.name),
        shortdesc: clean(&link.shortdesc),
        hidden: link.hidden,
    });
    names.collect()
}

fn needs(declared: &Declared, clean: &dyn Fn(&str) -> String) -> Vec<Need> {
    let needs = declared.approval().needs().into_iter().map(|need| Need {
        kind: need.kind,
        name: clean(&need.name),
        text: clean(&need.text),
    });
    needs.collect()
}

fn row(option: &AgentOption, clean: &dyn Fn(&str) -> String) -> Row {
    let (kind, choices) = match &option.kind {
        ValueKind::Text => ("text", &[][..]),
        ValueKind::Integer => ("integer", &[][..]),
        ValueKind::Seconds => ("seconds", &[][..]),
        ValueKind::Boolean => ("boolean", &[][..]),
        ValueKind::Choice(words) => ("choice", words.as_slice()),
    };
    Row {
        name: clean(&option.name),
        usage: clean(&option.left_column()),
        shortdesc: clean(&option.shortdesc),
        kind,
        choices: choices.iter().map(|word| clean(word)).collect(),
        default: option.default.as_deref().map(clean),
        required: option.required,
        secret: option.secret,
    }
}
