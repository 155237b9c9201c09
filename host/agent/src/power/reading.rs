//! The power status of several plugs.

use std::fmt;

use crate::device::{PowerStatus, PowerTarget};

/// The power status of several plugs, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading(pub(super) Vec<PowerStatus>);

impl Reading {
    /// The common status: unknown if any plug is unknown, off if all are off,
    /// otherwise on. (In the Python agents, a later plug can hide an earlier
    /// unknown.)
    pub fn overall(&self) -> PowerStatus {
        if self.0.contains(&PowerStatus::Unknown) {
            PowerStatus::Unknown
        } else if self.0.iter().all(|status| *status == PowerStatus::Off) {
            PowerStatus::Off
        } else {
            PowerStatus::On
        }
    }

    /// Whether every plug has reached the target.
    pub fn reached(&self, target: PowerTarget) -> bool {
        self.0.iter().all(|status| target.reached(*status))
    }

    /// Whether any plug is off.
    pub fn is_any_off(&self) -> bool {
        self.0.contains(&PowerStatus::Off)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
