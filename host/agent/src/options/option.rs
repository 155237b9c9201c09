//! One option of one agent.

use super::catalogue::{self, Entry, OnFalse};
use crate::description::{Override, Parameter, ValueKind};

/// An option as one agent has it, wherever it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOption {
    /// Canonical name.
    pub name: String,
    /// An older name, still accepted on standard input and shown as
    /// deprecated in metadata.
    pub older: Option<String>,
    /// Its letter on the command line.
    pub letter: Option<char>,
    /// Its name on the command line, without the two hyphens.
    pub long: String,
    /// What stands for its value in help; empty where help shows none.
    pub placeholder: String,
    /// The type of its value.
    pub kind: ValueKind,
    /// Its value when it is not given.
    pub default: Option<String>,
    /// What metadata says about it.
    pub required: bool,
    /// Where documents list it: lower is earlier.
    pub order: u16,
    /// One line.
    pub shortdesc: String,
    /// Never printed.
    pub secret: bool,
    /// What `no` on standard input means for a flag.
    pub on_false: OnFalse,
    /// Whether only this device has it.
    pub device_specific: bool,
    /// The option that its value belongs to.
    pub synonym_of: Option<String>,
    /// Accepted under its full name, and in no document.
    pub hidden: bool,
    /// The secret option whose value comes from where this one says.
    pub source_of: Option<String>,
    /// Came in after the parser's table was made: in documents and defaults,
    /// but nobody can give it (`docs/reference/protocol.md#quirk-8.13`).
    pub documented_only: bool,
}

impl AgentOption {
    /// Whether it takes no value on the command line.
    pub fn is_flag(&self) -> bool {
        self.kind == ValueKind::Boolean
    }

    /// How it is written on the command line, as metadata and help show it:
    /// `-n, --plug=[id]`.
    pub fn left_column(&self) -> String {
        let mut column = String::new();
        if let Some(letter) = self.letter {
            column.extend(['-', letter, ',', ' ']);
        }
        column.push_str("--");
        column.push_str(&self.long);
        if !self.placeholder.is_empty() {
            column.push_str("=[");
            column.push_str(&self.placeholder);
            column.push(']');
        }
        column
    }

    /// How a message names it: `username (-l, --username)`.
    pub(super) fn display_name(&self) -> String {
        let letter = self.letter.map(|letter| format!("-{letter}, ")).unwrap_or_default();
        format!("{} ({letter}--{})", self.name, self.long)
    }

    /// Its default, unless that says that a flag is not set.
    pub(super) fn effective_default(&self) -> Option<&str> {
        let default = self.default.as_deref()?;
        let off = self.is_flag() && (default.is_empty() || truth(default) == Some(false));
        (!off).then_some(default)
    }

    pub(super) fn from_entry(entry: &Entry) -> Self {
        let name = entry.name();
        Self {
            older: (entry.key != name).then(|| entry.key.to_owned()),
            name,
            letter: entry.letter,
            long: entry.long.to_owned(),
            placeholder: entry.placeholder.to_owned(),
            kind: entry.kind.into(),
            default: entry.default.map(str::to_owned),
            required: entry.required,
            order: entry.order,
            shortdesc: entry.shortdesc.to_owned(),
            secret: entry.secret,
            on_false: entry.on_false,
            device_specific: false,
            synonym_of: None,
            hidden: false,
            source_of: None,
            documented_only: false,
        }
    }

    pub(super) fn from_parameter(parameter: &Parameter) -> Self {
        let name = &parameter.name;
        let spelling = catalogue::SPELLINGS.iter().find(|(known, ..)| known == name);
        let long = spelling.map_or_else(|| name.replace('_', "-"), |(_, long, _)| (*long).to_owned());
        let placeholder = match (&parameter.kind, spelling) {
            (ValueKind::Boolean, _) => "",
            (_, Some((_, _, placeholder))) => placeholder,
            (ValueKind::Seconds, None) => "seconds",
            (_, None) => name.rsplit('_').next().unwrap_or(name),
        };
        Self {
            name: name.clone(),
            older: parameter.obsoletes.clone(),
            letter: parameter.letter,
            long,
            placeholder: placeholder.to_owned(),
            kind: parameter.kind.clone(),
            default: parameter.default.clone(),
            required: parameter.required,
            // Documents list a device's own options with the common ones.
            order: 1,
            shortdesc: parameter.shortdesc.clone(),
            secret: parameter.secret,
            // A plugin is told "set" or nothing: `no` must not mean "set".
            on_false: OnFalse::Unset,
            device_specific: true,
            synonym_of: parameter.synonym_of.clone(),
            hidden: parameter.hidden,
            source_of: None,
            documented_only: false,
        }
    }

    pub(super) fn change(&mut self, change: &Override) {
        if let Some(default) = &change.default {
            self.default = Some(default.clone());
        }
        if let Some(required) = change.required {
            self.required = required;
        }
        if let Some(shortdesc) = &change.shortdesc {
            self.shortdesc.clone_from(shortdesc);
        }
        if let Some(letter) = change.letter {
            self.letter = Some(letter);
        }
    }
}

/// The words for true and false on standard input, whatever their case.
pub(super) fn truth(word: &str) -> Option<bool> {
    const TRUE: [&str; 4] = ["1", "yes", "on", "true"];
    const FALSE: [&str; 4] = ["0", "no", "off", "false"];
    if TRUE.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return Some(true);
    }
    FALSE
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
        .then_some(false)
}

/// What Python takes as white space at the ends of a text.
pub(super) fn blank(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// A whole number as Python reads one: blanks around it, a sign, single
/// underscores between the digits (`docs/reference/protocol.md#quirk-8.25`; other scripts' digits are not
/// taken). Numbers too large for the type are as good as its largest.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.trim_matches(blank);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    let mut after_digit = false;
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                value = value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
                after_digit = true;
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    after_digit.then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{AgentOption, blank, integer, truth};
    use crate::description::{Parameter, ValueKind};

    #[test]
    fn integers_are_those_of_python() {
        for (text, value) in [
            ("5", 5),
            (" 5 ", 5),
            ("+5", 5),
            ("-5", -5),
            ("1_0", 10),
            ("\u{a0}7\u{1f}", 7),
            ("00", 0),
        ] {
            assert_eq!(integer(text), Some(value), "{text:?}");
        }
        for text in ["", " ", "-", "1.0", "1__0", "_1", "1_", "0x1", "5s", "- 5", "x"] {
            assert_eq!(integer(text), None, "{text:?}");
        }
        assert_eq!(integer("99999999999999999999"), Some(i64::MAX));
    }

    #[test]
    fn truth_has_eight_words() {
        assert_eq!(truth("YES"), Some(true));
        assert_eq!(truth("oFF"), Some(false));
        for word in ["", "y", "t", "2", " 1"] {
            assert_eq!(truth(word), None);
        }
        assert!(blank('\u{1c}') && blank('\u{85}') && !blank('\0'));
    }

    #[test]
    fn own_options_follow_one_rule() {
        let mut parameter = Parameter {
            name: "pve_node_auto".to_owned(),
            letter: Some('A'),
            shortdesc: String::new(),
            kind: ValueKind::Boolean,
            default: None,
            required: false,
            secret: false,
            obsoletes: None,
            synonym_of: None,
            hidden: false,
        };
        assert_eq!(
            AgentOption::from_parameter(&parameter).left_column(),
            "-A, --pve-node-auto"
        );
        parameter.kind = ValueKind::Text;
        parameter.name = "status_file".to_owned();
        parameter.letter = None;
        assert_eq!(
            AgentOption::from_parameter(&parameter).left_column(),
            "--status-file=[file]"
        );
        parameter.name = "random_sleep_range".to_owned();
        assert_eq!(
            AgentOption::from_parameter(&parameter).left_column(),
            "--random_sleep_range=[seconds]"
        );
    }
}
