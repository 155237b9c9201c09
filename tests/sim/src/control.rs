//! The control endpoint, `/_sim/…`: see the table at the top of the crate.

use serde_json::{Value, json};

use crate::machine::Power;
use crate::protocol::{Answer, Request};
use crate::server::State;

/// Whether a request is for the control endpoint and not for the device.
pub(crate) fn owns(path: &str) -> bool {
    path == "/_sim" || path.starts_with("/_sim/")
}

/// Answers a control request. A request that cannot be done gets an error message.
pub(crate) fn answer(state: &mut State, request: &Request) -> Answer {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let done = match (request.method.as_str(), segments.get(1..).unwrap_or_default()) {
        ("GET", ["machines"]) => Ok(json!(state.device.fleet.machines())),
        ("PUT", ["machines", id]) => set_power(state, id, &request.body),
        ("GET", ["requests"]) => Ok(json!(state.requests)),
        ("GET", ["sessions"]) => Ok(json!(state.protocol.sessions())),
        ("GET", ["master"]) => master(state),
        ("PUT", ["master"]) => set_master(state, &request.body),
        ("GET", ["faults"]) => return plans(state),
        ("POST", ["faults"]) => add_faults(state, &request.body),
        ("DELETE", ["faults"]) => {
            state.device.faults.clear();
            return plans(state);
        }
        (_, ["machines"] | ["machines", _] | ["requests"] | ["sessions"] | ["master"] | ["faults"]) => {
            Err((405, format!("no {} here", request.method)))
        }
        _ => Err((
            404,
            "there are /_sim/machines, /_sim/machines/ID, /_sim/requests, /_sim/sessions, /_sim/master and /_sim/faults"
                .to_owned(),
        )),
    };
    match done {
        Ok(body) => Answer::json(200, &body),
        Err((status, message)) => Answer::message(status, &message),
    }
}

fn set_power(state: &mut State, id: &str, body: &str) -> Result<Value, (u16, String)> {
    let Some(machine) = state.device.fleet.get_mut(id) else {
        return Err((404, format!("no machine `{id}`")));
    };
    let body: Value = serde_json::from_str(body).map_err(|error| (400, format!("the body is not JSON: {error}")))?;
    match body.get("power").and_then(Value::as_str) {
        Some(word) if !word.is_empty() => {
            let Ok(power) = word.parse::<Power>();
            machine.set_power(power);
            Ok(json!(machine))
        }
        _ => Err((
            400,
            r#"the body must be {"power":"on"}, or off, paused, or another word"#.to_owned(),
        )),
    }
}

fn master(state: &State) -> Result<Value, (u16, String)> {
    match state.protocol.master() {
        Some(address) => Ok(json!({ "address": address })),
        None => Err((404, "this device is not a pool".to_owned())),
    }
}

fn set_master(state: &mut State, body: &str) -> Result<Value, (u16, String)> {
    let body: Value = serde_json::from_str(body).map_err(|error| (400, format!("the body is not JSON: {error}")))?;
    let Some(address) = body.get("address").and_then(Value::as_str) else {
        return Err((400, r#"the body must be {"address":"127.0.0.2"}"#.to_owned()));
    };
    if !state.protocol.set_master(address) {
        return Err((404, format!("no member `{address}` of a pool")));
    }
    master(state)
}

fn add_faults(state: &mut State, body: &str) -> Result<Value, (u16, String)> {
    let grammar = state.protocol.grammar();
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let plans: Vec<_> = lines
        .map(|line| grammar.parse(line))
        .collect::<Result<_, _>>()
        .map_err(|error| (400, error.to_string()))?;
    if plans.is_empty() {
        return Err((400, "the body must contain one plan per line".to_owned()));
    }
    let added = json!({ "added": plans.len() });
    plans.into_iter().for_each(|plan| state.device.faults.add(plan));
    Ok(added)
}

fn plans(state: &State) -> Answer {
    let lines: String = state.device.faults.plans().map(|plan| format!("{plan}\n")).collect();
    Answer {
        status: 200,
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        body: lines.into(),
    }
}
