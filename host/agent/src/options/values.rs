//! What the caller said, before defaults and checks.

use super::error::UsageError;
use super::option::AgentOption;
use super::table::Table;
use crate::secret::Secret;

/// Longest piece of a caller's text that a message repeats.
const SHOWN: usize = 64;

/// What is known about one option's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawValue {
    /// Nobody mentioned it.
    Unset,
    /// A flag that was expressly not set, so that no default sets it.
    Off,
    /// Its value; that of a flag is `1`.
    Plain(String),
    /// Its value, not to be shown.
    Secret(Secret),
}

impl RawValue {
    pub(super) fn value(&self) -> Option<&str> {
        match self {
            Self::Unset | Self::Off => None,
            Self::Plain(value) => Some(value),
            Self::Secret(secret) => Some(secret.expose()),
        }
    }

    /// A value in the shape that this option keeps it in.
    pub(super) fn holding(option: &AgentOption, value: String) -> Self {
        if option.secret {
            Self::Secret(Secret::new(value))
        } else {
            Self::Plain(value)
        }
    }
}

/// One slot for each option of the table, in its order.
#[derive(Debug)]
pub(super) struct ParsedInput {
    pub(super) slots: Vec<RawValue>,
    /// How often the flag `verbose` was given.
    pub(super) verbose: u32,
    /// The line `nodename` of standard input, which Pacemaker sends to agents
    /// whether they want it or not.
    pub(super) nodename: Option<String>,
    /// What standard input said of the plug by each of its names.
    pub(super) targets: Targets,
}

/// The plug by the name that Pacemaker has for it up to 3.0.0, and by that
/// which it has since.
#[derive(Debug, Clone, Default)]
pub(super) struct Targets {
    pub(super) port: Option<String>,
    pub(super) plug: Option<String>,
}

impl ParsedInput {
    pub(super) fn nothing(table: &Table) -> Self {
        Self {
            slots: vec![RawValue::Unset; table.options().len()],
            verbose: 0,
            nodename: None,
            targets: Targets::default(),
        }
    }
}

/// A piece of the caller's text for a message: not too long, in quotes.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The value of an option, unless bytes were lost on the way to it.
pub(super) fn decoded(option: &AgentOption, text: &str, damaged: bool) -> Result<String, UsageError> {
    if damaged && text.contains(char::REPLACEMENT_CHARACTER) {
        let message = format!("the value of {} is not UTF-8; encode it so", option.display_name());
        return Err(UsageError::option(&option.name, message));
    }
    Ok(text.to_owned())
}
