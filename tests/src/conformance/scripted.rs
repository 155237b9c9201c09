//! A device that follows a recorded script and records its calls.

use std::collections::BTreeMap;

use fencebox::agent::device::{Device, Error, Plug, PowerStatus, PowerTarget, Rejection};
use fencebox::agent::limits::Limits;
use fencebox::agent::options::Options;
use serde_json::Value;

use super::case::{Row, Script};
use super::dump;

/// The device of one case.
///
/// The Python library has two kinds of devices. An asynchronous device gets a request and is then polled, as in our
/// plugin interface. A synchronous device answers that it is done and is not read again; our agent reads it once more,
/// because success needs the status of the device. The script has no counterpart of this read: the device answers it
/// with its answer to the request, and the read is not recorded.
#[derive(Debug, Default)]
pub(super) struct Scripted {
    script: Script,
    /// The present action of the device, which `calls` contains.
    action: String,
    /// The number of answers that each list of the script has given.
    given: BTreeMap<String, usize>,
    /// The requests that a synchronous device has reported as done.
    done: BTreeMap<String, PowerTarget>,
    /// Its calls, in the words of the recordings.
    pub(super) calls: Vec<String>,
    /// The power statuses that it reported, in order.
    pub(super) statuses: Vec<PowerStatus>,
    /// The options, if the script ends by printing them.
    pub(super) dump: Option<String>,
    /// The numbers of logins and logouts.
    pub(super) sessions: (u32, u32),
}

impl Scripted {
    /// A device without any call so far.
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            ..Self::default()
        }
    }

    fn record(&mut self, call: &str, plug: &str) {
        let uuid = uuid(plug).map(|uuid| format!(" uuid={uuid}")).unwrap_or_default();
        self.calls
            .push(format!("{call} plug={plug} action={}{uuid}", self.action));
    }

    /// The next answer of a list, or of the list of this plug; the last one repeats.
    fn answer(&mut self, call: &str, plug: &str) -> Result<Value, Error> {
        let script = match call {
            "get" => &self.script.get,
            "set" => &self.script.set,
            "sync" => &self.script.sync,
            "cycle" => &self.script.cycle,
            _ => &self.script.outlets_seq,
        };
        let (key, answers) = match script {
            Some(Value::Object(plugs)) => (format!("{call} {plug}"), plugs.get(plug)),
            script => (call.to_owned(), script.as_ref()),
        };
        let Some(Value::Array(answers)) = answers else {
            return Ok(Value::Null);
        };
        let index = self.given.entry(key).or_default();
        let answer = answers
            .get((*index).min(answers.len().saturating_sub(1)))
            .cloned()
            .unwrap_or_default();
        *index += 1;
        refused(&answer).map_or(Ok(answer), Err)
    }

    fn list(&mut self) -> Result<Vec<Plug>, Error> {
        self.calls.push("list action=list".to_owned());
        if self.script.outlets_seq.is_some() {
            self.answer("list", "")?;
        }
        let outlets = self.script.outlets.as_ref().and_then(|outlets| outlets.0.clone());
        if self.script.outlets_int_keys {
            // The plugin interface has no such id; a plugin could not return it.
            return Err(Error::Plugin("an id that is not text".to_owned()));
        }
        let rows = outlets.ok_or_else(|| Error::Plugin("no list".to_owned()))?;
        let plug = |(id, alias, status): Row| Plug {
            id,
            alias,
            status: status.map(|status| power(&status.to_lowercase())),
        };
        Ok(rows.into_iter().map(plug).collect())
    }
}

/// The error for an answer that is a failure. The library's own failures, whatever their number, and exceptions end an
/// agent at once: neither is a temporary error.
fn refused(answer: &Value) -> Option<Error> {
    let text = answer.as_str()?;
    if let Some(text) = text.strip_prefix("raise:") {
        return Some(Error::Plugin(format!("exception {text}")));
    }
    if let Some(text) = text.strip_prefix("fail_usage:") {
        return Some(Error::Plugin(format!("it gave up: {text}")));
    }
    Some(match text.strip_prefix("fail:")? {
        "3" => Error::LoginDenied("scripted".to_owned()),
        "11" => Error::NotPermitted("scripted".to_owned()),
        "12" => Error::PlugNotFound("scripted".to_owned()),
        number => Error::Plugin(format!("it gave up with number {number}")),
    })
}

fn power(word: &str) -> PowerStatus {
    match word {
        "on" => PowerStatus::On,
        "off" => PowerStatus::Off,
        _ => PowerStatus::Unknown,
    }
}

fn truth(answer: &Value) -> bool {
    match answer {
        Value::Null => false,
        Value::Bool(answer) => *answer,
        Value::Number(answer) => answer.as_f64() != Some(0.0),
        Value::String(answer) => !answer.is_empty(),
        Value::Array(answer) => !answer.is_empty(),
        Value::Object(answer) => !answer.is_empty(),
    }
}

/// The usual form of a plug that is a UUID in one of the forms that the library accepts.
fn uuid(plug: &str) -> Option<String> {
    let bare = plug.replace("urn:", "").replace("uuid:", "");
    let digits = bare.trim_matches(['{', '}']).replace('-', "").to_lowercase();
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let (a, b, c, d, e) = (
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    );
    Some(format!("{a}-{b}-{c}-{d}-{e}"))
}

impl Device for Scripted {
    fn locate(&mut self, _: &Options) -> Result<(), Rejection> {
        Ok(())
    }

    fn open(&mut self, options: &Options, _: Limits) -> Result<(), Error> {
        self.action = options.get("action").unwrap_or_default().to_owned();
        if self.script.dump.is_some() {
            self.dump = Some(dump::of(options));
            return Err(Error::Plugin("the script ends here".to_owned()));
        }
        self.sessions.0 += 1;
        Ok(())
    }

    /// The action of a Python agent for `monitor` if its device has plugs.
    fn probe(&mut self) -> Result<(), Error> {
        if self.script.declares("port") && self.script.lists() {
            self.list()?;
        }
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error> {
        let status = match self.done.get(plug) {
            Some(PowerTarget::On) => PowerStatus::On,
            Some(PowerTarget::Off) => PowerStatus::Off,
            None if self.script.get.is_none() => return Err(Error::Plugin("it has no power status".to_owned())),
            None => {
                self.record("get", plug);
                let answer = self.answer("get", plug)?;
                power(answer.as_str().unwrap_or_default())
            }
        };
        self.statuses.push(status);
        Ok(status)
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error> {
        self.action = target.word().to_owned();
        if self.script.set.is_some() {
            self.record("set", plug);
            // The library does not use the answer.
            return self.answer("set", plug).map(drop);
        }
        if self.script.sync.is_none() {
            return Err(Error::Unsupported);
        }
        self.record("sync", plug);
        if !truth(&self.answer("sync", plug)?) {
            return Err(Error::TaskFailed("the device reports it".to_owned()));
        }
        self.done.insert(plug.to_owned(), target);
        Ok(())
    }

    fn cycle(&mut self, plug: &str) -> Result<(), Error> {
        self.record("cycle", plug);
        if truth(&self.answer("cycle", plug)?) {
            Ok(())
        } else {
            Err(Error::TaskFailed("the device reports it".to_owned()))
        }
    }

    /// The same as the additional read of a synchronous device.
    fn cycle_complete(&mut self, _: &str) -> Result<bool, Error> {
        Ok(true)
    }

    fn plugs(&mut self, _: bool) -> Result<Vec<Plug>, Error> {
        self.action = "list".to_owned();
        self.list()
    }

    /// The library does nothing here; each agent implements it in its own way.
    fn diagnose(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        self.sessions.1 += 1;
        Ok(())
    }
}
