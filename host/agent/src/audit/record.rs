//! The content of a record (`docs/audit.md`).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{Ending, State};
use crate::device::{PowerStatus, RemotePeer};
use crate::exit::Exit;
use crate::log::Log;
use crate::run::VERSION;

/// Maximum length of a text, in characters. Callers and devices control texts.
const LENGTH: usize = 600;
/// Maximum length of the name of a plug, in characters.
const PLUG_LENGTH: usize = 100;
/// Maximum number of plugs, and of addresses.
const LISTED: usize = 24;

/// A record: a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    agent: String,
    fields: Map<String, Value>,
}

impl Record {
    pub(super) fn begin(state: &State, time: SystemTime) -> Self {
        Self::of(state, "begin", time)
    }

    pub(super) fn end(state: &State, ending: Ending, exit: Exit, time: SystemTime, total: Duration) -> Self {
        let mut record = Self::of(state, "end", time);
        let facts = &state.facts;
        let report = &facts.report;
        record.put("result", json!(ending.word()));
        record.put("exit", json!(exit.code()));
        record.put("answer", json!(facts.answer));
        record.put("errors", json!(facts.reasons));
        record.put("first_status", json!(report.first.map(PowerStatus::word)));
        record.put("last_status", json!(report.last.map(PowerStatus::word)));
        let contacts: Vec<Value> = report.contacts.iter().take(LISTED).map(contact).collect();
        record.put("contacts", json!(contacts));
        let left_out = report.contacts.len().saturating_sub(LISTED);
        record.put("further_contacts", json!((left_out > 0).then_some(left_out)));
        record.put(
            "milliseconds",
            json!({
                "total": milliseconds(total),
                "delay": milliseconds(facts.delay),
                "login": milliseconds(report.login),
                "device": milliseconds(report.device),
            }),
        );
        record
    }

    /// A record with these fields.
    #[cfg(test)]
    pub(super) fn of_fields(agent: &str, fields: Value) -> Self {
        Self {
            agent: agent.to_owned(),
            fields: fields.as_object().cloned().unwrap_or_default(),
        }
    }

    /// The fields of both records of an action.
    fn of(state: &State, event: &str, time: SystemTime) -> Self {
        let mut record = Self {
            agent: state.agent.clone(),
            fields: Map::new(),
        };
        let (caller, facts) = (&state.caller, &state.facts);
        record.put("event", json!(event));
        record.put("time", json!(utc(time)));
        record.put("agent", json!(state.agent));
        record.put("fencebox", json!(VERSION));
        let plugin = state.plugin.as_ref();
        record.put("plugin", json!(plugin.map(|(file, _)| file)));
        record.put("blake3", json!(plugin.map(|(_, hash)| hash)));
        record.put("action", json!(facts.action));
        let listed = &facts.plugs[..facts.plugs.len().min(LISTED)];
        // The plug of a device with a single plug has no name.
        let named = listed.iter().filter(|plug| !plug.is_empty());
        record.put("plugs", json!(named.collect::<Vec<_>>()));
        let left_out = facts.plugs.len() - listed.len();
        record.put("further_plugs", json!((left_out > 0).then_some(left_out)));
        let way = if caller.by_arguments { "argv" } else { "stdin" };
        record.put("asked_by", json!(way));
        record.put("pid", json!(caller.pid));
        record.put("parent_pid", json!(caller.parent));
        record.put("parent", json!(caller.parent_name()));
        record.put("uid", json!(caller.user));
        record.put("service", json!(caller.service));
        record
    }

    /// Adds a field, unless its value is empty.
    fn put(&mut self, name: &str, value: Value) {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            self.fields.insert(name.to_owned(), value);
        }
    }

    /// Masks and cuts every text separately, so that the record stays valid JSON.
    /// Masking can make a text longer, so it is cut again.
    pub(super) fn mask(&mut self, log: &Log) {
        for (name, value) in &mut self.fields {
            let longest = if name == "plugs" { PLUG_LENGTH } else { LENGTH };
            mask(value, longest, log);
        }
    }

    /// The name of the agent.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The whole record on one line.
    pub fn json(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }

    /// The value of one field.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// The texts of one field.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Object(contact) => contact["origin"].as_str().unwrap_or_default().to_owned(),
            other => other.to_string(),
        };
        match self.fields.get(name) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.iter().map(text).collect(),
            Some(value) => vec![text(value)],
        }
    }
}

fn mask(value: &mut Value, longest: usize, log: &Log) {
    match value {
        Value::String(text) => {
            let masked = log.excerpt(text, longest);
            *text = match masked.char_indices().nth(longest) {
                Some((end, _)) => format!("{} …", masked.get(..end).unwrap_or_default()),
                None => masked,
            };
        }
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, longest, log)),
        Value::Object(fields) => fields.values_mut().for_each(|value| mask(value, longest, log)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn contact(contact: &RemotePeer) -> Value {
    json!({
        "origin": contact.origin,
        "address": contact.address,
        "exchanges": contact.exchanges,
        "failures": contact.failures,
    })
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The time in UTC as in RFC 3339, with milliseconds.
fn utc(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
