//! Builders and conversions for the errors of the contract.
//!
//! | Error | Retried by the host | Use |
//! |---|---|---|
//! | `Unexpected`, `ConnectionLost`, `TimedOut`, `Busy` | yes | The next answer may be better |
//! | `Denied`, by [`Error::mistake`] | no | The plugin has to be changed, or a rule |
//! | All others | no | The device has decided |

mod conversions;

use crate::{Busy, Error, InvalidOption};

/// The result of most functions of a plugin.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// The device answered something that its interface does not allow.
    #[must_use]
    pub fn unexpected(text: impl Into<String>) -> Self {
        Self::Unexpected(text.into())
    }

    /// The plugin and the device do not fit: the plugin has a mistake, or does
    /// not support this device. The host never repeats the call, because the
    /// answer would be the same. `text` states what has to be changed.
    #[must_use]
    pub fn mistake(text: impl Into<String>) -> Self {
        Self::Denied(text.into())
    }

    /// The same error as one that the host retries, if it is a
    /// [`mistake`](Self::mistake). For a device that sometimes answers in
    /// another form: `answer.json().map_err(Error::retried)`.
    #[must_use]
    pub fn retried(self) -> Self {
        match self {
            Self::Denied(text) => Self::Unexpected(text),
            other => other,
        }
    }

    /// The same error with `advice` at its end, if the device was not reached:
    /// for a service that exists only in some places, such as the metadata
    /// service of a cloud.
    #[must_use]
    pub fn advised(self, advice: &str) -> Self {
        let with = |text: String| format!("{text}; {advice}");
        match self {
            Self::ConnectionLost(text) => Self::ConnectionLost(with(text)),
            Self::TimedOut(text) => Self::TimedOut(with(text)),
            Self::Denied(text) => Self::Denied(with(text)),
            other => other,
        }
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
            Self::Denied(text) => format!("denied: {text}"),
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
