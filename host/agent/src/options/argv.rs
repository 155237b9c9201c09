//! Options on the command line, as GNU `getopt_long` reads them
//! (`docs/reference/protocol.md#command-line`).
//!
//! Neither clap nor lexopt can say this. clap has no unambiguous prefixes for
//! options that are known at run time only, takes `-o=x` as `x`, has errors of
//! its own wording and order, and refuses what begins with a hyphen as a value
//! or takes it for every option. lexopt leaves prefixes to the caller but gives
//! no access to what was typed before `=`, and also drops the `=` of `-o=x`.
//! The whole grammar is below in a hundred lines.
//!
//! `POSIXLY_CORRECT` is not looked at (`docs/reference/protocol.md#quirk-8.38`): with it, `foo -o status`
//! would be a reboot.

use std::borrow::Cow;
use std::ffi::OsString;

use super::error::UsageError;
use super::option::AgentOption;
use super::table::Table;
use super::values::{ParsedInput, RawValue, decoded, quoted};
use crate::log::Log;

/// How many positions of stray arguments a warning lists.
const LISTED: usize = 8;

/// Reads the arguments that follow the program's name. What belongs to no
/// option is warned about and ignored.
///
/// # Errors
///
/// The first argument from the left that the agent's table does not allow.
pub(super) fn parse(table: &Table, args: &[OsString], log: &Log) -> Result<ParsedInput, UsageError> {
    let mut reader = Reader {
        table,
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
    rest: std::slice::Iter<'a, OsString>,
    given: ParsedInput,
}

impl Reader<'_> {
    /// `name`, `name=value` or `name value`; any prefix that fits one name.
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
                let message = format!("option --{} takes no value; leave out all from the = on", option.long);
                return Err(UsageError::option(&option.name, message));
            }
            (false, Some(value)) => self.set(index, value, damaged)?,
            (false, None) => self.set_from_next(index, &format!("--{}", option.long))?,
        }
        Ok(())
    }

    /// `o`, `ostatus`, `o status`, `qvo status`; `o=x` gives `=x`.
    fn letters(&mut self, letters: &str, damaged: bool) -> Result<(), UsageError> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let of_letter = |option: &AgentOption| !option.documented_only && option.letter == Some(letter);
            let Some(index) = self.table.options().iter().position(of_letter) else {
                let letter = letter.escape_debug();
                return Err(UsageError::call(format!(
                    "there is no option -{letter}; -h lists the options of this agent"
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

    /// The option of this long name or unambiguous beginning of one. Hidden
    /// options are nobody's beginning: what they are beside of would else
    /// change its meaning.
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
                let typed = quoted(&format!("--{typed}"));
                let message = format!("there is no option {typed}; -h lists the options of this agent");
                Err(UsageError::call(message))
            }
            [(index, _)] => Ok(*index),
            several => {
                let names: Vec<_> = several.iter().map(|(_, option)| format!("--{}", option.long)).collect();
                Err(UsageError::call(format!(
                    "option --{typed} could be {}; write more of it",
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
        self.given.slots[index] = RawValue::holding(option, decoded(option, value, damaged)?);
        Ok(())
    }

    /// The next argument is the value, whatever it begins with.
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

/// A device without plugs takes one only as its own address (`docs/reference/protocol.md#plug-as-address`). On standard
/// input the library lets it pass.
fn plug_has_meaning(table: &Table, given: &ParsedInput) -> Result<(), UsageError> {
    let set = |name: &str| {
        let index = table.options().iter().position(|option| option.name == name);
        index.is_some_and(|index| given.slots[index].value().is_some())
    };
    if table.port_as_ip() && set("plug") && !set("port_as_ip") && !table.has_plugs() {
        let message = "option plug (-n, --plug) means nothing to this device without --port-as-ip; \
                       add that, or give the address with --ip";
        return Err(UsageError::option("plug", message.to_owned()));
    }
    Ok(())
}

/// Tells where they are, but not what they say: half of an unquoted password
/// would be among them.
fn warn_about(stray: &[usize], log: &Log) {
    if stray.is_empty() {
        return;
    }
    let listed: Vec<_> = stray.iter().take(LISTED).map(usize::to_string).collect();
    let more = if stray.len() > LISTED { ", …" } else { "" };
    log.warning(format_args!(
        "ignoring what belongs to no option on the command line: argument {}{more}; begin options with a hyphen, and \
         put values with blanks in quotes",
        listed.join(", ")
    ));
}
