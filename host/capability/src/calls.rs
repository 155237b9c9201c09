//! The seam: every call that a plugin makes to the host, as one trait in plain types.
//!
//! The host's imports convert wasm's types and call this trait. What concerns every call is one more
//! implementation, which does its part and passes the call on to another one. WASI's own sockets do not come through
//! here, because WASI calls the system itself: [`SocketFilter`] decides about them before each use.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use fencebox_agent::clock::Deadline;
use fencebox_agent::device::RemotePeer;
use fencebox_agent::log::{LENGTH_LIMIT, Level};
use fencebox_policy::Denied;

use super::files::{self, Files};
use super::http::{self, Http, Request, Response, Timeout};
use super::log::PluginLog;
use super::sockets::{self, SocketFilter};
use super::xmlrpc::document::Tree;
use super::xmlrpc::{self, Call};

/// Why a call is denied while the plugin describes itself.
const DESCRIBING: &str = "a plugin that describes itself may call nothing";
/// Why a call is denied while the plugin checks the options.
const CHECKING: &str = "a plugin that checks options may only read its declared files and write to the log";

/// The calls of one plugin in one action, and the events of the action that concern them.
pub trait HostCalls: Send {
    /// Logs a line of the plugin (`log.log`).
    fn log(&mut self, level: Level, message: &str);

    /// Masks a value in all lines from now on (`log.hide`). False if there are too many of them: then the plugin must
    /// not go on.
    fn hide(&mut self, secret: &str) -> bool;

    /// Makes one HTTP exchange (`http.send`).
    ///
    /// # Errors
    /// If the request is denied, or as `http.error` says.
    fn send(&mut self, request: Request) -> Result<Response, http::Failure>;

    /// The URL to which the paths of an endpoint are appended (`http.base-url`).
    ///
    /// # Errors
    /// If the endpoint is not declared, or has no address.
    fn base_url(&mut self, endpoint: &str) -> Result<String, http::Failure>;

    /// The URLs, without a path, that the options name for an endpoint (`http.addresses`).
    ///
    /// # Errors
    /// If the endpoint is not declared.
    fn addresses(&mut self, endpoint: &str) -> Result<Vec<String>, http::Failure>;

    /// Selects another address of an endpoint for the requests that follow (`http.select-address`). Returns its URL.
    ///
    /// # Errors
    /// If the options do not name this address, or the policy denies it.
    fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, http::Failure>;

    /// Makes one XML-RPC call (`xmlrpc.call`).
    ///
    /// # Errors
    /// If the call is denied, or as `xmlrpc.error` says.
    fn call(&mut self, call: Call) -> Result<Tree, xmlrpc::Failure>;

    /// Reads a declared file (`files.read`).
    ///
    /// # Errors
    /// If the file is not declared for reading, or as `files.error` says.
    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure>;

    /// Replaces a declared file (`files.write`).
    ///
    /// # Errors
    /// If the file is not declared for writing, or as `files.error` says.
    fn write_file(&mut self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), files::Failure>;

    /// The addresses of this machine from which the multicast group of a socket can be reached
    /// (`multicast.local-addresses`).
    ///
    /// # Errors
    /// If the socket is not declared, or the system does not list its addresses.
    fn local_addresses(&mut self, socket: &str) -> Result<Vec<IpAddr>, sockets::Failure>;

    /// Sends one datagram to the multicast group of a socket (`multicast.send`).
    ///
    /// # Errors
    /// If the datagram is denied, or the system refuses it.
    fn send_datagram(&mut self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), sockets::Failure>;

    /// Sets the timeout of each exchange that follows.
    fn set_timeout(&mut self, timeout: Timeout);

    /// Moves the end of the action.
    fn set_deadline(&mut self, deadline: Deadline);

    /// The action is over: there is time to log out until `deadline`, and SIGTERM no longer ends a call.
    fn start_closing(&mut self, deadline: Deadline);

    /// The hosts that the plugin has contacted, for the audit record.
    fn remote_peers(&self) -> Vec<RemotePeer>;
}

/// Maximum number of log lines that are kept while a plugin describes itself.
const DESCRIBING_LINES: usize = 100;

/// The log lines of a plugin that describes itself.
pub type DescribingLines = Arc<Mutex<Vec<String>>>;

/// The calls of a plugin without a session: each is denied, except what the check of the options needs.
pub struct NoSession {
    reason: &'static str,
    reading: Option<(Files, Arc<PluginLog>)>,
    lines: DescribingLines,
}

impl NoSession {
    /// While the plugin describes itself: everything is denied. The first log lines are added to `lines`.
    pub const fn describing(lines: DescribingLines) -> Self {
        Self {
            reason: DESCRIBING,
            reading: None,
            lines,
        }
    }

    /// While the plugin checks the options: it can read the declared files, and log.
    pub fn checking(files: Files, log: Arc<PluginLog>) -> Self {
        Self {
            reason: CHECKING,
            reading: Some((files, log)),
            lines: DescribingLines::default(),
        }
    }

    fn denied(&self) -> Denied {
        Denied::new(self.reason)
    }
}

impl HostCalls for NoSession {
    fn log(&mut self, level: Level, message: &str) {
        if let Some((_, log)) = &self.reading {
            return log.line(level, message);
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < DESCRIBING_LINES {
            let end = message.floor_char_boundary(LENGTH_LIMIT);
            lines.push(message.get(..end).unwrap_or_default().to_owned());
        }
    }

    fn hide(&mut self, secret: &str) -> bool {
        self.reading.as_ref().is_none_or(|(_, log)| log.hide(secret))
    }

    fn send(&mut self, _: Request) -> Result<Response, http::Failure> {
        Err(self.denied().into())
    }

    fn base_url(&mut self, _: &str) -> Result<String, http::Failure> {
        Err(self.denied().into())
    }

    fn addresses(&mut self, _: &str) -> Result<Vec<String>, http::Failure> {
        Err(self.denied().into())
    }

    fn select_address(&mut self, _: &str, _: &str) -> Result<String, http::Failure> {
        Err(self.denied().into())
    }

    fn call(&mut self, _: Call) -> Result<Tree, xmlrpc::Failure> {
        Err(http::Failure::from(self.denied()).into())
    }

    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure> {
        match &self.reading {
            Some((files, _)) => files.read(option, entry),
            None => Err(self.denied().into()),
        }
    }

    fn write_file(&mut self, _: &str, _: Option<&str>, _: Vec<u8>) -> Result<(), files::Failure> {
        Err(self.denied().into())
    }

    fn local_addresses(&mut self, _: &str) -> Result<Vec<IpAddr>, sockets::Failure> {
        Err(self.denied().into())
    }

    fn send_datagram(&mut self, _: &str, _: &str, _: &[u8]) -> Result<(), sockets::Failure> {
        Err(self.denied().into())
    }

    fn set_timeout(&mut self, _: Timeout) {}

    fn set_deadline(&mut self, _: Deadline) {}

    fn start_closing(&mut self, _: Deadline) {}

    fn remote_peers(&self) -> Vec<RemotePeer> {
        Vec::new()
    }
}

/// The calls of a plugin in a session: the capabilities themselves, each within its limits and the policy.
pub struct Session {
    /// HTTP and XML-RPC.
    pub http: Http,
    /// The declared files.
    pub files: Files,
    /// Multicast; shared with WASI, which asks it about every other socket.
    pub sockets: SocketFilter,
    /// The plugin's lines; shared by the sessions of one action, so that its limits hold for all of them.
    pub log: Arc<PluginLog>,
}

impl HostCalls for Session {
    fn log(&mut self, level: Level, message: &str) {
        self.log.line(level, message);
    }

    fn hide(&mut self, secret: &str) -> bool {
        self.log.hide(secret)
    }

    fn send(&mut self, request: Request) -> Result<Response, http::Failure> {
        self.http.send(request)
    }

    fn base_url(&mut self, endpoint: &str) -> Result<String, http::Failure> {
        self.http.base_url(endpoint)
    }

    fn addresses(&mut self, endpoint: &str) -> Result<Vec<String>, http::Failure> {
        self.http.addresses(endpoint)
    }

    fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, http::Failure> {
        let files = self.http.naming_files(endpoint);
        if files.is_empty() || self.files.contain(&files, address) {
            return self.http.select_address(endpoint, address);
        }
        let files = files.join(" or ");
        Err(Denied::new(format!(
            "the file of option {files} does not contain this address of {endpoint}"
        ))
        .into())
    }

    fn call(&mut self, call: Call) -> Result<Tree, xmlrpc::Failure> {
        xmlrpc::call(&mut self.http, call)
    }

    fn read_file(&mut self, option: &str, entry: Option<&str>) -> Result<Vec<u8>, files::Failure> {
        self.files.read(option, entry)
    }

    fn write_file(&mut self, option: &str, entry: Option<&str>, content: Vec<u8>) -> Result<(), files::Failure> {
        self.files.write(option, entry, content)
    }

    fn local_addresses(&mut self, socket: &str) -> Result<Vec<IpAddr>, sockets::Failure> {
        self.sockets.local_addresses(socket)
    }

    fn send_datagram(&mut self, socket: &str, source: &str, datagram: &[u8]) -> Result<(), sockets::Failure> {
        self.sockets.send(socket, source, datagram)
    }

    fn set_timeout(&mut self, timeout: Timeout) {
        self.http.set_timeout(timeout);
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        self.http.set_deadline(deadline);
        self.files.set_deadline(deadline);
    }

    fn start_closing(&mut self, deadline: Deadline) {
        self.http.start_closing(deadline);
        self.files.start_closing(deadline);
    }

    fn remote_peers(&self) -> Vec<RemotePeer> {
        let mut peers = self.http.contacts();
        peers.extend(self.sockets.contacts());
        peers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_without_a_session_is_denied() {
        let mut calls = NoSession::describing(DescribingLines::default());
        let request = Request {
            endpoint: "api".to_owned(),
            method: reqwest::Method::GET,
            path: "/".to_owned(),
            headers: Vec::new(),
            body: None,
            purpose: String::new(),
        };
        let call = Call {
            endpoint: "api".to_owned(),
            path: "/".to_owned(),
            method: "m".to_owned(),
            params: Vec::new(),
            keep: Vec::new(),
        };
        let outcomes = [
            calls.send(request).map(drop).map_err(|error| error.to_string()),
            calls.base_url("api").map(drop).map_err(|error| error.to_string()),
            calls.addresses("api").map(drop).map_err(|error| error.to_string()),
            calls
                .select_address("api", "x")
                .map(drop)
                .map_err(|error| error.to_string()),
            calls.call(call).map(drop).map_err(|error| error.to_string()),
            calls.read_file("o", None).map(drop).map_err(|error| error.to_string()),
            calls
                .write_file("o", None, Vec::new())
                .map_err(|error| error.to_string()),
            calls.local_addresses("s").map(drop).map_err(|error| error.to_string()),
            calls
                .send_datagram("s", "127.0.0.1", b"x")
                .map_err(|error| error.to_string()),
        ];
        for outcome in outcomes {
            assert!(outcome.is_err_and(|text| text.contains(DESCRIBING)));
        }
    }
}
