//! The far end, as the state machine sees it.

use std::time::Duration;

use super::clock::Deadline;
use super::limits::{LONGEST, Limits};
use super::options::Options;
use crate::Needs;

/// What the device says about the power of a plug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerStatus {
    /// Running, or on its way up or down.
    On,
    /// Off for certain.
    Off,
    /// Neither: not running what it should, and able to go on without being
    /// switched on. Counts as on, but for the action `on`.
    Standby,
    /// Anything else.
    Unknown,
}

/// What a plug is asked to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerTarget {
    /// Switched on.
    On,
    /// Switched off at once.
    Off,
}

impl PowerTarget {
    /// The word that the protocol and the messages use.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Whether the device says that this target is reached.
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
    /// What the option `plug` has to say to mean it.
    pub id: String,
    /// A second name, for people.
    pub alias: Option<String>,
    /// Its power, where the listing tells.
    pub status: Option<PowerStatus>,
}

/// An address that an action has exchanged something with, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePeer {
    /// Such as `https://bmc1:443`.
    pub origin: String,
    /// The address and port that were connected to, the proxy's if there is
    /// one; none if no connection came about.
    pub address: Option<String>,
    /// How many exchanges were tried.
    pub exchanges: u32,
    /// How many of them ended without an answer.
    pub failures: u32,
}

/// Why a call to the device failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device refused the credentials.
    #[error("log-in refused: {0}")]
    LoginDenied(String),
    /// The account lacks a right.
    #[error("not permitted: {0}")]
    NotPermitted(String),
    /// The host refused what the plugin asked for.
    #[error("{0}")]
    Denied(String),
    /// The device hung up or could not be reached.
    #[error("no connection: {0}")]
    ConnectionLost(String),
    /// The device did not answer in time.
    #[error("no answer in time: {0}")]
    TimedOut(String),
    /// The device asks to be asked later.
    #[error("busy: {reason}")]
    Busy {
        /// What keeps it.
        reason: String,
        /// Not before so many seconds have passed.
        seconds: Option<u32>,
    },
    /// The device has no such plug.
    #[error("there is no plug {0:?} on this device; compare the option plug with the action list")]
    PlugNotFound(String),
    /// Several plugs have this name.
    #[error("the name is not unique; set plug to one of these: {}", .0.join(", "))]
    PlugAmbiguous(Vec<String>),
    /// The device accepted the request and then failed it.
    #[error("the device failed the request: {0}")]
    TaskFailed(String),
    /// An option is wrong by the device's rules.
    #[error("option {name}: {reason}")]
    InvalidOption {
        /// Its canonical name.
        name: String,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// The device answered something that its interface does not allow.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
    /// The plugin has no such operation.
    #[error("this agent has no such operation")]
    Unsupported,
    /// The plugin itself failed: a panic, a limit, the deadline.
    #[error("the plugin failed: {0}")]
    Plugin(String),
    /// The action ran out of time.
    #[error("the action ran out of time after {0} s")]
    Deadline(u64),
    /// SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether asking once more may help. A refused log-in never is: devices
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
            | Self::Interrupted => false,
        }
    }
}

/// A device, and one conversation with it, from log-in to log-out. No call
/// waits for an effect; that is what the state machine is for.
pub trait Device {
    /// Refuses option values that could never reach the device, and keeps where
    /// the others put it. Contacts no host. The message names the option.
    fn check(&mut self, options: &Options) -> Result<(), String>;
    /// Makes the device ready to be opened, and gives what it takes of the
    /// system. Called once, after [`Device::check`], and before the process is
    /// confined to that and nothing else; the device leaves no thread behind
    /// that would stay unconfined.
    fn prepare(&mut self) -> Result<Needs, String> {
        Ok(Needs::default())
    }
    /// The longest that an action on it may take, whatever the options allow.
    fn longest(&self) -> Duration {
        LONGEST
    }
    /// Logs in. May be called again after it failed.
    fn open(&mut self, options: &Options, limits: Limits) -> Result<(), Error>;
    /// What follows has to be over by then: the action has become shorter.
    fn set_deadline(&mut self, _deadline: Deadline) {}
    /// From now on what is asked goes over new connections. A device that keeps
    /// connections in its session gets a new session in place of it; it may be
    /// called again after it failed.
    fn renew(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// Does the device let us in, and may we do what fencing needs?
    fn probe(&mut self) -> Result<(), Error>;
    /// The power of one plug as the device reports it now.
    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error>;
    /// Asks for power on or off and returns.
    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error>;
    /// Asks for a power cycle in one request and returns.
    fn cycle(&mut self, plug: &str) -> Result<(), Error>;
    /// True once the device itself says that the cycle is complete.
    fn cycle_complete(&mut self, plug: &str) -> Result<bool, Error>;
    /// All plugs; with their power where `with_status`.
    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>, Error>;
    /// Device diagnostics.
    fn diagnose(&mut self, plug: &str) -> Result<(), Error>;
    /// Logs out. Called once after a successful `open`, also after a failure.
    fn close(&mut self) -> Result<(), Error>;
    /// Whom it has contacted until now, in the order of the first time.
    fn contacts(&self) -> Vec<RemotePeer> {
        Vec::new()
    }
}
