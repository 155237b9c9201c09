//! The answers of the device.

use std::collections::BTreeMap;

use serde_json::Value;

use super::files::FakeFiles;
use super::udp::Peer;
use super::{RunningScript, ScriptState};
use crate::bindings::fencebox::agent::http as wit;
use crate::bindings::fencebox::agent::xmlrpc;
use crate::files;
use crate::http::Failure;
use crate::xmlrpc::Value as Rpc;

/// The word in place of the HTTP method for an XML-RPC call.
pub(super) const CALL: &str = "CALL";

/// The answers of the device, with the requests that they belong to.
///
/// Answers to the same method and path are given in their order. Different
/// requests may come in any order, unless [`Script::in_order`] is set. Paths
/// are those of the plugin, with the query and without the endpoint's base
/// path.
#[derive(Debug, Clone, Default)]
#[must_use = "a script does nothing before `start`"]
pub struct Script {
    answers: Vec<Answer>,
    in_order: bool,
    base_urls: BTreeMap<String, String>,
    addresses: BTreeMap<String, Addresses>,
    shelf: FakeFiles,
    local_addresses: Vec<String>,
    peers: Vec<Peer>,
    method: String,
    path: String,
}

impl Script {
    /// A device that expects no request.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next answers belong to this request.
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = method.to_owned();
        self.path = path.to_owned();
        self
    }

    /// The next answers belong to this XML-RPC method.
    pub fn on_call(self, method: &str) -> Self {
        self.on(CALL, method)
    }

    /// Answers a call with a value. The plugin gets only the parts that the call
    /// keeps.
    pub fn answer(self, value: impl Into<Rpc>) -> Self {
        self.push(Outcome::Call(Ok(value.into())))
    }

    /// Answers a call with a fault.
    pub fn fault(self, code: i64, message: &str) -> Self {
        let message = message.to_owned();
        self.push(Outcome::Call(Err(xmlrpc::Error::Fault(xmlrpc::Fault {
            code,
            message,
        }))))
    }

    /// Answers a call with an HTTP status and no value.
    pub fn status(self, status: u16) -> Self {
        self.push(Outcome::Call(Err(xmlrpc::Error::Status(status))))
    }

    /// Answers a call with a body that is not XML-RPC, for this reason.
    pub fn malformed(self, reason: &str) -> Self {
        self.push(Outcome::Call(Err(xmlrpc::Error::Malformed(reason.to_owned()))))
    }

    /// Answers a request with a JSON body.
    pub fn reply(self, status: u16, body: Value) -> Self {
        self.reply_text(status, body.to_string())
            .header("content-type", "application/json")
    }

    /// Answers a request with any body.
    pub fn reply_text(self, status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.push(Outcome::Http(Ok(wit::Response {
            status,
            headers: Vec::new(),
            body,
        })))
    }

    /// Gives no answer to a request or a call.
    pub fn fail(self, failure: Failure) -> Self {
        let outcome = match self.method.as_str() {
            CALL => Outcome::Call(Err(xmlrpc::Error::Http(failure))),
            _ => Outcome::Http(Err(failure)),
        };
        self.push(outcome)
    }

    /// Adds a header field to the last answer. The name is in lower case, as the
    /// host passes it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(Answer {
            outcome: Outcome::Http(Ok(response)),
            ..
        }) = self.answers.last_mut()
        {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The last answer is given any number of times, including zero.
    pub fn always(mut self) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.left = None;
        }
        self
    }

    /// The last answer is given this many times.
    pub fn times(mut self, times: usize) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.left = Some(times);
        }
        self
    }

    /// Requests must come in the order of their answers in the script.
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// The result of [`crate::http::base_url`] for an endpoint.
    pub fn base_url(mut self, endpoint: &str, url: &str) -> Self {
        self.base_urls.insert(endpoint.to_owned(), url.to_owned());
        self
    }

    /// The addresses of an endpoint that the options name, as URLs. Requests go
    /// to the first until the plugin selects another. The answer to a request
    /// does not depend on its address.
    pub fn addresses(mut self, endpoint: &str, urls: &[&str]) -> Self {
        let named: Vec<String> = urls.iter().map(|&url| url.to_owned()).collect();
        let known = Addresses {
            selected: named.first().cloned().unwrap_or_default(),
            named,
            follow: false,
            followed: Vec::new(),
        };
        self.addresses.insert(endpoint.to_owned(), known);
        self
    }

    /// The plugin may select any host that the device names.
    pub fn follow(mut self, endpoint: &str) -> Self {
        if let Some(known) = self.addresses.get_mut(endpoint) {
            known.follow = true;
        }
        self
    }

    /// The file or folder that this option names, without content.
    pub fn place(mut self, option: &str) -> Self {
        self.shelf.declare(option);
        self
    }

    /// The file that this option names.
    pub fn file(mut self, option: &str, content: impl Into<Vec<u8>>) -> Self {
        self.shelf.put(option, None, Ok(content.into()));
        self
    }

    /// A peer of a [`UdpSocket`](crate::net::UdpSocket): `answer` gets each
    /// datagram, and returns the datagrams that the plugin receives. None means
    /// that the datagram or its answer was lost.
    pub fn udp(mut self, host: &str, port: u16, answer: impl FnMut(&[u8]) -> Vec<Vec<u8>> + 'static) -> Self {
        self.peers.push(Peer::new(host, port, answer));
        self
    }

    /// An address of this machine that can send to multicast groups.
    pub fn local_address(mut self, address: &str) -> Self {
        self.local_addresses.push(address.to_owned());
        self
    }

    /// The file that this option names, with the error of every access.
    pub fn broken_file(mut self, option: &str, failure: files::Failure) -> Self {
        self.shelf.put(option, None, Err(failure));
        self
    }

    /// Runs the script on this thread until the result is dropped.
    ///
    /// # Panics
    /// If another script runs on this thread.
    pub fn start(self) -> RunningScript {
        RunningScript::begin(ScriptState {
            answers: self.answers,
            in_order: self.in_order,
            base_urls: self.base_urls,
            addresses: self.addresses,
            requests: Vec::new(),
            calls: Vec::new(),
            asked: Vec::new(),
            shelf: self.shelf,
            local_addresses: self.local_addresses,
            peers: self.peers,
            datagrams: Vec::new(),
            lines: Vec::new(),
        })
    }

    fn push(mut self, outcome: Outcome) -> Self {
        assert!(!self.method.is_empty(), "an answer needs a request: call `on` first");
        let is_call = self.method == CALL;
        assert!(
            is_call == matches!(outcome, Outcome::Call(_)),
            "answers to requests are for `on`, answers to calls are for `on_call`"
        );
        let (method, path) = (self.method.clone(), self.path.clone());
        self.answers.push(Answer {
            method,
            path,
            outcome,
            left: Some(1),
        });
        self
    }
}

/// The addresses of an endpoint.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    pub(super) named: Vec<String>,
    pub(super) selected: String,
    follow: bool,
    /// URLs of hosts that the device named.
    followed: Vec<String>,
}

impl Addresses {
    /// Selects an address. A host name or address without a scheme gets the
    /// scheme and port of the selected address.
    pub(super) fn select(&mut self, address: &str) -> Result<String, Failure> {
        let is_url = address.contains("://");
        let url = if is_url {
            address.to_owned()
        } else {
            let (scheme, place) = self.selected.split_once("://").unwrap_or(("https", ""));
            let port = place.rsplit_once(':').map_or("", |(_, port)| port);
            let host = if address.contains(':') {
                format!("[{address}]")
            } else {
                address.to_owned()
            };
            match port.parse::<u16>() {
                Ok(port) => format!("{scheme}://{host}:{port}"),
                Err(_) => format!("{scheme}://{host}"),
            }
        };
        let is_known = self.named.contains(&url) || self.followed.contains(&url);
        if !is_known && (is_url || !self.follow) {
            return Err(Failure::Denied(format!(
                "{url} is not one of {}",
                self.named.join(", ")
            )));
        }
        if !is_known {
            self.followed.push(url.clone());
        }
        self.selected.clone_from(&url);
        Ok(url)
    }
}

/// The outcome of a request or a call.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Http(Result<wit::Response, Failure>),
    Call(Result<Rpc, xmlrpc::Error>),
}

/// One answer of the script.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    method: String,
    path: String,
    outcome: Outcome,
    /// How often the answer can still be given; none for any number of times.
    left: Option<usize>,
}

impl Answer {
    pub(super) fn is_spent(&self) -> bool {
        self.left == Some(0)
    }

    pub(super) fn is_for(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    pub(super) fn give(&mut self) -> Outcome {
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.outcome.clone()
    }

    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The request of an answer that was not requested as often as it should.
    pub(super) fn missed(&self) -> Option<String> {
        self.left.filter(|&left| left > 0).map(|_| self.line())
    }
}
