//! Answers, and what is wrong with them.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::{Method, status};
use crate::bindings::fencebox::agent::http as wit;
use crate::text::{excerpt, without_quotations};
use crate::{Error, Result};

/// A complete answer of any status.
///
/// `Debug` and all errors leave out what may be a secret: header values, and
/// the bodies of answers that are JSON and a success.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    asked: String,
    answer: wit::Response,
}

impl Response {
    pub(super) fn new(asked: String, answer: wit::Response) -> Self {
        Self { asked, answer }
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// The first header field of this name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.answer.headers.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All header fields, names in lower case, in the order they came.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.answer.headers
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.answer.body
    }

    /// The body as text, with U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.answer.body).into_owned()
    }

    /// Whether the body is JSON. It tells an answer of the device from a page
    /// that some proxy before it made up.
    #[must_use]
    pub fn is_json(&self) -> bool {
        serde_json::from_slice::<IgnoredAny>(&self.answer.body).is_ok()
    }

    /// The body as a JSON value, nested 128 deep at most.
    ///
    /// # Errors
    /// [`Error::Unexpected`] where it is no JSON, or not of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.answer.body).map_err(|problem| {
            if problem.is_data() {
                let problem = without_quotations(&problem.to_string());
                self.unexpected(&format!("other JSON than its interface says: {problem}"))
            } else {
                self.unexpected(&format!("no complete JSON: {}", self.shown_body()))
            }
        })
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

    /// What this answer means as an error, by its status and with the
    /// device's own words where it has any:
    ///
    /// | status | error |
    /// |---|---|
    /// | 401 | [`Error::LoginDenied`] |
    /// | 403 | [`Error::NotPermitted`] |
    /// | 407 | [`Error::Denied`]: the proxy wants other credentials |
    /// | 408, 409, 423, 425, 429; 503 with `Retry-After` | [`Error::Busy`], with the seconds of `Retry-After`, 30 at most |
    /// | any other | [`Error::Unexpected`]; of a redirect with the host it points to |
    #[must_use]
    pub fn error(&self) -> Error {
        status::error(self)
    }

    /// This answer as [`Error::Unexpected`]: `what` it had and should not
    /// have had.
    #[must_use]
    pub fn unexpected(&self, what: &str) -> Error {
        Error::Unexpected(format!("{what} (status {} for {})", self.status(), self.asked))
    }

    /// What the device says about an error, as an [`excerpt`]: the text at
    /// `message`, `errorMessage`, `detail`, `error`, or `message` in `error`.
    #[must_use]
    pub fn message(&self) -> Option<String> {
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

    /// The body for a message. Of a success that is rather JSON than a page
    /// nothing is shown: an answer to a log-in is one, and may be cut short or
    /// have something before it.
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

    /// The device's words, or else its body.
    pub(super) fn words(&self) -> String {
        self.message().unwrap_or_else(|| self.shown_body())
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

/// A request as messages name it. Queries are left out: keys are put there.
pub(super) fn label(method: Method, path: &str) -> String {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    format!("{} {path}", method_name(method)).trim_end().to_owned()
}

/// The method as HTTP spells it.
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
