//! Builders and conversions for the errors of the contract.

use crate::files;
use crate::http::Failure;
use crate::{Busy, Error, InvalidOption};

/// The result of most functions of a plugin.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// The device answered something that its interface does not allow.
    #[must_use]
    pub fn unexpected(text: impl Into<String>) -> Self {
        Self::Unexpected(text.into())
    }

    /// The device failed or refused the request, for this `reason`.
    #[must_use]
    pub fn task_failed(reason: impl Into<String>) -> Self {
        Self::TaskFailed(reason.into())
    }

    /// The device has no plug of this name.
    #[must_use]
    pub fn plug_not_found(plug: impl Into<String>) -> Self {
        Self::PlugNotFound(plug.into())
    }

    /// The value of option `name` is invalid. `reason` states what is wrong and
    /// what is allowed: the message is `option NAME: REASON`.
    #[must_use]
    pub fn invalid_option(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidOption(InvalidOption {
            name: name.into(),
            reason: reason.into(),
        })
    }

    /// The device is busy. The host retries, after `seconds` at the earliest if
    /// the device named a time.
    #[must_use]
    pub fn busy(reason: impl Into<String>, seconds: Option<u32>) -> Self {
        Self::Busy(Busy {
            reason: reason.into(),
            seconds,
        })
    }

    /// The error as part of a log line. (`Display` comes from wit-bindgen and
    /// is for debugging.) The host writes the message of the action.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::LoginDenied(text) => format!("login denied: {text}"),
            Self::NotPermitted(text) => format!("not permitted: {text}"),
            Self::Denied(text) => format!("denied by the host: {text}"),
            Self::ConnectionLost(text) => format!("connection lost: {text}"),
            Self::TimedOut(text) => format!("timed out: {text}"),
            Self::Busy(busy) => format!("busy: {}", busy.reason),
            Self::PlugNotFound(plug) => format!("no such plug: {plug}"),
            Self::PlugAmbiguous(plugs) => format!("ambiguous plug; it matches {}", plugs.join(", ")),
            Self::TaskFailed(text) => format!("failed: {text}"),
            Self::InvalidOption(option) => format!("option {}: {}", option.name, option.reason),
            Self::Unexpected(text) => format!("unexpected answer: {text}"),
            Self::Unsupported => "not supported".to_owned(),
        }
    }
}

impl From<Failure> for Error {
    /// Selects the error by whether a retry can help. An invalid certificate
    /// stays invalid, so it is denied and not a lost connection.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(text) | Failure::Invalid(text) | Failure::Tls(text) => Self::Denied(text),
            Failure::Unreachable(text) | Failure::Broken(text) => Self::ConnectionLost(text),
            Failure::TimedOut(text) => Self::TimedOut(text),
            Failure::TooLarge(text) => Self::Unexpected(text),
        }
    }
}

impl From<files::Failure> for Error {
    /// A retry does not help with a wrong file, so no error here is retried.
    fn from(failure: files::Failure) -> Self {
        match failure {
            files::Failure::Denied(text) => Self::Denied(text),
            files::Failure::NotFound(text) | files::Failure::TooLarge(text) | files::Failure::Failed(text) => {
                Self::TaskFailed(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use crate::Error;

    #[test]
    fn only_transient_failures_are_retried() {
        let text = || "x".to_owned();
        for (failure, error) in [
            (Failure::Denied(text()), Error::Denied(text())),
            (Failure::Invalid(text()), Error::Denied(text())),
            (Failure::Tls(text()), Error::Denied(text())),
            (Failure::Unreachable(text()), Error::ConnectionLost(text())),
            (Failure::Broken(text()), Error::ConnectionLost(text())),
            (Failure::TimedOut(text()), Error::TimedOut(text())),
            (Failure::TooLarge(text()), Error::Unexpected(text())),
        ] {
            assert_eq!(Error::from(failure), error);
        }
    }
}
