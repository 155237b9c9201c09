//! Why a call returned no value.

use std::fmt;

use crate::Error;
use crate::bindings::fencebox::agent::xmlrpc as wit;
use crate::http::{self, status};
use crate::text::excerpt;

/// Why a call returned no value. As an [`Error`]: an HTTP failure becomes the
/// same error as in [`http`]; a status follows the table of
/// [`http::Response::error`]; a fault and a malformed answer become
/// [`Error::Unexpected`].
///
/// `Debug` does not show the message of a fault: the device may repeat
/// credentials in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Failure {
    /// The answer is missing.
    Http(http::Failure),
    /// The answer has an HTTP status that is not 200.
    Status {
        /// The method that was called.
        method: String,
        /// The status.
        status: u16,
    },
    /// A `fault` of the XML-RPC protocol. An error that a device returns as a
    /// value is not a fault.
    Fault {
        /// The method that was called.
        method: String,
        /// `faultCode`.
        code: i64,
        /// `faultString`, unchanged.
        message: String,
    },
    /// The answer is not XML-RPC, or exceeds a limit. The device has acted.
    Malformed {
        /// The method that was called.
        method: String,
        /// What is wrong with the answer.
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

    /// The call of the plugin cannot be sent.
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
                Self::Unexpected(format!("the answer to {method} is not XML-RPC: {reason}"))
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
