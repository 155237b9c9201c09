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

/// A text in Python's notation.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut shown = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => shown.push_str("\\\\"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            character if character == quote => {
                shown.push('\\');
                shown.push(character);
            }
            character => shown.push(character),
        }
    }
    shown.push(quote);
    shown
}
