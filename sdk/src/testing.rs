//! Scripts that replace the device in tests.
//!
//! On targets other than wasm every request of this crate ends here. A
//! [`Script`] contains the device's answers. While it runs, an unexpected
//! request fails the test immediately, and an answer that was not requested
//! fails it at the end. Each thread has its own script, so tests can run in
//! parallel. A script also answers XML-RPC calls, by the name of the method:
//! see [`crate::xmlrpc`].
//!
//! ```
//! use fencebox_sdk::prelude::*;
//! use fencebox_sdk::testing::Script;
//!
//! let script = Script::new()
//!     .on("GET", "/relays/1")
//!     .reply(200, json!({ "state": "on" }))
//!     .reply(503, json!({ "message": "try later" }))
//!     .start();
//!
//! let relay: Value = get_json("api", "/relays/1")?;
//! assert_eq!(relay["state"], "on");
//! assert!(get_json::<Value>("api", "/relays/1").is_err());
//! assert_eq!(script.requests().len(), 2);
//! # Ok::<(), Error>(())
//! ```

// A script must be able to fail tests with a message.
#![expect(clippy::panic, reason = "an unexpected request must fail the test")]

mod calls;
mod declared;
pub(crate) mod files;
pub(crate) mod multicast;
mod recording;
mod script;
mod session;
pub(crate) mod udp;

pub use calls::Called;
pub(crate) use calls::call;
pub use multicast::Datagram;
pub use recording::replay;
pub use script::Script;
pub use session::{Session, describe, open, open_as};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::thread;

use serde_json::Value;

use crate::bindings::fencebox::agent::http as wit;
pub use crate::bindings::fencebox::agent::log::Level;
use crate::http::{self, Failure};
use files::FakeFiles;
use script::{Addresses, Answer, Outcome};

thread_local! {
    static STAGE: RefCell<Option<ScriptState>> = const { RefCell::new(None) };
}

/// The script that runs on this thread.
struct ScriptState {
    answers: Vec<Answer>,
    in_order: bool,
    base_urls: BTreeMap<String, String>,
    addresses: BTreeMap<String, Addresses>,
    requests: Vec<Sent>,
    calls: Vec<Called>,
    asked: Vec<String>,
    shelf: FakeFiles,
    local_addresses: Vec<String>,
    peers: Vec<udp::Peer>,
    datagrams: Vec<Datagram>,
    lines: Vec<(Level, String)>,
}

/// A request of the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The endpoint.
    pub endpoint: String,
    /// The address that was selected at that time, if the script has addresses
    /// for the endpoint.
    pub address: Option<String>,
    /// The method, as HTTP writes it.
    pub method: &'static str,
    /// Path and query, without the endpoint's base path.
    pub path: String,
    /// Header fields, as the plugin wrote them.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
}

impl Sent {
    /// The value of the first header field with this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If the body is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|problem| panic!("the body of {} {} is not JSON: {problem}", self.method, self.path))
    }
}

/// A running script. When it is dropped, the test fails if an answer was not
/// requested.
#[derive(Debug)]
#[must_use = "a script runs until this is dropped"]
pub struct RunningScript(());

impl RunningScript {
    fn begin(state: ScriptState) -> Self {
        let before = STAGE.replace(Some(state));
        assert!(before.is_none(), "another script runs on this thread");
        Self(())
    }

    /// The requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Sent> {
        with_state(|state| state.requests.clone())
    }

    /// The XML-RPC calls so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Called> {
        with_state(|state| state.calls.clone())
    }

    /// The requests so far as `METHOD /path`, and the calls as `CALL method`,
    /// in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        with_state(|state| state.asked.clone())
    }

    /// The current files in the folder that `option` names. If `option` names a
    /// file, that file with an empty name.
    #[must_use]
    pub fn files(&self, option: &str) -> Vec<(String, Vec<u8>)> {
        with_state(|state| state.shelf.entries(option))
    }

    /// Changes a file in the folder that `option` names, while the script runs.
    pub fn put_entry(&self, option: &str, entry: &str, content: impl Into<Vec<u8>>) {
        let content = content.into();
        with_state(|state| state.shelf.put(option, Some(entry), Ok(content)));
    }

    /// The address that is selected for an endpoint, if the script has addresses
    /// for it.
    #[must_use]
    pub fn selected(&self, endpoint: &str) -> Option<String> {
        selected(endpoint)
    }

    /// The datagrams to multicast groups so far, in order.
    #[must_use]
    pub fn datagrams(&self) -> Vec<Datagram> {
        with_state(|state| state.datagrams.clone())
    }

    /// The datagrams that a peer of [`Script::udp`] got so far, in order.
    ///
    /// # Panics
    /// If the script does not have this peer.
    #[must_use]
    #[track_caller]
    pub fn sent(&self, host: &str, port: u16) -> Vec<Vec<u8>> {
        let peers = with_state(|state| state.peers.clone());
        let peer = peers.iter().find(|peer| peer.host == host && peer.port == port);
        peer.map(udp::Peer::sent)
            .unwrap_or_else(|| panic!("the script has no peer {host}:{port}"))
    }

    /// The log lines so far, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<(Level, String)> {
        with_state(|state| state.lines.clone())
    }
}

impl Drop for RunningScript {
    fn drop(&mut self) {
        let state = STAGE.take();
        if thread::panicking() {
            return;
        }
        let rest: Vec<String> = state
            .iter()
            .flat_map(|state| &state.answers)
            .filter_map(Answer::missed)
            .collect();
        assert!(rest.is_empty(), "answers that were not requested: {}", rest.join(", "));
    }
}

impl Sent {
    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Answers a request from the script.
pub(crate) fn send(request: wit::Request) -> Result<wit::Response, Failure> {
    let sent = Sent {
        address: selected(&request.endpoint),
        endpoint: request.endpoint,
        method: http::method_name(request.method),
        path: request.path,
        headers: request.headers,
        body: request.body.unwrap_or_default(),
    };
    declared::check_endpoint(&sent.endpoint)?;
    fencebox_policy::request::check_headers(&sent.headers).map_err(|rule| Failure::Invalid(rule.to_string()))?;
    let line = sent.line();
    // Panic after the borrow has ended, because dropping `RunningScript` borrows too.
    let answer = with_state(|state| {
        let answer = state.answer(sent.method, &sent.path);
        state.asked.push(sent.line());
        state.requests.push(sent);
        answer
    });
    match answer {
        Ok(Outcome::Http(outcome)) => outcome,
        Ok(Outcome::Call(_)) => panic!("the answer to {line} is an answer to a call"),
        Err(script) => panic!("unscripted request {line}; the script has {script}"),
    }
}

fn selected(endpoint: &str) -> Option<String> {
    with_state(|state| state.addresses.get(endpoint).map(|known| known.selected.clone()))
}

impl ScriptState {
    /// The next answer to this request, or a list of the answers that are left.
    fn answer(&mut self, method: &str, path: &str) -> Result<Outcome, String> {
        let mut waiting = self.answers.iter_mut().filter(|answer| !answer.is_spent());
        let next = if self.in_order {
            waiting.next().filter(|answer| answer.is_for(method, path))
        } else {
            waiting.find(|answer| answer.is_for(method, path))
        };
        if let Some(answer) = next {
            return Ok(answer.give());
        }
        let waiting = self.answers.iter().filter(|answer| !answer.is_spent());
        let waiting: Vec<String> = waiting.map(Answer::line).collect();
        Err(if waiting.is_empty() {
            "nothing left".to_owned()
        } else {
            waiting.join(", ")
        })
    }
}

/// The base URL of an endpoint from the script.
pub(crate) fn base_url(endpoint: &str) -> Result<String, Failure> {
    declared::check_endpoint(endpoint)?;
    with_state(|state| state.base_urls.get(endpoint).cloned())
        .or_else(|| declared::base_url(endpoint))
        .ok_or_else(|| Failure::Denied(format!("the script gives no base URL for `{endpoint}`")))
}

/// The addresses of an endpoint from the script.
pub(crate) fn addresses(endpoint: &str) -> Result<Vec<String>, Failure> {
    declared::check_endpoint(endpoint)?;
    with_state(|state| state.addresses.get(endpoint).map(|known| known.named.clone()))
        .or_else(|| declared::addresses(endpoint))
        .ok_or_else(|| Failure::Denied(format!("the script gives no addresses for `{endpoint}`")))
}

/// Selects an address of an endpoint, as the host does.
pub(crate) fn select_address(endpoint: &str, address: &str) -> Result<String, Failure> {
    with_state(|state| state.addresses.get_mut(endpoint).map(|known| known.select(address)))
        .or_else(|| declared::select_address(endpoint, address))
        .unwrap_or_else(|| {
            Err(Failure::Denied(format!(
                "the script gives no addresses for `{endpoint}`"
            )))
        })
}

/// Records a log line, if a script runs.
pub(crate) fn log(level: Level, line: &str) {
    STAGE.with_borrow_mut(|state| {
        if let Some(state) = state {
            state.lines.push((level, line.to_owned()));
        }
    });
}

#[track_caller]
fn with_state<T>(ask: impl FnOnce(&mut ScriptState) -> T) -> T {
    match STAGE.with_borrow_mut(|state| state.as_mut().map(ask)) {
        Some(answer) => answer,
        None => panic!("no script runs on this thread: call `Script::start` and keep its result"),
    }
}

#[cfg(test)]
mod tests;
