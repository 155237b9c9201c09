//! XML-RPC calls.

use super::script::{CALL, Outcome};
use super::{selected, with_state};
use crate::bindings::fencebox::agent::xmlrpc as wit;
use crate::http::Failure;
use crate::xmlrpc::{Value, flatten, grow};

/// A call of the plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The endpoint.
    pub endpoint: String,
    /// The address that was selected at that time, if the script has addresses
    /// for the endpoint.
    pub address: Option<String>,
    /// The path, without the endpoint's base path.
    pub path: String,
    /// The method.
    pub method: String,
    /// The arguments, in order.
    pub params: Vec<Value>,
    /// The paths of the parts of the answer to keep.
    pub keep: Vec<String>,
}

/// Answers a call from the script.
pub(crate) fn call(call: wit::MethodCall) -> Result<wit::Tree, wit::Error> {
    super::declared::check_endpoint(&call.endpoint).map_err(wit::Error::Http)?;
    let params = call.params.into_iter().map(|tree| grow(tree).map_err(invalid));
    let called = Called {
        address: selected(&call.endpoint),
        endpoint: call.endpoint,
        path: call.path,
        method: call.method,
        params: params.collect::<Result<_, _>>()?,
        keep: call.keep,
    };
    if !called.params.iter().all(is_sendable) {
        return Err(invalid("a text has a character that XML cannot carry".to_owned()));
    }
    let (method, keep) = (called.method.clone(), called.keep.clone());
    // Panic after the borrow has ended, because dropping `RunningScript` borrows too.
    let answer = with_state(|state| {
        let answer = state.answer(CALL, &called.method);
        state.asked.push(format!("{CALL} {}", called.method));
        state.calls.push(called);
        answer
    });
    match answer {
        Ok(Outcome::Call(outcome)) => outcome.map(|value| flatten(kept(value, &keep))),
        Ok(Outcome::Http(_)) => panic!("the answer to the call {method} is an answer to a request"),
        Err(script) => panic!("unscripted call {method}; the script has {script}"),
    }
}

fn invalid(reason: impl ToString) -> wit::Error {
    wit::Error::Http(Failure::Invalid(reason.to_string()))
}

/// Whether the host would send this value.
fn is_sendable(value: &Value) -> bool {
    let in_xml = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}');
    match value {
        Value::Text(text) | Value::DateTime(text) => text.chars().all(in_xml),
        Value::Array(items) => items.iter().all(is_sendable),
        Value::Struct(members) => {
            let mut members = members.iter();
            members.all(|(name, value)| name.chars().all(in_xml) && is_sendable(value))
        }
        _ => true,
    }
}

/// The kept parts of an answer. A plugin that reads a part without keeping it
/// must fail in its tests.
fn kept(value: Value, keep: &[String]) -> Value {
    if keep.is_empty() {
        return value;
    }
    let paths: Vec<Vec<&str>> = keep.iter().map(|path| path.split('/').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    below(value, &paths)
}

/// The parts of a value that these paths select.
fn below(value: Value, paths: &[&[&str]]) -> Value {
    // If one of the paths ends here, the whole value is kept.
    if paths.iter().any(|path| path.is_empty()) {
        return value;
    }
    let inside = |name: Option<&str>, value: Value| {
        let going_on = paths.iter().filter_map(|path| {
            let (step, rest) = path.split_first()?;
            (*step == "*" || Some(*step) == name).then_some(rest)
        });
        let going_on: Vec<&[&str]> = going_on.collect();
        (!going_on.is_empty()).then(|| below(value, &going_on))
    };
    match value {
        Value::Array(items) => Value::Array(items.into_iter().filter_map(|item| inside(None, item)).collect()),
        Value::Struct(members) => {
            let members = members.into_iter();
            Value::Struct(
                members
                    .filter_map(|(name, value)| {
                        let value = inside(Some(&name), value)?;
                        Some((name, value))
                    })
                    .collect(),
            )
        }
        single => single,
    }
}
