//! Answers, and their errors.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::{Method, status};
use crate::bindings::fencebox::agent::http as wit;
use crate::text::{excerpt, without_quotations};
use crate::{Error, Result};

/// A complete answer with any status.
///
/// `Debug` and all errors leave out possible secrets: header values, and the
/// bodies of successful answers that are JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    asked: String,
    answer: wit::Response,
    /// The URL of the endpoint, if the answer is a redirect.
    base: String,
    /// The plug that the request is about.
    plug: Option<String>,
    /// The device's own reason, as the client finds it.
    reason: Option<String>,
}

impl Response {
    pub(super) fn new(asked: String, answer: wit::Response) -> Self {
        Self {
            asked,
            answer,
            base: String::new(),
            plug: None,
            reason: None,
        }
    }

    /// Adds the URL of the endpoint, for the message about a redirect.
    pub(super) fn with_base(self, base: String) -> Self {
        Self { base, ..self }
    }

    /// Adds the plug that the request is about.
    pub(super) fn with_plug(self, plug: Option<String>) -> Self {
        Self { plug, ..self }
    }

    /// Adds the device's own reason.
    pub(super) fn with_reason(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }

    pub(super) fn plug(&self) -> Option<&str> {
        self.plug.as_deref()
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// The value of the first header field with this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.answer.headers.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All header fields in their order, with names in lower case.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.answer.headers
    }

    /// The body, unchanged.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.answer.body
    }

    /// The body as text, with U+FFFD for bytes that are not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.answer.body).into_owned()
    }

    /// Whether the body is JSON. This distinguishes an answer of the device
    /// from an HTML page of a proxy.
    #[must_use]
    pub fn is_json(&self) -> bool {
        serde_json::from_slice::<IgnoredAny>(&self.answer.body).is_ok()
    }

    /// The body as a JSON value, nested at most 128 levels deep.
    ///
    /// # Errors
    /// [`Error::Unexpected`] if the body is not JSON, such as an incomplete
    /// answer; a [mistake](Error::mistake), which is not retried, if it has
    /// another structure than `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.answer.body).map_err(|problem| {
            // The parser also finds a wrong structure in a text that is cut off.
            if problem.is_data() && self.is_json() {
                let problem = without_quotations(&problem.to_string());
                Error::mistake(self.described(&format!("JSON with a wrong structure: {problem}")))
            } else {
                self.unexpected(&format!("invalid or incomplete JSON: {}", self.shown_body()))
            }
        })
    }

    /// The elements of a JSON array, each by itself: one that is not a `T`, or
    /// that has a member of `T` twice, is its JSON value in `Err` and does not
    /// hide the others. Do not drop it silently.
    ///
    /// # Errors
    /// As [`Response::json`], if the body is not a JSON array.
    pub fn elements<T: DeserializeOwned>(&self) -> Result<Vec<Result<T, Value>>> {
        let elements: Vec<Element<T>> = self.json()?;
        Ok(elements.into_iter().map(Element::into_result).collect())
    }

    /// The answer, if it is a success (2xx).
    ///
    /// # Errors
    /// The error of [`Response::error`] otherwise.
    pub fn ok(self) -> Result<Self> {
        if (200..300).contains(&self.status()) {
            Ok(self)
        } else {
            Err(self.error())
        }
    }

    /// The error that this answer means by its status. The text is the device's
    /// own message, if there is one.
    ///
    /// | status | error |
    /// |---|---|
    /// | 401 | [`Error::LoginDenied`] |
    /// | 403 | [`Error::NotPermitted`] |
    /// | 404 | [`Error::PlugNotFound`] if the request is [about a plug](crate::http::Request::about) and the answer is JSON; [`Error::Unexpected`] if it is about a plug and not JSON, as from a proxy; otherwise a [mistake](Error::mistake) |
    /// | 407 | [`Error::Denied`]: the proxy rejects its credentials |
    /// | 408, 409, 423, 425, 429; 503 with `Retry-After` | [`Error::Busy`], with the seconds of `Retry-After`, 30 at most |
    /// | any other | [`Error::Unexpected`]; for a redirect with the origin and path that it points to |
    #[must_use]
    pub fn error(&self) -> Error {
        status::error(self)
    }

    /// This answer as [`Error::Unexpected`]. `what` describes the unexpected
    /// part.
    #[must_use]
    pub fn unexpected(&self, what: &str) -> Error {
        Error::Unexpected(self.described(what))
    }

    fn described(&self, what: &str) -> String {
        format!("{what} (status {} for {})", self.status(), self.asked)
    }

    /// The device's message about an error, as an [`excerpt`]: the text at
    /// the place that [`Client::reason`](crate::http::Client::reason) names, or at
    /// `message`, `errorMessage`, `detail`, `error`, or `message` in `error`.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        if let Some(reason) = self.reason.as_deref().map(excerpt).filter(|reason| !reason.is_empty()) {
            return Some(reason);
        }
        let body: Value = serde_json::from_slice(&self.answer.body).ok()?;
        ["/message", "/errorMessage", "/detail", "/error", "/error/message"]
            .iter()
            .filter_map(|place| body.pointer(place)?.as_str())
            .map(excerpt)
            .find(|text| !text.is_empty())
    }

    pub(super) fn asked(&self) -> &str {
        &self.asked
    }

    /// The body as text for a message. The body of a success that looks like
    /// JSON is not shown, because it may be an incomplete answer to a login,
    /// with a token.
    fn shown_body(&self) -> String {
        let text = self.text();
        if text.trim().is_empty() {
            return "the body is empty".to_owned();
        }
        let telling = text.chars().find(|character| "{[\"<".contains(*character));
        match telling {
            Some('{' | '[' | '"') if self.status() < 300 => {
                format!("{} bytes that look like JSON", self.answer.body.len())
            }
            _ => excerpt(&text),
        }
    }

    /// The device's [message](Self::message), or an [`excerpt`] of its body if
    /// there is none. The body of a success that looks like JSON is not shown.
    #[must_use]
    pub fn reason(&self) -> String {
        self.message().unwrap_or_else(|| self.shown_body())
    }
}

/// A JSON value that may be a `T`. A member of a structure with any content is an
/// `Element<T>` too, if the rest of the structure matters without it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Element<T> {
    /// A `T`.
    Expected(T),
    /// Another value, which may also have a member twice.
    Odd(Value),
}

impl<T> Element<T> {
    /// The `T`, or the other value.
    ///
    /// # Errors
    /// The other value.
    pub fn into_result(self) -> Result<T, Value> {
        match self {
            Self::Expected(value) => Ok(value),
            Self::Odd(value) => Err(value),
        }
    }

    /// The `T`, if it is one.
    pub fn expected(&self) -> Option<&T> {
        match self {
            Self::Expected(value) => Some(value),
            Self::Odd(_) => None,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Response({} for {}, {} bytes)",
            self.status(),
            self.asked,
            self.answer.body.len()
        )
    }
}

/// The name of a request in messages. Queries are left out, because they may
/// contain keys.
pub(super) fn label(method: Method, path: &str) -> String {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    format!("{} {path}", method_name(method)).trim_end().to_owned()
}

/// The method as HTTP writes it.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

#[cfg(test)]
mod tests;
