//! Requests to the endpoints that the plugin declared.
//!
//! A request names an endpoint and a [`Path`], and never a URL. The host sets
//! the address, TLS, the proxy and timeouts, and applies the policy. A redirect
//! is returned as an answer and not followed.

mod client;
mod path;
mod redirect;
mod response;
pub(crate) mod status;

pub use crate::bindings::fencebox::agent::http::{Error as Failure, Method};
pub use client::{Client, ClientRequest, Next};
pub use path::Path;
#[cfg(not(target_family = "wasm"))]
pub(crate) use response::method_name;
pub use response::{Element, Response};

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::fencebox::agent::http as wit;
use crate::{Error, Result, encoding};

/// A request. Functions such as [`get`] create it, and [`Request::send`] sends
/// it.
///
/// `Debug` shows neither header fields nor the body: they may contain
/// credentials.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Request {
    request: Result<wit::Request>,
    plug: Option<String>,
}

/// Reads a resource (`GET`).
pub fn get(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Get, endpoint, path)
}

/// Reads the header fields of a resource (`HEAD`).
pub fn head(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Head, endpoint, path)
}

/// Sends data to a resource (`POST`).
pub fn post(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Post, endpoint, path)
}

/// Replaces a resource (`PUT`).
pub fn put(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Put, endpoint, path)
}

/// Changes a resource (`PATCH`).
pub fn patch(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Patch, endpoint, path)
}

/// Removes a resource (`DELETE`).
pub fn delete(endpoint: &str, path: impl Into<Path>) -> Request {
    Request::new(Method::Delete, endpoint, path)
}

impl Request {
    /// A request with any method.
    pub fn new(method: Method, endpoint: &str, path: impl Into<Path>) -> Self {
        let request = path.into().into_text().map(|path| wit::Request {
            endpoint: endpoint.to_owned(),
            method,
            path,
            headers: Vec::new(),
            body: None,
        });
        Self { request, plug: None }
    }

    /// Adds a header field. The host sets `host`, `content-length`,
    /// `transfer-encoding` and `connection` itself, and denies them here.
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.change(|request| request.headers.push((name.to_owned(), value)))
    }

    /// Sets the body. The header `content-type` should name its type.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.change(|request| request.body = Some(body))
    }

    /// Sets a JSON value as the body.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            // This happens only for a map whose keys are not text.
            Err(problem) => Self {
                request: self
                    .request
                    .and(Err(Error::mistake(format!("cannot send the value as JSON: {problem}")))),
                plug: self.plug,
            },
        }
    }

    /// Sets a form as the body, as a browser sends it.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(encoding::form(pairs))
    }

    /// The request is about this plug: a 404 with JSON means that the device does
    /// not have it ([`Error::PlugNotFound`]). Without this, a 404 is a mistake in
    /// the path.
    pub fn about(mut self, plug: &str) -> Self {
        self.plug = Some(plug.to_owned());
        self
    }

    /// Sends the request and waits for the complete answer, which may have any
    /// status: see [`Response::ok`].
    ///
    /// # Errors
    /// [`Error::Denied`] if the host or [`Path`] denies the request, or if the
    /// certificate is invalid; [`Error::ConnectionLost`] and
    /// [`Error::TimedOut`], after which the device may have acted or not;
    /// [`Error::Unexpected`] for an answer beyond the host's limits.
    pub fn send(self) -> Result<Response> {
        let request = self.request?;
        let asked = response::label(request.method, &request.path);
        let endpoint = request.endpoint.clone();
        let response = Response::new(asked, transmit(request)?).with_plug(self.plug);
        if (300..400).contains(&response.status()) {
            // Without the URL, the message does not say that https was meant.
            return Ok(response.with_base(base_url(&endpoint).unwrap_or_default()));
        }
        Ok(response)
    }

    fn change(mut self, change: impl FnOnce(&mut wit::Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }

    fn has_header(&self, name: &str) -> bool {
        let fields = self.request.iter().flat_map(|request| &request.headers);
        fields.into_iter().any(|(field, _)| field.eq_ignore_ascii_case(name))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.request {
            Ok(request) => write!(formatter, "Request({})", response::label(request.method, &request.path)),
            Err(problem) => write!(formatter, "Request({})", problem.text()),
        }
    }
}

/// Reads a JSON value with `GET`.
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

/// Sends a JSON value with `POST`. Only the status of the answer is checked.
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

/// Sends a JSON value with `PUT`. Only the status of the answer is checked.
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

/// The URL that the paths of this endpoint are added to, without a trailing
/// slash. For requests that sign their own URL.
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

/// The addresses of an endpoint in the order of the options, as URLs without a
/// path.
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

/// Sends the next requests to another address of the endpoint. `address` is one
/// of [`addresses`], a URL that this function returned before, or the host name
/// or address that the device uses for one of them. Returns it in the form of
/// [`addresses`].
///
/// # Errors
/// [`Error::Denied`] if the options do not name the address, unless the boolean
/// option of [`crate::Endpoint::follow_if`] is set.
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
