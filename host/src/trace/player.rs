//! Plays a recording back: answers each call of a plugin as it was answered, and reports where the plugin departs from
//! the recording.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Trace;
use super::event::{Answer, Body, Event, Sent};
use super::guest::RepeatingClock;
use crate::agent::clock::{Clock, Deadline};
use crate::agent::device::RemotePeer;
use crate::agent::log::{Level, Log};
use crate::capability::calls::HostCalls;
use crate::capability::http::{self, Request, Response, Timeout};
use crate::capability::xmlrpc::document::Tree;
use crate::capability::xmlrpc::{self, Call};
use crate::capability::{files, sockets};
use crate::plugin::Seam;

/// The error of a call that is not in the recording.
const DEPARTED: &str = "the plugin departed from the recording";

/// Answers the calls of a plugin from a recording, without a network.
pub struct Player {
    state: Arc<Mutex<State>>,
    events: Vec<Event>,
    random: Vec<u8>,
}

struct State {
    log: Arc<Log>,
    /// The calls that were not made yet.
    left: VecDeque<Event>,
    /// The number of calls that were made.
    made: usize,
    /// Where the plugin departed.
    departure: Option<String>,
}

impl Player {
    /// A player of this recording. The log has the secrets of this run.
    pub fn new(trace: &Trace, log: Arc<Log>) -> Self {
        let is_call = |event: &&Event| !matches!(event, Event::Wall { .. } | Event::Monotonic { .. });
        Self {
            state: Arc::new(Mutex::new(State {
                log,
                left: trace.events.iter().filter(is_call).cloned().collect(),
                made: 0,
                departure: None,
            })),
            events: trace.events.clone(),
            random: trace.header.random(),
        }
    }

    /// Where the plugin departed from the recording, if it did.
    pub fn departure(&self) -> Option<String> {
        let state = locked(&self.state);
        match (&state.departure, state.left.front()) {
            (Some(departure), _) => Some(departure.clone()),
            (None, Some(next)) => Some(format!(
                "call {}: the plugin is at its end; the recording goes on with {}",
                state.made + 1,
                next.describe()
            )),
            (None, None) => None,
        }
    }

    /// The number of calls that were as recorded.
    pub fn made(&self) -> usize {
        locked(&self.state).made
    }
}

impl Seam for Player {
    fn calls(&self, calls: Box<dyn HostCalls>) -> Box<dyn HostCalls> {
        Box::new(Playing {
            calls,
            source: self.state.clone(),
        })
    }

    fn guest_clock(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        Arc::new(RepeatingClock::new(clock, &self.events))
    }

    fn random(&self) -> Option<Vec<u8>> {
        Some(self.random.clone())
    }
}

fn locked<T: ?Sized>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What answers the calls of a plugin.
pub(super) trait Source: Send {
    /// The event with the answer to this call, if there is one. `call` has any answer.
    fn next(&mut self, call: &Event) -> Option<Event>;
}

impl Source for State {
    /// The recorded event, if the plugin makes this call now.
    fn next(&mut self, call: &Event) -> Option<Event> {
        if self.departure.is_some() {
            return None;
        }
        let number = self.made + 1;
        let call = match call.without_secrets(&self.log) {
            Ok(call) => call,
            Err(cause) => {
                self.departure = Some(format!("call {number}: {}: {cause}", call.describe()));
                return None;
            }
        };
        let Some(recorded) = self.left.front().cloned() else {
            self.departure = Some(format!(
                "call {number}: the plugin makes one more call than the recording has: {}",
                call.describe()
            ));
            return None;
        };
        if let Some(difference) = difference(&recorded, &call) {
            self.departure = Some(format!("call {number}: {difference}"));
            return None;
        }
        self.left.pop_front();
        self.made += 1;
        Some(recorded)
    }
}

/// What is different in two calls, if anything is.
pub(super) fn difference(recorded: &Event, call: &Event) -> Option<String> {
    let other = |what: &str, one: &str, other: &str| {
        Some(format!(
            "{}: the plugin's {what} is {other:?}; the recording has {one:?}",
            call.describe()
        ))
    };
    if recorded.describe() != call.describe() {
        return Some(format!(
            "the plugin makes the call {}; the recording has {}",
            call.describe(),
            recorded.describe()
        ));
    }
    match (recorded, call) {
        (Event::Send { request, .. }, Event::Send { request: now, .. }) => {
            let (before, fields) = (compared_fields(request), compared_fields(now));
            let (body, new) = (&request.body, &now.body);
            if before != fields {
                other("header", &format!("{before:?}"), &format!("{fields:?}"))
            } else if body != new {
                other("body", &format!("{body:?}"), &format!("{new:?}"))
            } else {
                None
            }
        }
        (
            Event::XmlrpcCall { path, params, keep, .. },
            Event::XmlrpcCall {
                path: new_path,
                params: new_params,
                keep: new_keep,
                ..
            },
        ) if (path, params, keep) != (new_path, new_params, new_keep) => other(
            "call",
            &format!("{path} {params:?} {keep:?}"),
            &format!("{new_path} {new_params:?} {new_keep:?}"),
        ),
        (Event::ReadFile { entry, .. }, Event::ReadFile { entry: now, .. }) if entry != now => {
            other("entry", &format!("{entry:?}"), &format!("{now:?}"))
        }
        (
            Event::WriteFile { entry, content, .. },
            Event::WriteFile {
                entry: new_entry,
                content: new_content,
                ..
            },
        ) if (entry, content) != (new_entry, new_content) => {
            other("content", &format!("{content:?}"), &format!("{new_content:?}"))
        }
        (Event::SendDatagram { datagram, .. }, Event::SendDatagram { datagram: now, .. }) if datagram != now => {
            other("datagram", &format!("{datagram:?}"), &format!("{now:?}"))
        }
        _ => None,
    }
}

/// The header fields without the values of signatures, which are made with a secret that a recording does not have.
fn compared_fields(request: &Sent) -> Vec<(String, String)> {
    let field = |(name, value): &(String, String)| {
        let is_signature = name.contains("signature");
        (name.clone(), if is_signature { String::new() } else { value.clone() })
    };
    let mut fields: Vec<_> = request.headers.iter().map(field).collect();
    fields.sort();
    fields
}

/// Answers the calls of one session.
pub(super) struct Playing {
    /// For what is not recorded: log lines.
    pub(super) calls: Box<dyn HostCalls>,
    pub(super) source: Arc<Mutex<dyn Source>>,
}

impl Playing {
    fn next(&self, call: &Event) -> Option<Event> {
        locked(&self.source).next(call)
    }
}

fn departed<T>() -> Answer<T, http::Failure> {
    Answer::Failed(http::Failure::Denied(DEPARTED.to_owned()))
}

fn departed_file<T>() -> Answer<T, files::Failure> {
    Answer::Failed(files::Failure::Denied(DEPARTED.to_owned()))
}

fn departed_socket<T>() -> Answer<T, sockets::Failure> {
    Answer::Failed(sockets::Failure::Denied(DEPARTED.to_owned()))
}

impl HostCalls for Playing {
    fn log(&mut self, level: Level, message: &str) {
        self.calls.log(level, message);
    }

    fn hide(&mut self, secret: &str) -> bool {
        self.calls.hide(secret)
    }

    fn send(&mut self, request: Request) -> Result<Response, http::Failure> {
        let call = Event::Send {
            request: Sent::new(&request),
            answer: departed(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::Send { answer, .. } => answer.into_result().map(|reply| Response {
                status: reply.status,
                headers: reply.headers,
                body: reply.body.bytes(),
            }),
            _ => departed().into_result(),
        }
    }

    fn base_url(&mut self, endpoint: &str) -> Result<String, http::Failure> {
        let call = Event::BaseUrl {
            endpoint: endpoint.to_owned(),
            answer: departed(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::BaseUrl { answer, .. } => answer.into_result(),
            _ => departed().into_result(),
        }
    }

    fn addresses(&mut self, endpoint: &str) -> Result<Vec<String>, http::Failure> {
        let call = Event::Addresses {
            endpoint: endpoint.to_owned(),
            answer: departed(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::Addresses { answer, .. } => answer.into_result(),
            _ => departed().into_result(),
        }
    }

    fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, http::Failure> {
        let call = Event::SelectAddress {
            endpoint: endpoint.to_owned(),
            address: address.to_owned(),
            answer: departed(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::SelectAddress { answer, .. } => answer.into_result(),
            _ => departed().into_result(),
        }
    }

    fn call(&mut self, call: Call) -> Result<Tree, xmlrpc::Failure> {
        let departed = || Answer::Failed(xmlrpc::Failure::Http(http::Failure::Denied(DEPARTED.to_owned())));
        let call = Event::XmlrpcCall {
            endpoint: call.endpoint,
            path: call.path,
            method: call.method,
            params: call.params,
            keep: call.keep,
            answer: departed(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::XmlrpcCall { answer, .. } => answer.into_result(),
            _ => departed().into_result(),
        }
    }

    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure> {
        let call = Event::ReadFile {
            option: option.to_owned(),
            entry: entry.map(str::to_owned),
            answer: departed_file(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::ReadFile { answer, .. } => answer.into_result().map(|content| content.bytes()),
            _ => departed_file().into_result(),
        }
    }

    fn write_file(&mut self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), files::Failure> {
        let call = Event::WriteFile {
            option: option.to_owned(),
            entry: entry.map(str::to_owned),
            content: Body::new(&content),
            answer: departed_file(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::WriteFile { answer, .. } => answer.into_result(),
            _ => departed_file().into_result(),
        }
    }

    fn local_addresses(&mut self, socket: &str) -> Result<Vec<IpAddr>, sockets::Failure> {
        let call = Event::LocalAddresses {
            socket: socket.to_owned(),
            answer: departed_socket(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::LocalAddresses { answer, .. } => answer.into_result(),
            _ => departed_socket().into_result(),
        }
    }

    fn send_datagram(&mut self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), sockets::Failure> {
        let call = Event::SendDatagram {
            socket: socket.to_owned(),
            source: source.to_owned(),
            datagram: Body::new(datagram),
            answer: departed_socket(),
        };
        match self.next(&call).unwrap_or(call) {
            Event::SendDatagram { answer, .. } => answer.into_result(),
            _ => departed_socket().into_result(),
        }
    }

    fn set_timeout(&mut self, _: Timeout) {}

    fn set_deadline(&mut self, _: Deadline) {}

    fn start_closing(&mut self, _: Deadline) {}

    fn remote_peers(&self) -> Vec<RemotePeer> {
        Vec::new()
    }
}
