//! Options on standard input, one `name=value` per line (`docs/reference/protocol.md#standard-input`).

use std::borrow::Cow;
use std::io::{self, Read};

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, makedev};
use zeroize::Zeroizing;

use super::catalog::OnFalse;
use super::error::UsageError;
use super::option::{blank, truth};
use super::table::Table;
use super::unknown::{Source, after_secret_names, shown};
use super::values::{ParsedInput, RawValue, decoded};
use super::{damage, option::AgentOption};
use crate::log::Log;

/// Maximum size of the input, in bytes. Pacemaker sends some hundred bytes.
const LIMIT: usize = 1 << 20;
/// Size of the first buffer, in bytes.
const BUFFER: usize = 4 << 10;
/// Number of ignored lines that are logged one by one.
const TOLD: usize = 20;

/// Reads standard input to the end. Unknown names and flags without a boolean
/// word are ignored with a warning, as in the library.
///
/// # Errors
///
/// If the input cannot be read, is larger than 1 MiB, or is damaged: if the value
/// of a known option is not UTF-8, if other characters are in the name of one, or
/// if there is no action and an ignored line may have been one.
pub(super) fn parse(table: &Table, input: &mut dyn Read, log: &Log) -> Result<ParsedInput, UsageError> {
    let text = read(input)?;
    let mut reader = Reader {
        table,
        given: ParsedInput::nothing(table),
        log,
        ignored: 0,
        doubtful: None,
    };
    for (index, line) in damage::without_mark(&text)?.split(|&byte| byte == b'\n').enumerate() {
        reader.line(index + 1, line)?;
    }
    if reader.ignored > TOLD {
        log.warning(format_args!(
            "ignored {} more lines of standard input; send options of this agent only",
            reader.ignored - TOLD
        ));
    }
    match reader.doubtful {
        Some(line) if !reader.has_action() => Err(damage::lost_action(table, line)),
        _ => Ok(reader.given),
    }
}

fn read(input: &mut dyn Read) -> Result<Zeroizing<Vec<u8>>, UsageError> {
    let mut text = Zeroizing::new(Vec::with_capacity(BUFFER));
    loop {
        let room = text.capacity() - text.len();
        let read = input.take(room as u64).read_to_end(&mut text).map_err(|error| {
            UsageError::call(format!(
                "options cannot be read from standard input: {error}; send name=value lines, or give arguments"
            ))
        })?;
        if text.len() > LIMIT {
            return Err(UsageError::call(format!(
                "standard input is larger than {LIMIT} bytes; send name=value lines only"
            )));
        }
        if read < room {
            break;
        }
        // A vector that grows by itself would leave a copy of the passwords in memory.
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * text.capacity()));
        larger.extend_from_slice(&text);
        text = larger;
    }
    Ok(text)
}

struct Reader<'a> {
    table: &'a Table,
    given: ParsedInput,
    log: &'a Log,
    ignored: usize,
    /// The first line that may contain a damaged action.
    doubtful: Option<usize>,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), UsageError> {
        let text = String::from_utf8_lossy(line);
        let damaged = matches!(text, Cow::Owned(_));
        let text = text.trim_matches(blank);
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let value = unquoted(value);
        // Pacemaker and old fenced send these to every agent (`docs/reference/protocol.md#quirk-8.16`).
        match name {
            "agent" => return Ok(()),
            "nodename" => self.given.nodename = Some(value.to_owned()),
            _ => {}
        }
        let Some(index) = self.table.position_of(name) else {
            return self.unknown(number, text, name, value);
        };
        if damage::contains_action(value) {
            self.doubtful.get_or_insert(number);
        }
        let option = &self.table.options()[index];
        if !option.secret {
            self.hide_secrets_in(value);
        }
        if option.is_flag() {
            self.flag(index, value);
        } else {
            let value = decoded(option, value, damaged)?;
            match name {
                "port" => self.given.targets.port = Some(value.clone()),
                "plug" => self.given.targets.plug = Some(value.clone()),
                _ => {}
            }
            self.given.slots[index] = RawValue::holding(option, value);
        }
        Ok(())
    }

    /// Ignores a line, unless it is the damaged line of a known option. No message has the value, and none has a line
    /// without `=`: they can be secrets (`docs/reference/protocol.md#quirk-8.17`).
    fn unknown(&mut self, number: usize, text: &str, name: &str, value: &str) -> Result<(), UsageError> {
        if name == "nodename" {
            return Ok(());
        }
        let has_value = text.contains('=');
        self.hide_secrets_in(text);
        if has_value {
            damage::check_name(self.table, number, name)?;
        }
        if damage::may_be_action(name, has_value) {
            self.doubtful.get_or_insert(number);
        }
        // The last line of a secret in Base64 that was broken into lines also ends with `=`.
        let is_encoded = matches!(value, "" | "=") && name.contains(|letter: char| letter.is_ascii_uppercase());
        self.ignore(&match (has_value, is_encoded) {
            (true, false) => {
                let name = shown(self.table, name, Source::StandardInput);
                format!("line {number}: unknown option {name:?}; correct or remove it")
            }
            (true, true) => format!("line {number}: unknown option; correct or remove it"),
            (false, _) => format!("line {number}: it has no = and is not an option; write name=value"),
        });
        Ok(())
    }

    /// Hides what follows the name of a secret: the line end between two options may be missing.
    fn hide_secrets_in(&self, text: &str) {
        let mut found = Vec::new();
        after_secret_names(self.table, text, &mut found);
        found.iter().for_each(|secret| self.log.hide(secret));
    }

    /// Whether the action is set, under one of its names.
    fn has_action(&self) -> bool {
        let is_action =
            |option: &AgentOption| option.name == "action" || option.synonym_of.as_deref() == Some("action");
        let mut named = self.table.options().iter().zip(&self.given.slots);
        named.any(|(option, slot)| is_action(option) && slot.value().is_some())
    }

    fn flag(&mut self, index: usize, value: &str) {
        let option = &self.table.options()[index];
        let name = &option.name;
        let Some(truth) = truth(value) else {
            self.ignore(&format!(
                "option {name}: its value is not boolean; write {name}=1 or {name}=0"
            ));
            return;
        };
        if name == "verbose" {
            self.given.verbose = u32::from(truth);
        }
        self.given.slots[index] = match (truth, option.on_false) {
            (true, _) | (false, OnFalse::Set) => RawValue::Plain("1".to_owned()),
            (false, OnFalse::Zero) => RawValue::Plain("0".to_owned()),
            (false, OnFalse::Unset) => {
                if !option.device_specific {
                    self.log.warning(format_args!(
                        "option {name} is false and therefore not set; the Python agents would take it as set"
                    ));
                }
                RawValue::Off
            }
        };
    }

    fn ignore(&mut self, what: &str) {
        self.ignored += 1;
        if self.ignored <= TOLD {
            self.log.warning(format_args!("ignoring standard input, {what}"));
        }
    }
}

/// Removes one pair of double quotes around the value.
fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

/// The process's standard input, or an error if the caller closed it.
///
/// Before `main`, Rust replaces a closed standard input by `/dev/null`, opened
/// for reading and writing. An empty standard input means reboot, so this case
/// has to be an error. A caller that opens `/dev/null` in the same way also gets
/// the error; it sends no options either.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardInput;

impl Read for StandardInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if was_closed() {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "it is closed"));
        }
        io::stdin().lock().read(buffer)
    }
}

fn was_closed() -> bool {
    // The device number of `/dev/null` on Linux.
    let null = makedev(1, 3);
    let input = io::stdin();
    let is_null = fstat(&input).is_ok_and(|about| {
        FileType::from_raw_mode(about.st_mode) == FileType::CharacterDevice && about.st_rdev == null
    });
    let access = fcntl_getfl(&input).map(|flags| flags & OFlags::ACCMODE);
    is_null && access == Ok(OFlags::RDWR)
}
