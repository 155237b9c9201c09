//! Failures of the BMC as errors of the contract, with the option to change.

use std::io;

use fencebox_ipmi::{Failure, Step};
use fencebox_sdk::prelude::*;

use crate::settings::Settings;

/// The failure of a login, or of a read.
pub(crate) fn of_read(failure: Failure, settings: &Settings) -> Error {
    let text = format!("{}: {failure}", peer(settings));
    match failure {
        Failure::Silent {
            step: Step::Activate, ..
        } => Error::LoginDenied(format!(
            "{text}: a BMC does not answer a wrong password of IPMI 1.5; compare username, password and auth, or set \
             lanplus=1"
        )),
        Failure::Silent { .. } => Error::TimedOut(format!(
            "{text}; compare ip and ipport, and switch IPMI over LAN on in the BMC"
        )),
        Failure::Io(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Error::Denied(text),
        Failure::Io(_) => Error::ConnectionLost(text),
        Failure::UnknownUser => Error::LoginDenied(format!("{text}; compare username and privlvl")),
        Failure::WrongPassword => Error::LoginDenied(format!("{text}; compare username and password")),
        Failure::WrongKey => Error::LoginDenied(format!("{text}; set hexadecimal_kg")),
        Failure::Privilege | Failure::Completion(0xd4) => {
            Error::NotPermitted(format!("{text}; set privlvl=operator, or allow more in the BMC"))
        }
        Failure::Busy(_) | Failure::Completion(0xc0 | 0xc3 | 0xd0..=0xd2) => Error::busy(text, None),
        Failure::Suites(_) => Error::invalid_option("cipher", format!("{text}; set it to use one of them")),
        Failure::SuiteRejected(_) => Error::invalid_option("cipher", format!("{text}; set another one")),
        Failure::Version(_) => Error::invalid_option("lanplus", format!("{text}; set lanplus=0 for IPMI 1.5")),
        Failure::Auth => Error::invalid_option("auth", format!("{text}; set another one, or set lanplus=1")),
        Failure::Completion(_) | Failure::Status(..) | Failure::Invalid(_) => Error::unexpected(text),
    }
}

/// The failure of a request that switches the power: a completion code is the BMC's own
/// word that it has not switched.
pub(crate) fn of_control(failure: Failure, settings: &Settings) -> Error {
    let is_refusal = matches!(failure, Failure::Completion(_));
    match of_read(failure, settings) {
        Error::Unexpected(text) if is_refusal => Error::TaskFailed(text),
        other => other,
    }
}

fn peer(settings: &Settings) -> String {
    let Settings { host, port, .. } = settings;
    if host.contains(':') {
        format!("the BMC at [{host}]:{port}")
    } else {
        format!("the BMC at {host}:{port}")
    }
}
