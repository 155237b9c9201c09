//! Options on the command line, as GNU `getopt_long` reads them
//! (`docs/reference/protocol.md#command-line`).
//!
//! Neither clap nor lexopt supports this grammar. clap does not accept unambiguous
//! prefixes of options that are built at run time, reads `-o=x` as `x`, has its
//! own text and order of errors, and either rejects values that begin with a
//! hyphen or accepts them for every option. lexopt leaves prefixes to the caller
//! but does not return the text before `=`, and also drops the `=` of `-o=x`.
//!
//! `POSIXLY_CORRECT` is ignored (`docs/reference/protocol.md#quirk-8.38`): with it, `foo -o status`
//! would be a reboot.

use std::borrow::Cow;
use std::ffi::OsString;

use super::error::UsageError;
use super::option::AgentOption;
use super::table::Table;
use super::unknown::{Source, after_secret_names, shown};
use super::values::{ParsedInput, RawValue, decoded};
use crate::log::Log;

/// Maximum number of positions of stray arguments in a warning.
const LISTED: usize = 8;

/// Parses the arguments after the program's name. Arguments that do not belong
/// to an option are ignored with a warning.
///
/// # Errors
///
/// For the first argument from the left that the agent's table does not allow.
pub(super) fn parse(table: &Table, args: &[OsString], log: &Log) -> Result<ParsedInput, UsageError> {
    let mut reader = Reader {
        table,
        log,
        arguments: args.len(),
        rest: args.iter(),
        given: ParsedInput::nothing(table),
    };
    let mut stray = Vec::new();
    while let Some(argument) = reader.rest.next() {
        let position = args.len() - reader.rest.len();
        let text = argument.to_string_lossy();
        let damaged = matches!(text, Cow::Owned(_));
        if text == "--" {
            stray.extend(position + 1..=args.len());
            break;
        } else if let Some(long) = text.strip_prefix("--") {
            reader.long(long, damaged)?;
        } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            reader.letters(letters, damaged)?;
        } else {
            stray.push(position);
        }
    }
    plug_has_meaning(table, &reader.given)?;
    warn_about(&stray, log);
    Ok(reader.given)
}

struct Reader<'a> {
    table: &'a Table,
    log: &'a Log,
    /// Number of all arguments.
    arguments: usize,
    rest: std::slice::Iter<'a, OsString>,
    given: ParsedInput,
}

impl Reader<'_> {
    /// Parses `name`, `name=value` or `name value`. The name can be shortened to
    /// an unambiguous prefix.
    fn long(&mut self, argument: &str, damaged: bool) -> Result<(), UsageError> {
        let (typed, value) = match argument.split_once('=') {
            Some((typed, value)) => (typed, Some(value)),
            None => (argument, None),
        };
        let index = self.resolve(typed)?;
        let option = &self.table.options()[index];
        match (option.is_flag(), value) {
            (true, None) => self.set_flag(index),
            (true, Some(_)) => {
                let message = format!(
                    "option --{} takes no value; remove the = and the text after it",
                    option.long
                );
                return Err(UsageError::option(&option.name, message));
            }
            (false, Some(value)) => self.set(index, value, damaged)?,
            (false, None) => self.set_from_next(index, &format!("--{}", option.long))?,
        }
        Ok(())
    }

    /// Parses `o`, `ostatus`, `o status` or `qvo status`. The value of `o=x` is `=x`.
    fn letters(&mut self, letters: &str, damaged: bool) -> Result<(), UsageError> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let of_letter = |option: &AgentOption| !option.documented_only && option.letter == Some(letter);
            let Some(index) = self.table.options().iter().position(of_letter) else {
                let letter = letter.escape_debug();
                return Err(UsageError::call(format!(
                    "unknown option -{letter}; -h lists the options of this agent"
                )));
            };
            if self.table.options()[index].is_flag() {
                self.set_flag(index);
            } else if rest.as_str().is_empty() {
                return self.set_from_next(index, &format!("-{letter}"));
            } else {
                return self.set(index, rest.as_str(), damaged);
            }
        }
        Ok(())
    }

    /// The option with this long name or unambiguous prefix. Hidden options need
    /// their full name: otherwise they would make prefixes of other options
    /// ambiguous.
    fn resolve(&self, typed: &str) -> Result<usize, UsageError> {
        let options = self.table.options();
        let fits = |&(_, option): &(usize, &AgentOption)| {
            !option.documented_only && option.long.starts_with(typed) && (!option.hidden || option.long == typed)
        };
        let fitting: Vec<_> = options.iter().enumerate().filter(fits).collect();
        if let Some((index, _)) = fitting.iter().find(|(_, option)| option.long == typed) {
            return Ok(*index);
        }
        match fitting.as_slice() {
            [] => {
                let name = shown(self.table, typed, Source::CommandLine);
                // A name that is cut for a secret may not be recognized, but its position is.
                let position = self.arguments - self.rest.len();
                Err(UsageError::call(format!(
                    "unknown option \"--{name}\" (argument {position}); -h lists the options of this agent"
                )))
            }
            [(index, _)] => Ok(*index),
            several => {
                let names: Vec<_> = several.iter().map(|(_, option)| format!("--{}", option.long)).collect();
                Err(UsageError::call(format!(
                    "option --{typed} is ambiguous ({}); write the full name",
                    names.join(" or ")
                )))
            }
        }
    }

    fn set_flag(&mut self, index: usize) {
        if self.table.options()[index].name == "verbose" {
            self.given.verbose = self.given.verbose.saturating_add(1);
        }
        self.given.slots[index] = RawValue::Plain("1".to_owned());
    }

    fn set(&mut self, index: usize, value: &str, damaged: bool) -> Result<(), UsageError> {
        let option = &self.table.options()[index];
        if !option.secret {
            let mut found = Vec::new();
            after_secret_names(self.table, value, &mut found);
            found.iter().for_each(|secret| self.log.hide(secret));
        }
        self.given.slots[index] = RawValue::holding(option, decoded(option, value, damaged)?);
        Ok(())
    }

    /// Takes the next argument as the value, even if it begins with a hyphen.
    fn set_from_next(&mut self, index: usize, typed: &str) -> Result<(), UsageError> {
        let Some(value) = self.rest.next() else {
            let option = &self.table.options()[index];
            let message = format!("option {typed} needs a value, and nothing follows it; add the value");
            return Err(UsageError::option(&option.name, message));
        };
        let value = value.to_string_lossy();
        let damaged = matches!(value, Cow::Owned(_));
        self.set(index, &value, damaged)
    }
}

/// Checks that a device without plugs has a plug only as its own address
/// (`docs/reference/protocol.md#plug-as-address`). The library does not check this on standard input.
fn plug_has_meaning(table: &Table, given: &ParsedInput) -> Result<(), UsageError> {
    let set = |name: &str| {
        let index = table.options().iter().position(|option| option.name == name);
        index.is_some_and(|index| given.slots[index].value().is_some())
    };
    if table.port_as_ip() && set("plug") && !set("port_as_ip") && !table.has_plugs() {
        let message = "option plug (-n, --plug) has no meaning for this device without --port-as-ip; \
                       add --port-as-ip, or give the address with --ip";
        return Err(UsageError::option("plug", message.to_owned()));
    }
    Ok(())
}

/// Logs the positions of stray arguments, but not their text, which can be a part
/// of an unquoted password.
fn warn_about(stray: &[usize], log: &Log) {
    if stray.is_empty() {
        return;
    }
    let listed: Vec<_> = stray.iter().take(LISTED).map(usize::to_string).collect();
    let more = if stray.len() > LISTED { ", …" } else { "" };
    log.warning(format_args!(
        "ignoring command-line arguments that belong to no option: argument {}{more}; begin options with a hyphen, and \
         put values with blanks in quotes",
        listed.join(", ")
    ));
}
