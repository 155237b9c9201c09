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
    use super::quoted;

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
}
