//! Recordings of `fencebox run --trace` as scripts.

use std::path::Path;

use serde_json::Value as Json;

use super::script::Script;
use super::{RunningScript, Session, open_as};
use crate::http::Failure;
use crate::xmlrpc::Value;
use crate::{Device, Result, encoding};

/// Opens a session with the options of a recording, and a device that answers
/// as recorded. The test makes the calls that the host made: each answer is
/// given once, in the recorded order.
///
/// A recording has no secrets: their options have the value `********`. The
/// time and the random numbers are those of the test, so a request that is
/// signed is compared only by its method and path.
///
/// ```no_run
/// # use fencebox_sdk::prelude::*;
/// # use fencebox_sdk::testing;
/// # struct Relays;
/// # impl Device for Relays {
/// #     fn describe(_: &str) -> Agent { Agent::new("fence_relay", "Relays") }
/// #     fn open(_: &Options) -> Result<Self> { Ok(Relays) }
/// #     fn power_status(&mut self, _: &str) -> Result<PowerStatus> { Ok(PowerStatus::Off) }
/// #     fn set_power(&mut self, _: &str, _: PowerTarget) -> Result<()> { Ok(()) }
/// # }
/// let (mut relays, _device) = testing::replay::<Relays>("tests/status.trace")?;
/// assert_eq!(relays.power_status("1"), Ok(PowerStatus::On));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`open`](super::open()).
///
/// # Panics
/// If the file is not a recording, or as [`open`](super::open()).
#[track_caller]
pub fn replay<D: Device>(file: impl AsRef<Path>) -> Result<(Session<D>, RunningScript)> {
    let file = file.as_ref();
    let lines = match std::fs::read_to_string(file) {
        Ok(text) => text.lines().map(parse).collect::<Vec<Json>>(),
        Err(cause) => panic!("{}: {cause}", file.display()),
    };
    let Some(header) = lines.first().filter(|header| header["trace"] == 1) else {
        panic!("{}: it is not a recording of this version", file.display());
    };
    let name = header["agent"].as_str().unwrap_or_default();
    let options = header["options"].as_object().into_iter().flatten();
    let options = options.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let script = lines.iter().skip(1).fold(Script::new().in_order(), add);
    let running = script.start();
    Ok((open_as(name, options)?, running))
}

#[track_caller]
fn parse(line: &str) -> Json {
    match serde_json::from_str(line) {
        Ok(value) => value,
        Err(cause) => panic!("a line of a recording is not JSON: {cause}"),
    }
}

/// Adds the exchange of one line, if it has one.
#[track_caller]
fn add(script: Script, line: &Json) -> Script {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let answer = &line["answer"];
    match line["call"].as_str() {
        Some("send") => {
            let request = &line["request"];
            let script = script.on(&text(&request["method"]), &text(&request["path"]));
            let Some(reply) = answer.get("ok") else {
                return script.fail(failure(&answer["failed"]));
            };
            let status = reply["status"].as_u64().and_then(|status| status.try_into().ok());
            let script = script.reply_text(status.unwrap_or_default(), body(&reply["body"]));
            let fields = reply["headers"].as_array().into_iter().flatten();
            fields.fold(script, |script, field| {
                script.header(&text(&field[0]), &text(&field[1]))
            })
        }
        Some("xmlrpc-call") => {
            let script = script.on_call(&text(&line["method"]));
            let failed = &answer["failed"];
            if let Some(tree) = answer.get("ok") {
                script.answer(value(&tree["nodes"], 0))
            } else if let Some(fault) = failed.get("fault") {
                script.fault(fault["code"].as_i64().unwrap_or_default(), &text(&fault["message"]))
            } else if let Some(status) = failed["status"].as_u64() {
                script.status(status.try_into().unwrap_or_default())
            } else if let Some(reason) = failed["malformed"].as_str() {
                script.malformed(reason)
            } else {
                script.fail(failure(&failed["http"]))
            }
        }
        _ => script,
    }
}

fn body(body: &Json) -> Vec<u8> {
    match (body["text"].as_str(), body["base64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(digits)) => encoding::from_base64(digits).unwrap_or_default(),
        (None, None) => Vec::new(),
    }
}

#[track_caller]
fn failure(failed: &Json) -> Failure {
    let Some((kind, text)) = failed.as_object().and_then(|object| object.iter().next()) else {
        panic!("a recorded failure has no kind: {failed}");
    };
    let text = text.as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "denied" => Failure::Denied(text),
        "unreachable" => Failure::Unreachable(text),
        "tls" => Failure::Tls(text),
        "timed-out" => Failure::TimedOut(text),
        "broken" => Failure::Broken(text),
        "too-large" => Failure::TooLarge(text),
        _ => Failure::Invalid(text),
    }
}

/// The value at this index of a recorded tree.
fn value(nodes: &Json, index: usize) -> Value {
    let at = |index: &Json| {
        value(
            nodes,
            index
                .as_u64()
                .and_then(|index| index.try_into().ok())
                .unwrap_or(usize::MAX),
        )
    };
    let node = &nodes[index];
    let Some((kind, content)) = node.as_object().and_then(|object| object.iter().next()) else {
        return Value::Nil;
    };
    let text = || content.as_str().unwrap_or_default().to_owned();
    let items = || content.as_array().into_iter().flatten();
    match kind.as_str() {
        "boolean" => Value::Bool(content.as_bool().unwrap_or_default()),
        "integer" => Value::Int(content.as_i64().unwrap_or_default()),
        "double" => Value::Double(content.as_f64().unwrap_or_default()),
        "text" => Value::Text(text()),
        "date-time" => Value::DateTime(text()),
        "bytes" => Value::Bytes(items().filter_map(|byte| byte.as_u64()?.try_into().ok()).collect()),
        "array" => Value::Array(items().map(at).collect()),
        "structure" => {
            let member = |member: &Json| (member[0].as_str().unwrap_or_default().to_owned(), at(&member[1]));
            Value::Struct(items().map(member).collect())
        }
        _ => Value::Nil,
    }
}

#[cfg(test)]
mod tests;
