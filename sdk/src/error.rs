//! Errors: those of the contract, and how they come about.

use crate::files;
use crate::http::Failure;
use crate::{Busy, Error, InvalidOption};

/// What almost every function of a plugin returns.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// The device answered something that its interface does not allow.
    #[must_use]
    pub fn unexpected(text: impl Into<String>) -> Self {
        Self::Unexpected(text.into())
    }

    /// The device failed or refused what it was asked for, for this `reason`.
    #[must_use]
    pub fn task_failed(reason: impl Into<String>) -> Self {
        Self::TaskFailed(reason.into())
    }

    /// The device has no plug of this name.
    #[must_use]
    pub fn plug_not_found(plug: impl Into<String>) -> Self {
        Self::PlugNotFound(plug.into())
    }

    /// The option `name` does not do; `reason` says why, and what would.
    #[must_use]
    pub fn invalid_option(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidOption(InvalidOption {
            name: name.into(),
            reason: reason.into(),
        })
    }

    /// Not now; the host asks again, and not before `seconds` have passed
    /// where the device said so.
    #[must_use]
    pub fn busy(reason: impl Into<String>, seconds: Option<u32>) -> Self {
        Self::Busy(Busy {
            reason: reason.into(),
            seconds,
        })
    }

    /// The error as part of a log line. (`Display` is wit-bindgen's, for
    /// programmers.) The message of the action is made by the host.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::LoginDenied(text) => format!("log-in denied: {text}"),
            Self::NotPermitted(text) => format!("not permitted: {text}"),
            Self::Denied(text) => format!("refused by the host: {text}"),
            Self::ConnectionLost(text) => format!("connection lost: {text}"),
            Self::TimedOut(text) => format!("timed out: {text}"),
            Self::Busy(busy) => format!("busy: {}", busy.reason),
            Self::PlugNotFound(plug) => format!("no such plug: {plug}"),
            Self::PlugAmbiguous(plugs) => format!("ambiguous plug: it may be {}", plugs.join(", ")),
            Self::TaskFailed(text) => format!("failed: {text}"),
            Self::InvalidOption(option) => format!("option {}: {}", option.name, option.reason),
            Self::Unexpected(text) => format!("unexpected answer: {text}"),
            Self::Unsupported => "not supported".to_owned(),
        }
    }
}

impl From<Failure> for Error {
    /// Whether the host may try again decides: a certificate that does not
    /// verify stays so, hence it counts as a refusal and not as a broken line.
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
    /// A file that is not as it should be does not mend by being asked again.
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
    fn only_what_may_pass_is_tried_again() {
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
