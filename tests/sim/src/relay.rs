//! A relay board behind a small JSON API: the device of the plugin that docs/plugins.md shows (`sdk/examples/relay.rs`).
//!
//! | request | answer |
//! |---|---|
//! | `GET /relays` | `{"1":{"state":"on"},"2":{"state":"off"}}` |
//! | `GET /relays/ID` | `{"state":"on"}`; 404 for an unknown relay |
//! | `POST /relays/ID` with `{"on":false}` | 204, and the relay switches at once |
//!
//! All requests need HTTP Basic authentication; the answer is 401 without it.

use serde_json::{Map, Value, json};

use crate::fault::{Grammar, Kind, Plan, PlanError};
use crate::json::JSON;
use crate::machine::{Machine, Power};
use crate::protocol::{Answer, Device, Protocol, Request};
use crate::server::Config;

/// The faults of this protocol: those of the wire.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("relays", "GET relays"),
        ("read", "GET relays/ID"),
        ("switch", "POST relays/ID"),
    ],
    form: JSON,
    kinds: &[],
};

/// Reads a plan.
///
/// # Errors
///
/// For a plan that this protocol does not support.
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}

/// A board with relays 1 (on), 2 (off) and 3 (on), whose user is `fencer` with the password `s3cret`.
pub fn config() -> Config {
    let relays = [("1", Power::On), ("2", Power::Off), ("3", Power::On)];
    let relays = relays.into_iter().map(|(id, power)| Machine::new(id, power)).collect();
    Config::new(Board, relays)
}

/// `fencer:s3cret` in the form of HTTP Basic.
const AUTHORIZATION: &str = "Basic ZmVuY2VyOnMzY3JldA==";

struct Board;

impl Protocol for Board {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn step(&self, request: &Request) -> Option<&'static str> {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["relays"]) => Some("relays"),
            ("GET", ["relays", _]) => Some("read"),
            ("POST", ["relays", _]) => Some("switch"),
            _ => None,
        }
    }

    fn answer(&mut self, device: &mut Device, request: &Request, _fault: Option<&Kind>) -> Answer {
        if request.header("authorization") != Some(AUTHORIZATION) {
            return Answer::message(401, "who are you?");
        }
        let segments = request.segments();
        let Some(id) = segments.get(1) else {
            let ids: Vec<String> = device
                .fleet
                .machines()
                .iter()
                .map(|relay| relay.id().to_owned())
                .collect();
            let states = ids.into_iter().filter_map(|id| {
                let relay = device.fleet.get_mut(&id)?;
                Some((id, state(relay)))
            });
            return Answer::json(200, &Value::Object(states.collect::<Map<_, _>>()));
        };
        let Some(relay) = device.fleet.get_mut(id) else {
            return Answer::message(404, "no such relay");
        };
        if request.method == "GET" {
            return Answer::json(200, &state(relay));
        }
        match serde_json::from_str::<Value>(&request.body)
            .ok()
            .and_then(|body| body["on"].as_bool())
        {
            Some(true) => relay.operate("on", &[Power::On]),
            Some(false) => relay.operate("off", &[Power::Off]),
            None => return Answer::message(400, "say {\"on\":true} or {\"on\":false}"),
        }
        Answer {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

fn state(relay: &mut Machine) -> Value {
    json!({ "state": relay.read().to_string() })
}
