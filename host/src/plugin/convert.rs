//! Converts from the contract's types into the host's types.

use super::bindings::fencebox::agent::metadata as wit;
use super::bindings::fencebox::agent::types;
use crate::agent::description as agent;
use crate::agent::device::{Error, PowerStatus};
use crate::policy;

// The SDK's tests convert a description in the same way, with its own bindings.
#[path = "../../../sdk/src/testing/session/convert.rs"]
mod description;
pub(super) use description::convert;

/// The power status that the plugin returned.
pub(super) fn power_status(status: types::PowerStatus) -> PowerStatus {
    match status {
        types::PowerStatus::On => PowerStatus::On,
        types::PowerStatus::Off => PowerStatus::Off,
        types::PowerStatus::Standby => PowerStatus::Standby,
        types::PowerStatus::Unknown => PowerStatus::Unknown,
    }
}

/// An error that the plugin returned.
pub(super) fn error(error: types::Error) -> Error {
    match error {
        types::Error::LoginDenied(text) => Error::LoginDenied(text),
        types::Error::NotPermitted(text) => Error::NotPermitted(text),
        types::Error::Denied(text) => Error::Denied(text),
        types::Error::ConnectionLost(text) => Error::ConnectionLost(text),
        types::Error::TimedOut(text) => Error::TimedOut(text),
        types::Error::Busy(busy) => Error::Busy {
            reason: busy.reason,
            seconds: busy.seconds,
        },
        types::Error::PlugNotFound(plug) => Error::PlugNotFound(plug),
        types::Error::PlugAmbiguous(plugs) => Error::PlugAmbiguous(plugs),
        types::Error::TaskFailed(text) => Error::TaskFailed(text),
        types::Error::InvalidOption(option) => Error::InvalidOption {
            name: option.name,
            reason: option.reason,
        },
        types::Error::Unexpected(text) => Error::Unexpected(text),
        types::Error::Unsupported => Error::Unsupported,
    }
}
