//! The text of option `help` (`docs/reference/metadata.md#help-text`).

use super::options::{AgentOption, Table};

/// Column of the descriptions, counted from the start of the options.
const COLUMN: usize = 31;
/// Width of a line, in columns.
const WIDTH: usize = 85;
/// Column of the further lines of a description.
const INDENT: usize = 40;

/// The usage of the agent with the name `name`, and its options.
pub fn help(table: &Table, name: &str) -> String {
    let mut options: Vec<&AgentOption> = table.options().iter().filter(|option| !option.hidden).collect();
    options.sort_by_key(|option| option.order);
    let mut text = format!("Usage:\n\t{name} [options]\nOptions:\n");
    for option in options {
        wrap(&mut text, &entry(table, option));
    }
    text
}

fn entry(table: &Table, option: &AgentOption) -> String {
    let description = match option.name.as_str() {
        "action" => format!("Action: {}", actions(table)),
        "ipport" => port(table, option, &" ".repeat(INDENT)),
        _ => option.shortdesc.clone(),
    };
    let left = option.left_column();
    let blanks = COLUMN.saturating_sub(left.len());
    // A column that is too wide is still followed by two blanks.
    let blanks = if blanks == 0 { 2 } else { blanks };
    format!("{left}{}{description}", " ".repeat(blanks))
}

/// The list of actions as a sentence, with a mark at the default.
fn actions(table: &Table) -> String {
    let default = table.default_action();
    let words = table.actions().into_iter().map(|action| {
        let mark = if action == default { " (default)" } else { "" };
        format!("{}{mark}", action.word())
    });
    let words: Vec<_> = words.collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The description of `ipport` with its default, which depends on the protocol of
/// the device. `before` are blanks before the default.
pub(super) fn port(table: &Table, option: &AgentOption, before: &str) -> String {
    let shortdesc = &option.shortdesc;
    if table.has("web") && table.has("ssl") && option.default.as_deref() == Some("80") {
        format!("{shortdesc} {before}(default 80, or 443 with --ssl)")
    } else if table.has("telnet") && table.has("ssh") && option.default.as_deref() == Some("23") {
        format!("{shortdesc} {before}(default 23, or 22 with --ssh)")
    } else {
        match &option.default {
            Some(default) => format!("{shortdesc} (default {default})"),
            None => shortdesc.clone(),
        }
    }
}

/// Appends an entry, with line breaks at blanks only. Blanks at the end of a line
/// are dropped; other blanks stay.
fn wrap(text: &mut String, entry: &str) {
    let mut column = 3;
    text.push_str("   ");
    let mut blanks = 0;
    let mut at_start = true;
    for token in tokens(entry) {
        if token.starts_with(' ') {
            blanks = token.len();
            continue;
        }
        let width = token.chars().count();
        if !at_start && column + blanks + width > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(INDENT));
            column = INDENT;
        } else if !at_start {
            text.push_str(&" ".repeat(blanks));
            column += blanks;
        }
        text.push_str(&token);
        column += width;
        at_start = false;
        blanks = 0;
    }
    text.push('\n');
}

/// Splits text into words and runs of blanks. Tabs extend to the next multiple of
/// eight columns, and line ends are blanks.
fn tokens(entry: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut column = 0;
    for character in entry.chars() {
        let blank = character.is_whitespace();
        let piece = match character {
            '\t' => " ".repeat(8 - column % 8),
            _ if blank => " ".to_owned(),
            _ => character.to_string(),
        };
        column = if character == '\n' {
            0
        } else {
            column + piece.chars().count()
        };
        match tokens.last_mut() {
            Some(last) if last.starts_with(' ') == blank => last.push_str(&piece),
            _ => tokens.push(piece),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::{help, wrap};
    use crate::description::{Description, Operations};
    use crate::options::Table;

    fn table(options: &[&str]) -> Table {
        crate::options::build(&Description {
            options: options.iter().map(|&name| name.to_owned()).collect(),
            operations: Operations {
                password_optional: true,
                ..Operations::default()
            },
            ..Description::default()
        })
        .unwrap()
    }

    #[test]
    fn lines_wrap_as_in_the_library() {
        let mut text = String::new();
        wrap(
            &mut text,
            "-o, --action=[action]          Action: on, off, reboot (default), status, list, list-status, monitor, \
             metadata, manpage or validate-all",
        );
        // Debian 12, fence_apc -h.
        let expected = "   -o, --action=[action]          Action: on, off, reboot (default), status, list,\n\
                        \x20                                       list-status, monitor, metadata, manpage or\n\
                        \x20                                       validate-all\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_words_and_blanks_wrap() {
        let mut text = String::new();
        let word = "x".repeat(90);
        wrap(&mut text, &format!("-a  b\tc {word}   d\n"));
        let indent = " ".repeat(40);
        assert_eq!(text, format!("   -a  b   c\n{indent}{word}\n{indent}d\n"));
    }

    #[test]
    fn help_begins_with_the_usage() {
        let text = help(&table(&[]), "fence_x");
        assert!(
            text.starts_with("Usage:\n\tfence_x [options]\nOptions:\n   -o, --action=[action]          Action: on,")
        );
        assert!(text.contains("\n   -h, --help                     Print this text and exit\n"));
        assert!(text.contains("\n   --stonith-status-sleep=[seconds]  Seconds"));
    }

    #[test]
    fn a_port_with_two_defaults_shows_both() {
        let text = help(&table(&["ip", "plug", "web", "ssl"]), "fence_x");
        let expected = "   -u, --ipport=[port]            Network port of the device\n\
                        \x20                                       (default 80, or 443 with --ssl)\n";
        assert!(text.contains(expected), "{text}");
        let text = help(&table(&["ip", "plug", "web"]), "fence_x");
        assert!(text.contains("Network port of the device (default 80)\n"), "{text}");
    }
}
