//! Why a session or a request failed.

use std::{fmt, io};

/// A step of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Get Channel Authentication Capabilities.
    Capabilities,
    /// Get Channel Cipher Suites.
    Suites,
    /// Open Session, and RAKP 1 to 4, of IPMI 2.0.
    Open,
    /// RAKP 1 and 2: the user.
    User,
    /// RAKP 3 and 4: the password.
    Password,
    /// Get Session Challenge, of IPMI 1.5.
    Challenge,
    /// Activate Session, of IPMI 1.5.
    Activate,
    /// Set Session Privilege Level.
    Privilege,
    /// A request in the session.
    Request,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Capabilities => "Get Channel Authentication Capabilities",
            Self::Suites => "Get Channel Cipher Suites",
            Self::Open => "Open Session",
            Self::User => "RAKP 1",
            Self::Password => "RAKP 3",
            Self::Challenge => "Get Session Challenge",
            Self::Activate => "Activate Session",
            Self::Privilege => "Set Session Privilege Level",
            Self::Request => "the request",
        })
    }
}

/// Why a session or a request failed. The text has no names of options.
#[derive(Debug)]
pub enum Failure {
    /// No answer within the time limit. Other datagrams arrived, and were dropped.
    Silent {
        /// The request that was not answered.
        step: Step,
        /// The number of these datagrams.
        dropped: u32,
    },
    /// The system's error.
    Io(io::Error),
    /// The BMC has no user of this name, or none who may log in.
    UnknownUser,
    /// The BMC does not have the same password for this user.
    WrongPassword,
    /// The BMC has the same password, and another key Kg.
    WrongKey,
    /// The user or the channel does not have the requested privilege level.
    Privilege,
    /// The BMC has no free session, or cannot answer now.
    Busy(String),
    /// None of these suites of the BMC can be used without the caller's word.
    Suites(Vec<u8>),
    /// The BMC rejected this suite.
    SuiteRejected(u8),
    /// The BMC does not offer this version of IPMI.
    Version(&'static str),
    /// The BMC does not offer an authentication type that may be used.
    Auth,
    /// The BMC answered a request with this completion code.
    Completion(u8),
    /// The BMC answered a step of the login with this status code.
    Status(Step, u8),
    /// An answer that the specification does not allow.
    Invalid(String),
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent { step, dropped: 0 } => write!(formatter, "no answer to {step}"),
            Self::Silent { step, dropped } => {
                write!(
                    formatter,
                    "no valid answer to {step} ({dropped} other datagrams dropped)"
                )
            }
            Self::Io(cause) => cause.fmt(formatter),
            Self::UnknownUser => formatter.write_str("the BMC does not accept the user name"),
            Self::WrongPassword => formatter.write_str("wrong password"),
            Self::WrongKey => formatter.write_str("the BMC uses another key Kg"),
            Self::Privilege => formatter.write_str("the account or the channel does not have the privilege level"),
            Self::Busy(reason) => formatter.write_str(reason),
            Self::Suites(offered) => write!(formatter, "the BMC offers only the cipher suites {offered:?}"),
            Self::SuiteRejected(suite) => write!(formatter, "the BMC rejects cipher suite {suite}"),
            Self::Version(version) => write!(formatter, "the BMC does not offer IPMI {version}"),
            Self::Auth => formatter.write_str("the BMC does not offer the authentication type"),
            Self::Completion(code) => write!(formatter, "{} (completion code {code:02x})", completion(*code)),
            Self::Status(step, code) => write!(formatter, "{step} failed (status code {code:02x})"),
            Self::Invalid(text) => formatter.write_str(text),
        }
    }
}

impl Failure {
    /// The failure for a status code in the answer to a step (table 13-15).
    pub(crate) fn of_status(step: Step, code: u8, suite: u8) -> Self {
        match code {
            0x01 | 0x0b => Self::Busy("the BMC has no free session".to_owned()),
            0x04..=0x07 | 0x10 | 0x11 => Self::SuiteRejected(suite),
            0x09 | 0x0a => Self::Privilege,
            0x0c | 0x0d => Self::UnknownUser,
            0x0f => Self::WrongPassword,
            _ => Self::Status(step, code),
        }
    }
}

/// The meaning of a completion code (table 5-2).
#[must_use]
pub fn completion(code: u8) -> &'static str {
    match code {
        0xc0 => "the BMC is busy",
        0xc1 | 0xc2 => "the BMC does not have this command",
        0xc3 => "the BMC needed too long",
        0xc4 => "the BMC is out of space",
        0xc7 | 0xc8 | 0xcc | 0xc9 => "the BMC does not accept the data of the request",
        0xce => "the BMC cannot answer",
        0xd0 => "the BMC updates its sensor data",
        0xd1 => "the BMC updates its firmware",
        0xd2 => "the BMC starts",
        0xd3 => "the destination is not available",
        0xd4 => "the privilege level is not sufficient",
        0xd5 => "not possible in the present state",
        0xd6 => "the function is disabled",
        _ => "the BMC failed the request",
    }
}
