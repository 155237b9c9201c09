//! The options of an agent: the table of options, the values from the caller,
//! and the checks of these values.
//!
//! The order in one run (`docs/reference/protocol.md#order-of-one-run`): [`Table::new`] when the plugin
//! is loaded; [`Options::read`]; if [`Options::document`] returns a document, print it and stop;
//! [`checks::check`]; [`Options::resolve`]; [`secret_sources::fetch`]; [`script::run`].

mod argv;
pub mod authority;
mod build;
pub mod catalog;
pub mod checks;
mod damage;
mod error;
mod option;
mod resolve;
pub mod script;
mod secret_file;
pub mod secret_sources;
mod single_line;
mod stdin;
mod table;
#[cfg(test)]
mod tests;
mod unknown;
mod validate;
mod values;

use std::ffi::OsString;
use std::io::Read;
use std::time::Duration;

pub use build::build;
pub use error::{DescriptionError, UsageError};
pub use option::AgentOption;
pub use stdin::StandardInput;
pub use table::Table;

use self::values::{ParsedInput, RawValue, Targets};
use crate::action::{Action, Document};
use crate::log::Log;

/// The options of one run, by canonical name.
#[derive(Debug, Clone)]
pub struct Options {
    table: Table,
    slots: Vec<RawValue>,
    verbose: u32,
    nodename: Option<String>,
    targets: Targets,
    /// The caller set no option at all.
    bare: bool,
}

impl Options {
    /// Reads the options and fills in defaults. The source is the command line
    /// if there is any argument, otherwise standard input, never both. `args`
    /// does not contain the program's name. Secrets are hidden in `log`;
    /// earlier messages do not contain values.
    ///
    /// # Errors
    ///
    /// If an option cannot be parsed. [`checks::check`] checks the values.
    pub fn read(table: &Table, args: &[OsString], stdin: &mut dyn Read, log: &Log) -> Result<Self, UsageError> {
        let given = if args.is_empty() {
            stdin::parse(table, stdin, log)?
        } else {
            argv::parse(table, args, log)?
        };
        let mut options = Self::of(table, given);
        resolve::complete(&mut options, log)?;
        Ok(options)
    }

    fn of(table: &Table, given: ParsedInput) -> Self {
        Self {
            table: table.clone(),
            bare: given.slots.iter().all(|slot| *slot == RawValue::Unset),
            slots: given.slots,
            verbose: given.verbose,
            nodename: given.nodename,
            targets: given.targets,
        }
    }

    /// The agent's options, with the default of `ipport` for this run.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The value of an option, or its default. A flag that is set has the value
    /// `1`. The value `0` of `ssl` means that TLS is explicitly disabled.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.slots[self.position(name)?].value()
    }

    /// Whether an option has a value. The value can be empty.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a flag is true. This differs from [`Self::is_set`] only for
    /// `ssl`.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0")
    }

    /// The value as a whole number; none if the option is not set or its value
    /// is not a number. [`checks::check`] rejects such values of number options.
    pub fn integer(&self, name: &str) -> Option<i64> {
        option::integer(self.get(name)?)
    }

    /// The value in seconds as a duration. Negative values become zero.
    pub fn seconds(&self, name: &str) -> Option<Duration> {
        let seconds = self.integer(name)?;
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// The plugs to act on, in order: the value of `plug`, split at
    /// `plug_separator` and not trimmed. If `plug` is not set, one plug without
    /// a name.
    ///
    /// # Errors
    ///
    /// If the separator is empty (`docs/reference/protocol.md#quirk-8.23`).
    pub fn plugs(&self) -> Result<Vec<&str>, UsageError> {
        let Some(plug) = self.get("plug") else {
            return Ok(vec![""]);
        };
        match self.get("plug_separator") {
            Some("") => Err(UsageError::option(
                "plug_separator",
                "option plug_separator (--plug-separator) is empty, so plugs cannot be separated; give a character, or \
                 omit the option"
                    .to_owned(),
            )),
            Some(separator) => Ok(plug.split(separator).collect()),
            None => Ok(vec![plug]),
        }
    }

    /// Every option that has a value, with secrets. The plugin gets these.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.table.options().iter().zip(&self.slots);
        named.filter_map(|(option, slot)| Some((option.name.as_str(), slot.value()?)))
    }

    /// The name and value of each secret.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.table.options().iter().zip(&self.slots);
        named.filter_map(|(option, slot)| match slot {
            RawValue::Secret(secret) => Some((option.name.as_str(), secret.expose())),
            _ => None,
        })
    }

    /// The secrets that have no value yet, but get one from a program or another source before the action.
    pub fn pending(&self) -> Vec<&str> {
        let has_source = |name: &str| secret_sources::given(self, name) || script::given(self, name);
        let named = self.table.options().iter().zip(&self.slots);
        let open = named.filter(|(option, slot)| slot.value().is_none() && has_source(&option.name));
        open.map(|(option, _)| option.name.as_str()).collect()
    }

    /// Whether the caller set no option at all, which means the default action
    /// (`docs/reference/protocol.md#quirk-8.2`).
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// The log level: 0 logs warnings and errors only (`docs/reference/protocol.md#verbosity`).
    pub fn verbose_level(&self) -> u32 {
        self.verbose
    }

    /// The document to print instead of an action. Help comes before metadata
    /// and manual page, and these come before the version.
    pub fn document(&self) -> Option<Document> {
        if self.is_set("help") {
            return Some(Document::Help);
        }
        let action = Action::parse(self.get("action").unwrap_or_default());
        action
            .and_then(Action::document)
            .or_else(|| self.is_set("version").then_some(Document::Version))
    }

    /// Applies rules that depend on several options: the TLS options
    /// (`docs/reference/protocol.md#tls-options`), and `disable_timeout`, which is also set if `service`, the
    /// environment's `PCMK_service`, is Pacemaker's fencer (`docs/reference/protocol.md#timeouts-and-counts`).
    pub fn resolve(&mut self, service: Option<&str>) {
        resolve::tls(self);
        resolve::timeouts(self, service);
    }

    /// Replaces the action of the caller.
    pub(crate) fn set_action(&mut self, action: Action) {
        self.set("action", action.word().to_owned());
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.table.options().iter().position(|option| option.name == name)
    }

    /// Does nothing if the agent does not have this option.
    fn set(&mut self, name: &str, value: String) {
        if let Some(index) = self.position(name) {
            self.slots[index] = RawValue::holding(&self.table.options()[index], value);
        }
    }

    fn unset(&mut self, name: &str) {
        if let Some(index) = self.position(name) {
            self.slots[index] = RawValue::Unset;
        }
    }
}
