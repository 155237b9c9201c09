//! Man pages (man(7)): of the program, and of an agent.

use std::io;

use roff::{Inline, Roff, bold, italic, roman};

use crate::agent::options::{AgentOption, Table};

/// The section of programs for administrators.
const SECTION: &str = "8";

/// The page of `fencebox`, or of one of its commands.
pub(super) fn of_command(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).section(SECTION).render(&mut page)?;
    Ok(page)
}

/// The page of an agent with this name.
pub(super) fn of_agent(table: &Table, name: &str) -> String {
    let description = table.description();
    let mut links = description.symlinks.iter();
    let own = links.find(|link| link.name == name).map(|link| link.shortdesc.as_str());
    let shortdesc = own.unwrap_or(&description.shortdesc);
    let version = format!("fencebox {}", env!("CARGO_PKG_VERSION"));
    let mut page = Roff::new();
    page.control("TH", [name, SECTION, " ", &version, "Fence agents"]);
    section(&mut page, "NAME", [roman(format!("{name} - {shortdesc}"))]);
    section(
        &mut page,
        "SYNOPSIS",
        [bold(name), roman(" ["), italic("options"), roman("]")],
    );
    section(&mut page, "DESCRIPTION", [roman(&description.longdesc)]);
    paragraph(
        &mut page,
        [
            roman("A cluster calls the agent without arguments and writes the options to standard input, one "),
            italic("name"),
            roman("="),
            italic("value"),
            roman(" in each line. On the command line, they have the forms below."),
        ],
    );
    options(&mut page, table);
    actions(&mut page, table);
    if !description.rights.is_empty() {
        section(&mut page, "PERMISSIONS", [roman("The account on the device needs:")]);
        for right in &description.rights {
            page.control("IP", ["*", "2"]);
            page.text([roman(right)]);
        }
    }
    section(&mut page, "EXIT STATUS", []);
    for (code, meaning) in [
        (
            "0",
            "The action is done and proven; for status and monitor, the plug is on.",
        ),
        (
            "1",
            "The action failed, and nothing is proven. The last line on standard error names the reason.",
        ),
        ("2", "For status and monitor: the plug is off."),
    ] {
        entry(&mut page, [bold(code)], [roman(meaning)]);
    }
    section(&mut page, "FILES", []);
    let policy = "Limits for agents, which only root writes.";
    entry(&mut page, [italic("/etc/fencebox/policy.toml")], [roman(policy)]);
    section(
        &mut page,
        "SEE ALSO",
        [bold("fencebox"), roman("(8), "), italic("/usr/share/doc/fencebox")],
    );
    page.to_roff()
}

fn section(page: &mut Roff, title: &str, text: impl IntoIterator<Item = Inline>) {
    page.control("SH", [title]);
    let text: Vec<Inline> = text.into_iter().collect();
    if !text.is_empty() {
        page.text(text);
    }
}

fn paragraph(page: &mut Roff, text: impl IntoIterator<Item = Inline>) {
    page.control("PP", []);
    page.text(text.into_iter().collect::<Vec<_>>());
}

/// An entry of a list: what it is, and what it means.
fn entry(page: &mut Roff, what: impl IntoIterator<Item = Inline>, meaning: impl IntoIterator<Item = Inline>) {
    page.control("TP", []);
    page.text(what.into_iter().collect::<Vec<_>>());
    page.text(meaning.into_iter().collect::<Vec<_>>());
}

fn options(page: &mut Roff, table: &Table) {
    section(page, "OPTIONS", []);
    let mut options: Vec<&AgentOption> = table.options().iter().filter(|option| !option.hidden).collect();
    options.sort_by_key(|option| option.order);
    for option in options {
        let mut text = vec![roman(format!("{}. ", option.shortdesc))];
        if !["help", "version"].contains(&option.name.as_str()) {
            text.extend([roman("On standard input: "), bold(&option.name)]);
            if let Some(older) = &option.older {
                text.extend([roman(" (older name: "), bold(older), roman(")")]);
            }
            text.push(roman("."));
        }
        if let Some(default) = option.default.as_deref().filter(|_| !option.secret) {
            text.extend([roman(" Default: "), bold(default), roman(".")]);
        }
        if option.required && option.default.is_none() {
            text.push(roman(" Required."));
        }
        entry(page, [bold(option.left_column())], text);
    }
}

fn actions(page: &mut Roff, table: &Table) {
    let default = table.default_action();
    let words = table.actions().into_iter().map(|action| {
        let mark = if action == default { " (the default)" } else { "" };
        format!("{}{mark}", action.word())
    });
    let words: Vec<String> = words.collect();
    section(page, "ACTIONS", [roman(format!("{}.", words.join(", ")))]);
}
