//! The documents of actions `metadata` and `manpage` (`docs/reference/metadata.md#metadata-document`). Every blank is
//! as in the Python library, but all text is escaped (`docs/reference/protocol.md#quirk-8.27`).

use std::fmt::{self, Display, Formatter, Write};

use super::action::Action;
use super::description::ValueKind;
use super::help::port;
use super::options::{AgentOption, Table};

/// The document that Pacemaker, pcs and crmsh parse, for an agent that was called
/// by the name `name`.
pub fn metadata(table: &Table, name: &str) -> String {
    document(table, name, &without_troff(&table.description().longdesc))
}

/// The document for manual pages. The description keeps its troff requests, and
/// the name is always the main name of the agent.
pub fn manpage(table: &Table) -> String {
    document(table, &table.description().name, &table.description().longdesc)
}

fn document(table: &Table, name: &str, longdesc: &str) -> String {
    let description = table.description();
    let mut xml = String::with_capacity(16 << 10);
    xml.push_str("<?xml version=\"1.0\" ?>\n");
    append(
        &mut xml,
        format_args!(
            "<resource-agent name=\"{}\" shortdesc=\"{}\" >\n",
            Attribute(name),
            Attribute(&description.shortdesc)
        ),
    );
    for symlink in description.symlinks.iter().filter(|symlink| !symlink.hidden) {
        append(
            &mut xml,
            format_args!(
                "<symlink name=\"{}\" shortdesc=\"{}\"/>\n",
                Attribute(&symlink.name),
                Attribute(&symlink.shortdesc)
            ),
        );
    }
    append(&mut xml, format_args!("<longdesc>{}</longdesc>\n", Text(longdesc)));
    append(
        &mut xml,
        format_args!("<vendor-url>{}</vendor-url>\n", Text(&description.vendor_url)),
    );
    xml.push_str("<parameters>\n");
    parameters(&mut xml, table);
    xml.push_str("</parameters>\n<actions>\n");
    actions(&mut xml, table);
    xml.push_str("</actions>\n</resource-agent>\n");
    xml
}

/// A row of the parameters: an option with one of its names.
struct Row<'a> {
    option: &'a AgentOption,
    name: &'a str,
    deprecated: bool,
}

/// Appends the parameters, sorted by order and name. An option with an older name
/// has two rows.
fn parameters(xml: &mut String, table: &Table) {
    let mut rows = Vec::new();
    for option in table.options() {
        if option.hidden || (option.name == "separator" && table.port_as_ip()) {
            continue;
        }
        rows.push(Row {
            option,
            name: &option.name,
            deprecated: option.deprecated,
        });
        if let Some(older) = &option.older {
            rows.push(Row {
                option,
                name: older,
                deprecated: true,
            });
        }
    }
    rows.sort_by_key(|row| (row.option.order, row.name));
    for row in rows {
        parameter(xml, table, &row);
    }
}

fn parameter(xml: &mut String, table: &Table, row: &Row<'_>) {
    let option = row.option;
    let age = match &option.older {
        _ if row.deprecated => " deprecated=\"1\"".to_owned(),
        Some(older) => format!(" obsoletes=\"{}\"", Attribute(older)),
        None => String::new(),
    };
    let shortdesc = if option.name == "ipport" {
        port(table, option, "")
    } else {
        option.shortdesc.clone()
    };
    append(
        xml,
        format_args!(
            "\t<parameter name=\"{}\" unique=\"0\" required=\"{}\"{age}>\n\t\t<getopt mixed=\"{}\" />\n",
            Attribute(row.name),
            u8::from(option.required),
            Attribute(&option.left_column())
        ),
    );
    content(xml, option);
    append(
        xml,
        format_args!(
            "\t\t<shortdesc lang=\"en\">{}</shortdesc>\n\t</parameter>\n",
            Text(&shortdesc)
        ),
    );
}

fn content(xml: &mut String, option: &AgentOption) {
    let default = match &option.default {
        Some(value) => format!("default=\"{}\" ", Attribute(value)),
        None => String::new(),
    };
    let (kind, words) = match &option.kind {
        ValueKind::Text => ("string", None),
        ValueKind::Integer => ("integer", None),
        ValueKind::Seconds => ("second", None),
        ValueKind::Boolean => ("boolean", None),
        ValueKind::Choice(words) => ("select", Some(words)),
    };
    let Some(words) = words else {
        append(xml, format_args!("\t\t<content type=\"{kind}\" {default} />\n"));
        return;
    };
    append(xml, format_args!("\t\t<content type=\"{kind}\" {default} >\n"));
    for word in words {
        append(xml, format_args!("\t\t\t<option value=\"{}\" />\n", Attribute(word)));
    }
    xml.push_str("\t\t</content>\n");
}

/// Appends the actions. Only `on` has attributes: `on_target` and `automatic`.
/// Devices without plugs accept lists but do not declare them
/// (`docs/reference/protocol.md#quirk-8.13`).
fn actions(xml: &mut String, table: &Table) {
    let operations = table.description().operations;
    for action in table.actions() {
        if action == Action::On {
            let target = if operations.on_target { " on_target=\"1\"" } else { "" };
            let automatic = u8::from(operations.fabric || operations.automatic_on);
            append(
                xml,
                format_args!("\t<action name=\"on\"{target} automatic=\"{automatic}\"/>\n"),
            );
        } else if !(action.lists() && table.port_as_ip()) {
            append(xml, format_args!("\t<action name=\"{}\" />\n", action.word()));
        }
    }
}

/// Removes the troff requests that descriptions contain for manual pages. A `.P`
/// within a word stays (`docs/reference/protocol.md#quirk-8.28`).
fn without_troff(longdesc: &str) -> String {
    let mut plain = String::with_capacity(longdesc.len());
    for line in longdesc.split_inclusive('\n') {
        let request = line.split_whitespace().next().filter(|word| line.starts_with(word));
        match request {
            Some(".br") if line.trim_end() == ".br" => {}
            Some(request @ (".P" | ".TP")) => plain.push_str(&line[request.len()..]),
            _ => plain.push_str(line),
        }
    }
    for font in ["\\fB", "\\fP", "\\fI", "\\fR"] {
        plain = plain.replace(font, "");
    }
    plain
}

/// Appends a formatted text.
fn append(xml: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = xml.write_fmt(text);
}

/// A text between tags.
struct Text<'a>(&'a str);

/// The value of an attribute.
struct Attribute<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        escape(self.0, to, |character| match character {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '\n' | '\t' => None,
            // XML 1.0 cannot contain these characters.
            _ if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => Some("\u{fffd}"),
            _ => None,
        })
    }
}

impl Display for Attribute<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['"', '\'']) {
            let (before, quoted) = rest.split_at(at);
            Text(before).fmt(to)?;
            to.write_str(if quoted.starts_with('"') { "&quot;" } else { "&apos;" })?;
            rest = &quoted[1..];
        }
        Text(rest).fmt(to)
    }
}

/// Writes a text, and for some characters another text.
fn escape(raw: &str, to: &mut Formatter<'_>, replacement: fn(char) -> Option<&'static str>) -> fmt::Result {
    let mut written = 0;
    for (at, character) in raw.char_indices() {
        if let Some(replacement) = replacement(character) {
            to.write_str(&raw[written..at])?;
            to.write_str(replacement)?;
            written = at + character.len_utf8();
        }
    }
    to.write_str(&raw[written..])
}

#[cfg(test)]
mod tests;
