//! The interface of a device for the state machine.

use std::time::Duration;

use super::clock::Deadline;
use super::limits::{LONGEST, Limits};
use super::options::Options;
use crate::Needs;

/// The power status of a plug, as the device reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerStatus {
    /// The machine runs, starts or shuts down.
    On,
    /// The machine is off.
    Off,
    /// The machine does not run, but can resume without being switched on.
    /// Counts as on, except for the action `on`.
    Standby,
    /// Any other status.
    Unknown,
}

impl PowerStatus {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Standby => "standby",
            Self::Unknown => "unknown",
        }
    }
}

/// The power that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerTarget {
    /// Switch the plug on.
    On,
    /// Switch the plug off immediately.
    Off,
}

impl PowerTarget {
    /// The word in the protocol and in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Whether a plug with this status has reached the target.
    pub fn reached(self, status: PowerStatus) -> bool {
        matches!(
            (self, status),
            (Self::On, PowerStatus::On) | (Self::Off, PowerStatus::Off)
        )
    }
}

/// One row of `list` and `list-status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plug {
    /// The value of option `plug` for this plug.
    pub id: String,
    /// A second, readable name.
    pub alias: Option<String>,
    /// The power status, if the listing contains it.
    pub status: Option<PowerStatus>,
}

/// A remote peer that the action has contacted or tried to contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePeer {
    /// The origin, such as `https://bmc1:443`.
    pub origin: String,
    /// The address and port of the connection, or those of the proxy; none if no
    /// connection was made.
    pub address: Option<String>,
    /// Number of exchanges, with failed ones.
    pub exchanges: u32,
    /// Number of exchanges that ended without an answer.
    pub failures: u32,
}

/// Why a call to the device failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device rejected the credentials.
    #[error("login refused: {0}")]
    LoginDenied(String),
    /// The account lacks a permission.
    #[error("not permitted: {0}")]
    NotPermitted(String),
    /// The host denied a call of the plugin.
    #[error("{0}")]
    Denied(String),
    /// The device closed the connection or could not be reached.
    #[error("no connection: {0}")]
    ConnectionLost(String),
    /// The device did not answer in time.
    #[error("no answer in time: {0}")]
    TimedOut(String),
    /// The device is busy; the request can be repeated later.
    #[error("busy: {reason}")]
    Busy {
        /// Why the device is busy.
        reason: String,
        /// Time before the next request, in seconds, if the device names one.
        seconds: Option<u32>,
    },
    /// The device has no such plug.
    #[error("the device has no plug {0:?}; compare option plug with the output of action list")]
    PlugNotFound(String),
    /// Several plugs have this name.
    #[error("the name is not unique; set plug to one of these: {}", .0.join(", "))]
    PlugAmbiguous(Vec<String>),
    /// The device accepted the request and then failed it.
    #[error("the device failed the request: {0}")]
    TaskFailed(String),
    /// The plugin rejects the value of an option.
    #[error("option {name}: {reason}")]
    InvalidOption {
        /// The canonical name of the option.
        name: String,
        /// The reason and the remedy.
        reason: String,
    },
    /// The answer of the device is invalid.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
    /// The plugin does not support the operation.
    #[error("this agent has no such operation")]
    Unsupported,
    /// The plugin itself failed: a panic, a limit or the deadline.
    #[error("the plugin failed: {0}")]
    Plugin(String),
    /// The action reached its deadline, in seconds since the agent's start.
    #[error("the action ran out of time after {0} s")]
    Deadline(u64),
    /// SIGTERM ended the action.
    #[error("interrupted")]
    Interrupted,
    /// The deadline or SIGTERM ended the action after a failure that could be
    /// temporary. The failure is the device's own reason.
    #[error("{stop}; last error: {last}")]
    Stopped {
        /// What ended the action.
        stop: Box<Error>,
        /// The last failure before.
        last: Box<Error>,
    },
}

impl Error {
    /// Whether a retry can help. A denied login is never retried, because devices
    /// lock accounts.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::ConnectionLost(_) | Self::TimedOut(_) | Self::Busy { .. } | Self::Unexpected(_) => true,
            Self::LoginDenied(_)
            | Self::NotPermitted(_)
            | Self::Denied(_)
            | Self::PlugNotFound(_)
            | Self::PlugAmbiguous(_)
            | Self::TaskFailed(_)
            | Self::InvalidOption { .. }
            | Self::Unsupported
            | Self::Plugin(_)
            | Self::Deadline(_)
            | Self::Interrupted
            | Self::Stopped { .. } => false,
        }
    }

    /// What a person can do about it; none if the message says it.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::LoginDenied(_) => {
                "check the login on the device's own page; do not try often, because devices lock accounts"
            }
            Self::NotPermitted(_) => "give the account the permissions that `fencebox inspect` lists",
            Self::ConnectionLost(_) => {
                "check ip and ipport, that the device is on, and the cables and firewalls between it and this machine"
            }
            Self::TimedOut(_) => {
                "check that the device is on; if it is only slow, set the option that is named to more seconds"
            }
            Self::Busy { .. } => "wait until the device has ended its own task, then check again",
            Self::TaskFailed(_) => "read the log of the device: the reason is there",
            Self::Unexpected(_) => {
                "check that ip is the address of this kind of device; if it is, report it with a recording \
                 (`fencebox trace`)"
            }
            Self::Plugin(_) => {
                "run `fencebox verify`; if all files are as installed, report it with a recording (`fencebox trace`)"
            }
            Self::Deadline(_) => "find the slow step above, and the option that bounds it",
            Self::Stopped { last, .. } => return last.remedy(),
            // A certificate that is not trusted, or a rule: the text names the option or the rule.
            Self::Denied(_)
            | Self::PlugNotFound(_)
            | Self::PlugAmbiguous(_)
            | Self::InvalidOption { .. }
            | Self::Unsupported
            | Self::Interrupted => return None,
        })
    }

    /// This error with the failure before it, if this one only says that the action
    /// ended.
    #[must_use]
    pub fn after(self, last: Option<&Self>) -> Self {
        match (self, last) {
            (stop @ (Self::Deadline(_) | Self::Interrupted), Some(last)) => Self::Stopped {
                stop: Box::new(stop),
                last: Box::new(last.clone()),
            },
            (other, _) => other,
        }
    }
}

/// Why an action was refused before the device was contacted. The text names the option, the file or the rule.
pub type Rejection = Box<dyn std::error::Error + Send + Sync>;

/// A device, with one session from login to logout. No call waits for an effect;
/// the state machine does that.
pub trait Device {
    /// Rejects option values that do not lead to a device, and stores the places
    /// that the options name. Does not contact the device. The error message
    /// names the option.
    fn locate(&mut self, options: &Options) -> Result<(), Rejection>;
    /// Prepares the device and returns the resources of the system that it
    /// needs. Called once, after [`Device::locate`] and before the process is
    /// confined to these resources. No thread may stay, because it would not be
    /// confined.
    fn prepare(&mut self) -> Result<Needs, Rejection> {
        Ok(Needs::default())
    }
    /// Checks the options by the rules of the device, without contacting it.
    /// Called after [`Device::prepare`], only if the device declares
    /// `operations.check-options`. Secrets from sources that were not read yet
    /// count as given.
    fn check_options(&mut self, _options: &Options) -> Result<(), Error> {
        Ok(())
    }
    /// The maximum time of an action. The options cannot extend it.
    fn longest(&self) -> Duration {
        LONGEST
    }
    /// Logs in. Can be called again after a failure.
    fn open(&mut self, options: &Options, limits: Limits) -> Result<(), Error>;
    /// Sets a new, earlier deadline for all later calls.
    fn set_deadline(&mut self, _deadline: Deadline) {}
    /// Makes later calls use new connections. If the session contains connections,
    /// it is replaced by a new session. Can be called again after a failure.
    fn renew(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// Checks that the device accepts the login and that the account has the
    /// permissions for fencing.
    fn probe(&mut self) -> Result<(), Error>;
    /// Reads the current power status of one plug.
    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error>;
    /// Requests power on or off, and returns without waiting for it.
    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error>;
    /// Requests a power cycle, and returns without waiting for it.
    fn cycle(&mut self, plug: &str) -> Result<(), Error>;
    /// Whether the device itself reports that the cycle is complete.
    fn cycle_complete(&mut self, plug: &str) -> Result<bool, Error>;
    /// Lists all plugs; with their power status if `with_status`.
    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>, Error>;
    /// Requests diagnostics, such as a memory dump of the machine.
    fn diagnose(&mut self, plug: &str) -> Result<(), Error>;
    /// Logs out. Called once after a successful `open`, also if the action failed.
    fn close(&mut self) -> Result<(), Error>;
    /// The remote peers until now, in the order of the first contact.
    fn contacts(&self) -> Vec<RemotePeer> {
        Vec::new()
    }
}
