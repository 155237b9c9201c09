//! An option of an agent.

use super::catalog::{self, Entry, OnFalse};
use crate::description::{Override, Parameter, ValueKind};

/// An option of an agent, from the catalog or from the plugin's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOption {
    /// Canonical name.
    pub name: String,
    /// An older name, which is accepted on standard input and deprecated in
    /// metadata.
    pub older: Option<String>,
    /// The letter on the command line.
    pub letter: Option<char>,
    /// The name on the command line, without the two hyphens.
    pub long: String,
    /// The placeholder of the value in help; empty if help shows none.
    pub placeholder: String,
    /// The type of the value.
    pub kind: ValueKind,
    /// The value if the caller does not set the option.
    pub default: Option<String>,
    /// Whether metadata declares the option as required.
    pub required: bool,
    /// The position in documents: lower is earlier.
    pub order: u16,
    /// The description in one line.
    pub shortdesc: String,
    /// Whether the value is secret and never printed.
    pub secret: bool,
    /// What `no` on standard input means for a flag.
    pub on_false: OnFalse,
    /// Whether the option is a parameter of the plugin.
    pub device_specific: bool,
    /// The option that this one is another name of.
    pub synonym_of: Option<String>,
    /// Whether the option is accepted only under its full name and is in no
    /// document.
    pub hidden: bool,
    /// Whether metadata marks the option as deprecated under each of its names.
    pub deprecated: bool,
    /// The secret option that gets its value from this source.
    pub source_of: Option<String>,
    /// Whether the option was added after the parser's table was made. It is in
    /// documents and defaults, but callers cannot set it
    /// (`docs/reference/protocol.md#quirk-8.13`).
    pub documented_only: bool,
}

impl AgentOption {
    /// Whether the option takes no value on the command line.
    pub fn is_flag(&self) -> bool {
        self.kind == ValueKind::Boolean
    }

    /// The command-line form in metadata and help: `-n, --plug=[id]`.
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

    /// Whether the value has to be one line without control characters. No device accepts another value, and in a header
    /// field or a URL it would fail later, with an error that does not name the option.
    pub(super) fn is_single_line(&self) -> bool {
        self.secret || self.device_specific || ["ip", "username"].contains(&self.name.as_str())
    }

    /// The name in messages: `username (-l, --username)`.
    pub(super) fn display_name(&self) -> String {
        let letter = self.letter.map(|letter| format!("-{letter}, ")).unwrap_or_default();
        format!("{} ({letter}--{})", self.name, self.long)
    }

    /// The default; none for a flag whose default is false.
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
            deprecated: false,
            source_of: None,
            documented_only: false,
        }
    }

    pub(super) fn from_parameter(parameter: &Parameter) -> Self {
        let name = &parameter.name;
        let spelling = catalog::SPELLINGS.iter().find(|(known, ..)| known == name);
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
            // Documents list parameters together with the common options.
            order: 1,
            shortdesc: parameter.shortdesc.clone(),
            secret: parameter.secret,
            // A plugin gets a set flag or no value, so `no` must not mean "set".
            on_false: OnFalse::Unset,
            device_specific: true,
            synonym_of: parameter.synonym_of.clone(),
            hidden: parameter.hidden,
            deprecated: parameter.deprecated,
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

/// Parses a boolean word of standard input. Letter case does not matter.
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

/// Whether Python strips this character from the ends of a text.
pub(super) fn blank(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// Parses a whole number as Python does: with blanks around it, a sign, and single
/// underscores between the digits (`docs/reference/protocol.md#quirk-8.25`). Only ASCII digits are
/// accepted. Numbers that are too large become the largest value of the type.
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
    fn parameters_follow_one_rule_for_long_names() {
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
            deprecated: false,
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
