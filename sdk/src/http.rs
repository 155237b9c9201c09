//! Requests to the endpoints that the plugin declared.
//!
//! A request names an endpoint and a [`Path`], never a URL: addresses, TLS,
//! proxies, time limits and the policy are the host's. Redirects are answers
//! and are not followed.

mod path;
mod response;
pub(crate) mod status;

pub use crate::bindings::fencebox::agent::http::{Error as Failure, Method};
pub use path::Path;
pub use response::Response;
#[cfg(not(target_family = "wasm"))]
pub(crate) use response::method_name;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::fencebox::agent::http as wit;
use crate::{Error, Result};

/// One request on its way: made by [`get`] and the like, ended by
/// [`Request::send`].
///
/// `Debug` shows neither header fields nor the body: credentials are there.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Request(Result<wit::Request>);

/// Asks for a resource.
pub fn get(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Get, endpoint, path)
}

/// Asks for the headers of a resource.
pub fn head(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Head, endpoint, path)
}

/// Hands something to a resource.
pub fn post(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Post, endpoint, path)
}

/// Replaces a resource.
pub fn put(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Put, endpoint, path)
}

/// Changes a resource.
pub fn patch(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Patch, endpoint, path)
}

/// Removes a resource.
pub fn delete(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Delete, endpoint, path)
}

impl Request {
    /// A request with any method.
    pub fn new(method: Method, endpoint: &str, path: impl Into<Path>) -> Self {
        Self(path.into().into_text().map(|path| wit::Request {
            endpoint: endpoint.to_owned(),
            method,
            path,
            headers: Vec::new(),
            body: None,
        }))
    }

    /// Adds a header field. The host sets `host`, `content-length`,
    /// `transfer-encoding` and `connection` itself and refuses them here.
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.change(|request| request.headers.push((name.to_owned(), value)))
    }

    /// Sends these bytes; say what they are by the header `content-type`.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.change(|request| request.body = Some(body))
    }

    /// Sends a value as JSON.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            // Only a map with keys that are no text gets here.
            Err(problem) => Self(self.0.and(Err(Error::Denied(format!("no JSON to send: {problem}"))))),
        }
    }

    /// Sends it, and waits for the complete answer, which may be of any
    /// status: see [`Response::ok`].
    ///
    /// # Errors
    /// [`Error::Denied`] for what the host or [`Path`] refused, or for a
    /// certificate that does not verify; [`Error::ConnectionLost`] and
    /// [`Error::TimedOut`], after which the device may have acted or not;
    /// [`Error::Unexpected`] for an answer beyond the host's limits.
    pub fn send(self) -> Result<Response> {
        let request = self.0?;
        let asked = response::label(request.method, &request.path);
        transmit(request)
            .map(|answer| Response::new(asked, answer))
            .map_err(Error::from)
    }

    fn change(mut self, change: impl FnOnce(&mut wit::Request)) -> Self {
        if let Ok(request) = &mut self.0 {
            change(request);
        }
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(request) => write!(formatter, "Request({})", response::label(request.method, &request.path)),
            Err(problem) => write!(formatter, "Request({})", problem.text()),
        }
    }
}

/// Gets a JSON value.
///
/// # Errors
/// As [`Request::send`], [`Response::ok`] and [`Response::json`].
pub fn get_json<T: DeserializeOwned>(endpoint: &str, path: impl Into<Path>) -> Result<T> {
    get(endpoint, path)
        .header("accept", "application/json")
        .send()?
        .ok()?
        .json()
}

/// Posts a JSON value to a device whose answer, but for its status, says
/// nothing.
///
/// # Errors
/// As [`Request::send`] and [`Response::ok`].
pub fn post_json(endpoint: &str, path: impl Into<Path>, value: &(impl Serialize + ?Sized)) -> Result<()> {
    post(endpoint, path)
        .header("accept", "application/json")
        .json(value)
        .send()?
        .ok()
        .map(drop)
}

/// Puts a JSON value to a device whose answer, but for its status, says
/// nothing.
///
/// # Errors
/// As [`Request::send`] and [`Response::ok`].
pub fn put_json(endpoint: &str, path: impl Into<Path>, value: &(impl Serialize + ?Sized)) -> Result<()> {
    put(endpoint, path)
        .header("accept", "application/json")
        .json(value)
        .send()?
        .ok()
        .map(drop)
}

/// The URL that paths of this endpoint are added to, without a slash at the
/// end: for requests that sign their own URL.
///
/// # Errors
/// [`Error::Denied`] for an endpoint that was not declared.
pub fn base_url(endpoint: &str) -> Result<String> {
    #[cfg(target_family = "wasm")]
    let url = wit::base_url(endpoint);
    #[cfg(not(target_family = "wasm"))]
    let url = crate::testing::base_url(endpoint);
    url.map_err(Error::from)
}

/// The addresses of an endpoint that the options name, in their order, as URLs
/// without a path.
///
/// # Errors
/// [`Error::Denied`] for an endpoint that was not declared.
pub fn addresses(endpoint: &str) -> Result<Vec<String>> {
    #[cfg(target_family = "wasm")]
    let addresses = wit::addresses(endpoint);
    #[cfg(not(target_family = "wasm"))]
    let addresses = crate::testing::addresses(endpoint);
    addresses.map_err(Error::from)
}

/// Sends what follows to another address of the endpoint: one of
/// [`addresses`], one that this has given before, or the bare host by which the
/// device speaks of one. Gives it as [`addresses`] writes it.
///
/// # Errors
/// [`Error::Denied`] where neither the options name it nor the flag of
/// [`crate::Endpoint::follow_if`] is set.
pub fn select_address(endpoint: &str, address: &str) -> Result<String> {
    #[cfg(target_family = "wasm")]
    let selected = wit::select_address(endpoint, address);
    #[cfg(not(target_family = "wasm"))]
    let selected = crate::testing::select_address(endpoint, address);
    selected.map_err(Error::from)
}

#[cfg(target_family = "wasm")]
fn transmit(request: wit::Request) -> Result<wit::Response, Failure> {
    wit::send(&request)
}

#[cfg(not(target_family = "wasm"))]
fn transmit(request: wit::Request) -> Result<wit::Response, Failure> {
    crate::testing::send(request)
}
