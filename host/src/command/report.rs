//! The description of a plugin as text, for the administrator who decides whether to approve it.

use std::io::Write;

use crate::agent::description::Description;
use crate::agent::options::{AgentOption, build};
use crate::plugin::Declared;

/// Prints the names and short descriptions.
pub(super) fn names(
    description: &Description,
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> std::io::Result<()> {
    writeln!(out, "{} - {}", clean(&description.name), clean(&description.shortdesc))?;
    for link in &description.symlinks {
        writeln!(out, "further name: {} - {}", clean(&link.name), clean(&link.shortdesc))?;
    }
    Ok(())
}

/// Prints what needs approval, one item a line, and the permissions that the account on the device needs. `besides`
/// is what needs approval only under further names.
pub(super) fn approval(
    declared: &Declared,
    besides: &[(String, Vec<String>)],
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> std::io::Result<()> {
    writeln!(out, "\nneeds approval:")?;
    let approval = declared.approval();
    let lines = approval.lines();
    if lines.is_empty() && besides.is_empty() {
        writeln!(out, "  nothing")?;
    }
    for line in lines {
        writeln!(out, "  {}", clean(&line))?;
    }
    for (name, more) in besides {
        for line in more {
            writeln!(out, "  called {}: {}", clean(name), clean(line))?;
        }
    }
    // Only if no endpoint of the plugin gets it.
    if !approval.reach.sees_password() {
        writeln!(out, "  the plugin does not see the password")?;
    }
    let rights = &declared.description.rights;
    if !rights.is_empty() {
        writeln!(out, "\nthe account on the device needs permission to:")?;
    }
    for right in rights {
        writeln!(out, "  {}", clean(right))?;
    }
    Ok(())
}

/// Prints what the plugin printed while it described itself, for its author.
pub(super) fn printed(lines: &[String], out: &mut dyn Write, clean: &dyn Fn(&str) -> String) -> std::io::Result<()> {
    if !lines.is_empty() {
        writeln!(out, "\nprinted by the plugin while it described itself:")?;
    }
    for line in lines {
        writeln!(out, "  {}", clean(line))?;
    }
    Ok(())
}

/// Longest line of a paragraph, in characters.
const WIDTH: usize = 100;

/// Prints the options that belong to this device: command-line form, default, description. `fence_DEVICE -h` lists all.
pub(super) fn options(
    description: &Description,
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    let listed = listed(description)?;
    let row = |option: &AgentOption| {
        let note = match (&option.default, option.required) {
            (Some(default), _) => format!(" [default: {}]", clean(default)),
            (None, true) => " (required)".to_owned(),
            (None, false) => String::new(),
        };
        (clean(&option.left_column()), clean(&option.shortdesc) + &note)
    };
    let rows: Vec<_> = listed.iter().map(row).collect();
    let width = rows
        .iter()
        .map(|(left, _)| left.chars().count())
        .max()
        .unwrap_or_default();
    writeln!(
        out,
        "\noptions of this device ({} -h lists all):",
        clean(&description.name)
    )?;
    for (left, right) in rows {
        writeln!(out, "  {left:<width$}  {right}")?;
    }
    Ok(())
}

/// The options that belong to this device.
pub(super) fn listed(description: &Description) -> anyhow::Result<Vec<AgentOption>> {
    let is_listed = |option: &&AgentOption| {
        let is_of_device = option.device_specific || description.options.contains(&option.name);
        is_of_device && option.source_of.is_none() && !option.hidden
    };
    let table = build(description)?;
    Ok(table.options().iter().filter(is_listed).cloned().collect())
}

/// Prints a text after an empty line, in lines of at most [`WIDTH`] characters; nothing if the text is empty.
pub(super) fn paragraph(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let mut line = String::new();
    let mut lines = Vec::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if !lines.is_empty() {
        writeln!(out, "\n{}", lines.join("\n"))?;
    }
    Ok(())
}
