//! The options that a device receives, printed as in the recordings.

use fencebox::agent::options::{Options, Table};

/// One line for each option that has a value, sorted.
pub(super) fn of(options: &Options) -> String {
    let table = options.table();
    let mut rows: Vec<(String, String)> = options
        .iter()
        .filter_map(|(name, value)| {
            let option = table.find(name)?;
            let value = match value {
                "1" if option.is_flag() => String::new(),
                value => value.to_owned(),
            };
            Some((option.long.clone(), value))
        })
        .collect();
    rows.sort();
    rows.iter()
        .map(|(long, value)| format!("--{long}={}\n", quoted(value)))
        .collect()
}

/// A recorded dump in the form of [`of`]: a Python agent has numbers and texts, and three ways to express that a flag
/// is set; a plugin gets none of these.
pub(super) fn normal(recorded: &str, table: &Table) -> String {
    let row = |line: &str| {
        let (long, value) = line.split_once('=').unwrap_or((line, ""));
        let long = long.trim_start_matches('-');
        let option = table.options().iter().find(|option| option.long == long);
        let flag = option.is_some_and(|option| option.is_flag());
        let value = match value {
            // Only `ssl` distinguishes an explicit "no" from a missing value.
            "'0'" if flag && long != "ssl" => "''".to_owned(),
            "'1'" | "1" if flag => "''".to_owned(),
            value if value.starts_with(['\'', '"']) => value.to_owned(),
            value => format!("'{value}'"),
        };
        format!("--{long}={value}\n")
    };
    recorded.lines().map(row).collect()
}

/// A dump in which each line end in a value is a line feed, as Python converts the output of a program.
pub(super) fn with_line_feeds(dump: &str) -> String {
    let mut converted = String::with_capacity(dump.len());
    let mut rest = dump.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            converted.push(character);
            continue;
        }
        // The character after a backslash belongs to it: `\\r` is a backslash and a letter.
        match rest.next() {
            Some('r') => {
                if let Some(after) = rest.as_str().strip_prefix("\\n") {
                    rest = after.chars();
                }
                converted.push_str("\\n");
            }
            escaped => converted.extend(['\\'].into_iter().chain(escaped)),
        }
    }
    converted
}

/// A text in Python's notation (`repr`).
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut shown = String::from(quote);
    for character in text.chars() {
        let code = u32::from(character);
        match character {
            '\\' => shown.push_str("\\\\"),
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            ' ' => shown.push(' '),
            character if character == quote => shown.extend(['\\', quote]),
            character if !character.is_control() && !character.is_whitespace() => shown.push(character),
            _ if code < 0x100 => shown.push_str(&format!("\\x{code:02x}")),
            _ => shown.push_str(&format!("\\u{code:04x}")),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::{quoted, with_line_feeds};

    #[test]
    fn texts_are_quoted_as_in_python() {
        // Each is what `repr` of Python 3.11 returns.
        for (text, shown) in [
            ("a b", r"'a b'"),
            ("it's", r#""it's""#),
            ("it's \"x\"", r#"'it\'s "x"'"#),
            ("one\ntwo\r\nthree\t", r"'one\ntwo\r\nthree\t'"),
            (r"one\ntwo", r"'one\\ntwo'"),
            ("\u{1}\u{7f}\u{a0}\u{2028}ä", r"'\x01\x7f\xa0\u2028ä'"),
        ] {
            assert_eq!(quoted(text), shown);
        }
    }

    #[test]
    fn only_line_ends_are_converted() {
        for (dump, converted) in [
            (r"'one\r\ntwo'", r"'one\ntwo'"),
            (r"'one\rtwo\r'", r"'one\ntwo\n'"),
            (r"'one\n\rtwo'", r"'one\n\ntwo'"),
            (r"'one\\r\\ntwo'", r"'one\\r\\ntwo'"),
            (r"'one\ttwo\'", r"'one\ttwo\'"),
        ] {
            assert_eq!(with_line_feeds(dump), converted, "{dump}");
        }
    }
}
