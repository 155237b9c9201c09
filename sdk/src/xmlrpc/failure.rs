//! Why a call has no value.

use std::fmt;

use crate::Error;
use crate::bindings::fencebox::agent::xmlrpc as wit;
use crate::http::{self, status};
use crate::text::excerpt;

/// Why there is no value. As an [`Error`]: what HTTP failed with, as there; a
/// status by the table of [`http::Response::error`]; a fault and a malformed
/// answer as [`Error::Unexpected`].
///
/// `Debug` does not show what the device said in a fault: it may repeat what
/// it was sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Failure {
    /// There is no answer.
    Http(http::Failure),
    /// The answer has an HTTP status that is not 200.
    Status {
        /// What was called.
        method: String,
        /// The status.
        status: u16,
    },
    /// The `fault` of the protocol. What a device reports in its own way is
    /// not one.
    Fault {
        /// What was called.
        method: String,
        /// `faultCode`.
        code: i64,
        /// `faultString`, as it came.
        message: String,
    },
    /// The answer is no XML-RPC, or beyond a limit. The device has acted.
    Malformed {
        /// What was called.
        method: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Failure {
    pub(super) fn new(method: &str, problem: wit::Error) -> Self {
        let method = method.to_owned();
        match problem {
            wit::Error::Http(failure) => Self::Http(failure),
            wit::Error::Status(status) => Self::Status { method, status },
            wit::Error::Fault(wit::Fault { code, message }) => Self::Fault { method, code, message },
            wit::Error::Malformed(reason) => Self::Malformed { method, reason },
        }
    }

    /// What the plugin asked for cannot be sent.
    pub(super) fn refused(problem: &Error) -> Self {
        match problem {
            Error::Denied(text) => Self::Http(http::Failure::Invalid(text.clone())),
            other => Self::Http(http::Failure::Invalid(other.text())),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Http(failure) => failure.into(),
            Failure::Status { method, status } => status::bare(status, &method),
            Failure::Fault { method, code, message } => Self::Unexpected(format!(
                "the device answered {method} with the fault {code}: {}",
                excerpt(&message)
            )),
            Failure::Malformed { method, reason } => {
                Self::Unexpected(format!("the answer to {method} is no XML-RPC: {reason}"))
            }
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(failure) => write!(formatter, "Http({failure:?})"),
            Self::Status { method, status } => write!(formatter, "Status({method}, {status})"),
            Self::Fault { method, code, .. } => write!(formatter, "Fault({method}, {code})"),
            Self::Malformed { method, reason } => write!(formatter, "Malformed({method}, {reason})"),
        }
    }
}
