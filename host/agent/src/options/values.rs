//! Values from the caller, before defaults and checks.

use super::error::UsageError;
use super::option::AgentOption;
use super::table::Table;
use crate::secret::Secret;

/// Maximum length of a caller's text in a message, in characters.
const SHOWN: usize = 64;

/// The value of one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawValue {
    /// The caller did not mention the option.
    Unset,
    /// A flag that is explicitly not set, so that no default sets it.
    Off,
    /// A value that can be shown. The value of a flag is `1`.
    Plain(String),
    /// A secret value.
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

    /// Wraps a value: as a secret if the option is secret.
    pub(super) fn holding(option: &AgentOption, value: String) -> Self {
        if option.secret {
            Self::Secret(Secret::new(value))
        } else {
            Self::Plain(value)
        }
    }
}

/// The parsed options: one slot for each option of the table, in the same order.
#[derive(Debug)]
pub(super) struct ParsedInput {
    pub(super) slots: Vec<RawValue>,
    /// How often the flag `verbose` was set.
    pub(super) verbose: u32,
    /// The line `nodename` of standard input, which Pacemaker sends to every
    /// agent.
    pub(super) nodename: Option<String>,
    /// The plug on standard input, under each of its two names.
    pub(super) targets: Targets,
}

/// The plug under the name that Pacemaker uses up to 3.0.0 (`port`), and under
/// the name that it uses since then (`plug`).
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

/// The caller's text in quotes for a message, shortened.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The value of an option.
///
/// # Errors
///
/// If the value was not UTF-8.
pub(super) fn decoded(option: &AgentOption, text: &str, damaged: bool) -> Result<String, UsageError> {
    if damaged && text.contains(char::REPLACEMENT_CHARACTER) {
        let message = format!(
            "the value of {} is not UTF-8; encode it in UTF-8",
            option.display_name()
        );
        return Err(UsageError::option(&option.name, message));
    }
    Ok(text.to_owned())
}
