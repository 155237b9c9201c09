//! Keeps back what a plugin sends while it switches a plug, for `fencebox check`.
//!
//! While a plugin switches, only a request that it has sent before passes, byte for byte: what it has sent to log in and
//! to read does not switch. Everything else is refused, and the first of it is kept. So nothing can switch the
//! plug, whatever the method or the call is.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::clock::Deadline;
use crate::agent::device::{PowerTarget, RemotePeer};
use crate::agent::log::Level;
use crate::capability::calls::HostCalls;
use crate::capability::http::{self, Request, Response, Timeout};
use crate::capability::sockets::SocketFilter;
use crate::capability::xmlrpc::document::{Tree, encode};
use crate::capability::xmlrpc::{self, Call};
use crate::capability::{files, sockets};
use crate::plugin::Seam;
use crate::policy::Denied;

/// Why a call is refused.
const KEPT_BACK: &str = "it is kept back, because this is only a check";

/// Keeps back what a plugin sends while it switches.
#[derive(Default)]
pub struct Capture(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The requests that were sent so far.
    sent: BTreeSet<Vec<u8>>,
    is_switching: bool,
    /// What was refused first.
    kept: Option<String>,
    sockets: Option<SocketFilter>,
}

impl Capture {
    /// What the plugin tried to send first since the last call; none if it tried nothing.
    pub fn take(&self) -> Option<String> {
        lock(&self.0).kept.take()
    }
}

impl Seam for Capture {
    fn calls(&self, calls: Box<dyn HostCalls>) -> Box<dyn HostCalls> {
        Box::new(Capturing {
            calls,
            state: self.0.clone(),
        })
    }

    fn sockets(&self, filter: &SocketFilter) {
        lock(&self.0).sockets = Some(filter.clone());
    }

    fn switching(&self, target: Option<PowerTarget>) {
        let mut state = lock(&self.0);
        state.is_switching = target.is_some();
        let Some(filter) = state.sockets.clone() else { return };
        if target.is_some() {
            filter.keep_back();
        } else if let Some(kept) = filter.release() {
            state.kept.get_or_insert(kept);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes each call on, or keeps it back.
struct Capturing {
    calls: Box<dyn HostCalls>,
    state: Arc<Mutex<State>>,
}

impl Capturing {
    /// Decides about a request. `form` are all its bytes, and `shown` is what a person sees of it.
    fn check(&self, form: Vec<u8>, shown: impl FnOnce() -> String) -> Result<(), Denied> {
        let mut state = lock(&self.state);
        if !state.is_switching {
            state.sent.insert(form);
            return Ok(());
        }
        if state.sent.contains(&form) {
            return Ok(());
        }
        state.kept.get_or_insert_with(shown);
        Err(Denied::new(KEPT_BACK))
    }
}

/// The bytes of a request, each part with its length, so that two requests never have the same bytes.
fn form<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let mut form = Vec::new();
    for part in parts {
        form.extend_from_slice(&part.len().to_le_bytes());
        form.extend_from_slice(part);
    }
    form
}

/// The bytes of a request to this address: the same request to another one is another request.
fn form_of(base: &str, request: &Request) -> Vec<u8> {
    let line = [&request.endpoint, base, request.method.as_str(), &request.path];
    let headers = request.headers.iter().flat_map(|(name, value)| [name, value]);
    let texts = line.into_iter().chain(headers.map(String::as_str)).map(str::as_bytes);
    let body = request.body.as_deref();
    form(texts.chain([&[u8::from(body.is_some())][..], body.unwrap_or_default()]))
}

impl HostCalls for Capturing {
    fn log(&mut self, level: Level, message: &str) {
        self.calls.log(level, message);
    }

    fn hide(&mut self, secret: &str) -> bool {
        self.calls.hide(secret)
    }

    fn send(&mut self, request: Request) -> Result<Response, http::Failure> {
        let base = self.calls.base_url(&request.endpoint).unwrap_or_default();
        self.check(form_of(&base, &request), || {
            let body = request.body.as_deref().unwrap_or_default();
            let body = match str::from_utf8(body) {
                Ok("") => String::new(),
                Ok(text) => format!(" with the body {text}"),
                Err(_) => format!(" with a body of {} bytes", body.len()),
            };
            // Without the query, because it may contain keys.
            let path = request.path.split('?').next().unwrap_or_default();
            format!("{} {base}{path}{body}", request.method)
        })?;
        self.calls.send(request)
    }

    fn base_url(&mut self, endpoint: &str) -> Result<String, http::Failure> {
        self.calls.base_url(endpoint)
    }

    fn addresses(&mut self, endpoint: &str) -> Result<Vec<String>, http::Failure> {
        self.calls.addresses(endpoint)
    }

    fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, http::Failure> {
        self.calls.select_address(endpoint, address)
    }

    fn call(&mut self, call: Call) -> Result<Tree, xmlrpc::Failure> {
        let base = self.calls.base_url(&call.endpoint).unwrap_or_default();
        // Parameters that cannot be encoded are never sent.
        let body = encode(&call.method, &call.params).unwrap_or_default();
        let form = form([&call.endpoint, &base, &call.path, &body].map(|part| part.as_bytes()));
        let refused = self.check(form, || {
            format!("the XML-RPC call {} to {base}{}", call.method, call.path)
        });
        refused.map_err(http::Failure::from)?;
        self.calls.call(call)
    }

    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure> {
        self.calls.read_file(option, entry)
    }

    fn write_file(&mut self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), files::Failure> {
        let name = entry.unwrap_or_default();
        let form = form([option.as_bytes(), name.as_bytes(), &content]);
        self.check(form, || match entry {
            Some(entry) => format!("{} bytes to {entry} in the folder of option {option}", content.len()),
            None => format!("{} bytes to the file of option {option}", content.len()),
        })?;
        self.calls.write_file(option, entry, content)
    }

    fn local_addresses(&mut self, socket: &str) -> Result<Vec<IpAddr>, sockets::Failure> {
        self.calls.local_addresses(socket)
    }

    fn send_datagram(&mut self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), sockets::Failure> {
        // The filter of the sockets keeps it back.
        self.calls.send_datagram(socket, source, datagram)
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
