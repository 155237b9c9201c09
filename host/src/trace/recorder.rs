//! Records every call of a plugin.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::event::{Answer, Body, Event, Reply, Sent};
use super::guest::RecordingClock;
use crate::agent::clock::{Clock, Deadline};
use crate::agent::device::RemotePeer;
use crate::agent::log::Level;
use crate::capability::calls::HostCalls;
use crate::capability::http::{self, Request, Response, Timeout};
use crate::capability::xmlrpc::document::Tree;
use crate::capability::xmlrpc::{self, Call};
use crate::capability::{files, sockets};
use crate::plugin::Seam;

/// Maximum size of the data of a recording, in bytes. A plugin can read the clock in a loop, and a device can send much.
const SIZE_LIMIT: usize = 64 * 1024 * 1024;

/// The events so far, up to the limit.
#[derive(Default)]
pub(super) struct Events {
    list: Vec<Event>,
    size: usize,
    /// The limit was reached, and the rest is missing.
    is_cut: bool,
}

impl Events {
    pub(super) fn add(&mut self, event: Event) {
        self.size = self.size.saturating_add(event.size());
        self.is_cut |= self.size > SIZE_LIMIT;
        if !self.is_cut {
            self.list.push(event);
        }
    }
}

/// The events of one run.
pub struct Recorder {
    events: Arc<Mutex<Events>>,
    random: Vec<u8>,
}

impl Recorder {
    /// A recorder whose plugin gets these random numbers, repeatedly.
    pub fn new(random: Vec<u8>) -> Self {
        Self {
            events: Arc::default(),
            random,
        }
    }

    /// Removes and returns the events; none if there were too many.
    pub fn take(&self) -> Option<Vec<Event>> {
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        (!events.is_cut).then_some(events.list)
    }
}

impl Seam for Recorder {
    fn calls(&self, calls: Box<dyn HostCalls>) -> Box<dyn HostCalls> {
        Box::new(Recording {
            calls,
            events: self.events.clone(),
        })
    }

    fn guest_clock(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        Arc::new(RecordingClock {
            clock,
            events: self.events.clone(),
        })
    }

    fn random(&self) -> Option<Vec<u8>> {
        Some(self.random.clone())
    }
}

/// Passes each call on, and records it with its answer.
struct Recording {
    calls: Box<dyn HostCalls>,
    events: Arc<Mutex<Events>>,
}

impl Recording {
    fn add(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).add(event);
    }
}

/// The recorded form of an answer.
fn answer<T, U, F: Clone>(result: &Result<T, F>, form: impl FnOnce(&T) -> U) -> Answer<U, F> {
    result.as_ref().map(form).map_err(Clone::clone).into()
}

impl HostCalls for Recording {
    fn log(&mut self, level: Level, message: &str) {
        self.calls.log(level, message);
    }

    fn hide(&mut self, secret: &str) -> bool {
        self.calls.hide(secret)
    }

    fn send(&mut self, request: Request) -> Result<Response, http::Failure> {
        let sent = Sent::new(&request);
        let result = self.calls.send(request);
        self.add(Event::Send {
            request: sent,
            answer: answer(&result, Reply::new),
        });
        result
    }

    fn base_url(&mut self, endpoint: &str) -> Result<String, http::Failure> {
        let result = self.calls.base_url(endpoint);
        self.add(Event::BaseUrl {
            endpoint: endpoint.to_owned(),
            answer: answer(&result, Clone::clone),
        });
        result
    }

    fn addresses(&mut self, endpoint: &str) -> Result<Vec<String>, http::Failure> {
        let result = self.calls.addresses(endpoint);
        self.add(Event::Addresses {
            endpoint: endpoint.to_owned(),
            answer: answer(&result, Clone::clone),
        });
        result
    }

    fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, http::Failure> {
        let result = self.calls.select_address(endpoint, address);
        self.add(Event::SelectAddress {
            endpoint: endpoint.to_owned(),
            address: address.to_owned(),
            answer: answer(&result, Clone::clone),
        });
        result
    }

    fn call(&mut self, call: Call) -> Result<Tree, xmlrpc::Failure> {
        let (endpoint, path, method) = (call.endpoint.clone(), call.path.clone(), call.method.clone());
        let (params, keep) = (call.params.clone(), call.keep.clone());
        let result = self.calls.call(call);
        self.add(Event::XmlrpcCall {
            endpoint,
            path,
            method,
            params,
            keep,
            answer: answer(&result, Clone::clone),
        });
        result
    }

    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure> {
        let result = self.calls.read_file(option, entry);
        self.add(Event::ReadFile {
            option: option.to_owned(),
            entry: entry.map(str::to_owned),
            answer: answer(&result, |content| Body::new(content)),
        });
        result
    }

    fn write_file(&mut self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), files::Failure> {
        let written = Body::new(&content);
        let result = self.calls.write_file(option, entry, content);
        self.add(Event::WriteFile {
            option: option.to_owned(),
            entry: entry.map(str::to_owned),
            content: written,
            answer: answer(&result, |()| ()),
        });
        result
    }

    fn local_addresses(&mut self, socket: &str) -> Result<Vec<IpAddr>, sockets::Failure> {
        let result = self.calls.local_addresses(socket);
        self.add(Event::LocalAddresses {
            socket: socket.to_owned(),
            answer: answer(&result, Clone::clone),
        });
        result
    }

    fn send_datagram(&mut self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), sockets::Failure> {
        let result = self.calls.send_datagram(socket, source, datagram);
        self.add(Event::SendDatagram {
            socket: socket.to_owned(),
            source: source.to_owned(),
            datagram: Body::new(datagram),
            answer: answer(&result, |()| ()),
        });
        result
    }

    fn set_timeout(&mut self, timeout: Timeout) {
        self.calls.set_timeout(timeout);
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        self.calls.set_deadline(deadline);
    }

    fn start_closing(&mut self, deadline: Deadline) {
        self.calls.start_closing(deadline);
    }

    fn remote_peers(&self) -> Vec<RemotePeer> {
        self.calls.remote_peers()
    }
}
