//! Requests, answers, and errors.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use fencebox_policy::Denied;

/// One request of a plugin. It must not be printed, because it contains credentials.
pub struct Request {
    /// Name of the endpoint.
    pub endpoint: String,
    /// Method.
    pub method: Method,
    /// Path and query, after the endpoint's base path.
    pub path: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Vec<u8>>,
    /// Text for the log after method and path.
    pub purpose: String,
}

impl Request {
    /// For the log: without the query, because it may contain keys.
    pub(super) fn what(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}{}", self.method, self.purpose)
    }
}

/// A complete answer. It is printed without its body and its header fields, because they may
/// contain tokens.
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, as it was sent.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("body length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why a request failed (`http.error`). Texts name the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented once, in http.wit")]
pub enum Failure {
    #[error("refused: {0}")]
    Denied(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    TimedOut(String),
    #[error("{0}")]
    Broken(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("refused: {0}")]
    Invalid(String),
}

impl Failure {
    /// The plugin's request is malformed.
    pub(crate) fn invalid(reason: impl std::error::Error) -> Self {
        Self::Invalid(reason.to_string())
    }
}

impl From<Denied> for Failure {
    fn from(rule: Denied) -> Self {
        Self::Denied(rule.to_string())
    }
}
