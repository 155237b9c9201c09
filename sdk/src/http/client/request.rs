//! One request of a client.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Client;
use crate::Result;
use crate::http::{Request, Response};

/// A request of a [`Client`]. One of the last four functions sends it.
#[derive(Debug)]
#[must_use = "nothing is sent before `send`, `ok`, `read` or `done`"]
pub struct ClientRequest<'c> {
    client: &'c mut Client,
    request: Request,
}

impl<'c> ClientRequest<'c> {
    pub(super) fn new(client: &'c mut Client, request: Request) -> Self {
        Self { client, request }
    }

    /// Adds a header field, instead of the client's field with this name.
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.change(|request| request.header(name, value))
    }

    /// Sets the body. The header `content-type` should name its type.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.change(|request| request.body(body))
    }

    /// Sets a JSON value as the body.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        self.change(|request| request.json(value))
    }

    /// Sets a form as the body.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        self.change(|request| request.form(pairs))
    }

    /// The request is about this plug: see [`Request::about`].
    pub fn about(self, plug: &str) -> Self {
        self.change(|request| request.about(plug))
    }

    /// Sends the request. The answer may have any status.
    ///
    /// # Errors
    /// As [`Request::send`], and those of a new login.
    pub fn send(self) -> Result<Response> {
        self.client.exchange(self.request)
    }

    /// Sends the request, and returns the answer of a success.
    ///
    /// # Errors
    /// As [`ClientRequest::send`] and [`Response::ok`].
    pub fn ok(self) -> Result<Response> {
        self.send()?.ok()
    }

    /// Sends the request, and reads the JSON value of a success.
    ///
    /// # Errors
    /// As [`ClientRequest::ok`] and [`Response::json`].
    pub fn read<T: DeserializeOwned>(self) -> Result<T> {
        self.ok()?.json()
    }

    /// Sends the request, and only checks that it is a success.
    ///
    /// # Errors
    /// As [`ClientRequest::ok`].
    pub fn done(self) -> Result<()> {
        self.ok().map(drop)
    }

    fn change(self, change: impl FnOnce(Request) -> Request) -> Self {
        Self {
            client: self.client,
            request: change(self.request),
        }
    }
}
