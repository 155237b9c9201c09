//! The options of an agent: what there is, what the caller gave, and whether
//! that will do.
//!
//! In the order of one run (`docs/reference/protocol.md#order-of-one-run`): [`Table::new`] at load;
//! [`Options::read`]; where [`Options::document`] says so, print and stop;
//! [`checks::check`]; [`Options::settle`]; [`secret_sources::fetch`]; [`script::run`].

mod argv;
pub mod authority;
pub mod catalogue;
pub mod checks;
mod error;
mod option;
mod resolve;
pub mod script;
pub mod secret_sources;
mod stdin;
mod table;
#[cfg(test)]
mod tests;
mod validate;
mod values;

use std::ffi::OsString;
use std::io::Read;
use std::time::Duration;

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
    /// The caller gave no option at all.
    bare: bool,
}

impl Options {
    /// Reads what the caller gave, and fills in defaults: from the command line
    /// if there is any argument, from standard input otherwise, never from
    /// both. `args` does not contain the program's name. Secrets are hidden in
    /// `log`; what is said before that repeats no values.
    ///
    /// # Errors
    ///
    /// When the options cannot be understood. Whether they make sense is for
    /// [`checks::check`] to say.
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

    /// The agent's options; the default of `ipport` is that of this run.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The value of an option, if it has one, its default included. A flag that
    /// is set has the value `1`; `ssl` may also have `0`, which says expressly
    /// that the connection is without TLS.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.slots[self.position(name)?].value()
    }

    /// Whether an option has a value, be it empty.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a flag is set to true. Differs from [`Self::is_set`] for `ssl`
    /// only.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0")
    }

    /// The value as a whole number; none if it is not set, or is no number,
    /// which [`checks::check`] refuses for options of that type.
    pub fn integer(&self, name: &str) -> Option<i64> {
        option::integer(self.get(name)?)
    }

    /// The value as a time. Times below nothing are none at all.
    pub fn seconds(&self, name: &str) -> Option<Duration> {
        let seconds = self.integer(name)?;
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// The plugs to act on, in order: `plug`, taken apart at `plug_separator`,
    /// with nothing trimmed; one plug without a name if it is not set.
    ///
    /// # Errors
    ///
    /// When the separator is empty (`docs/reference/protocol.md#quirk-8.23`).
    pub fn plugs(&self) -> Result<Vec<&str>, UsageError> {
        let Some(plug) = self.get("plug") else {
            return Ok(vec![""]);
        };
        match self.get("plug_separator") {
            Some("") => Err(UsageError::option(
                "plug_separator",
                "option plug_separator (--plug-separator) is empty, and plugs cannot be told apart; leave it out or \
                 give a character"
                    .to_owned(),
            )),
            Some(separator) => Ok(plug.split(separator).collect()),
            None => Ok(vec![plug]),
        }
    }

    /// Every option that has a value, secrets included: what a plugin gets.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.table.options().iter().zip(&self.slots);
        named.filter_map(|(option, slot)| Some((option.name.as_str(), slot.value()?)))
    }

    /// The values that must never be shown, by name.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.table.options().iter().zip(&self.slots);
        named.filter_map(|(option, slot)| match slot {
            RawValue::Secret(secret) => Some((option.name.as_str(), secret.expose())),
            _ => None,
        })
    }

    /// Whether the caller gave no option at all, which means the default
    /// action (`docs/reference/protocol.md#quirk-8.2`).
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// How much to log: 0 is warnings and errors only (`docs/reference/protocol.md#verbosity`).
    pub fn verbose_level(&self) -> u32 {
        self.verbose
    }

    /// What to print in place of doing anything: help before metadata and
    /// manual page, and those before the version.
    pub fn document(&self) -> Option<Document> {
        if self.is_set("help") {
            return Some(Document::Help);
        }
        let action = Action::parse(self.get("action").unwrap_or_default());
        action
            .and_then(Action::document)
            .or_else(|| self.is_set("version").then_some(Document::Version))
    }

    /// What the checks passed makes effective: TLS as `docs/reference/protocol.md#tls-options` says, and no
    /// timeouts if `disable_timeout` says so or `service`, the environment's
    /// `PCMK_service`, is Pacemaker's fencer (`docs/reference/protocol.md#timeouts-and-counts`).
    pub fn resolve(&mut self, service: Option<&str>) {
        resolve::tls(self);
        resolve::timeouts(self, service);
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.table.options().iter().position(|option| option.name == name)
    }

    /// Nothing happens if the agent has no such option.
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
