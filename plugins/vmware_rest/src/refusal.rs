//! What the error of vCenter means.
//!
//! An error of `/rest` has a `type`, `com.vmware.vapi.std.errors.NAME`; one of `/api` has an `error_type`, which is the
//! name in capital letters. Texts may be localized, so only the name and the status decide.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

/// The kinds of answers that fencing distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Success,
    /// The machine is already in the target state.
    AlreadyThere,
    /// vCenter cannot read the state of the machine.
    Inaccessible,
    /// The list has more rows than the API returns.
    TooMany,
    /// The same request may succeed later.
    Busy,
    Other,
}

pub(crate) fn kind(answer: &Response) -> Kind {
    if (200..300).contains(&answer.status()) {
        return Kind::Success;
    }
    match (name(answer).as_deref(), answer.status()) {
        (Some("already_in_desired_state"), _) => Kind::AlreadyThere,
        (Some("resource_inaccessible" | "service_unavailable"), _) => Kind::Inaccessible,
        (Some("unable_to_allocate_resource"), 400) => Kind::TooMany,
        (
            Some(
                "not_allowed_in_current_state"
                | "resource_busy"
                | "resource_in_use"
                | "concurrent_change"
                | "timed_out",
            ),
            _,
        ) => Kind::Busy,
        _ => Kind::Other,
    }
}

/// The name of the error, in small letters.
fn name(answer: &Response) -> Option<String> {
    let body: Value = answer.json().ok()?;
    let name = match (body["error_type"].as_str(), body["type"].as_str()) {
        (Some(name), _) => name,
        (None, Some(name)) => name.rsplit('.').next()?,
        (None, None) => return None,
    };
    Some(name.to_ascii_lowercase())
}

/// The device's reason: the name with the first message.
pub(crate) fn reason(answer: &Response) -> Option<String> {
    let name = name(answer)?;
    let body: Value = answer.json().ok()?;
    let places = ["/value/messages/0/default_message", "/messages/0/default_message"];
    let mut texts = places.iter().filter_map(|place| body.pointer(place)?.as_str());
    Some(match texts.find(|text| !text.is_empty()) {
        Some(text) => format!("{name}: {text}"),
        None => name,
    })
}

/// The answer to a login. A refused login is never repeated.
pub(crate) fn check_login(answer: Response) -> Result<Response> {
    match answer.status() {
        200..=299 => Ok(answer),
        401 | 403 => {
            let (reason, status) = (answer.reason(), answer.status());
            Err(Error::LoginDenied(format!("{reason} (status {status} for the login)")))
        }
        404 => Err(Error::invalid_option(
            "api_path",
            "the device has no session service there; it is /rest before vSphere 7.0, and /rest or /api since; an ESXi \
             host without vCenter needs fence_vmware_soap",
        )),
        _ => Err(of_read(&answer, "")),
    }
}

/// The error of a read about a plug.
pub(crate) fn of_read(answer: &Response, plug: &str) -> Error {
    match (kind(answer), answer.status()) {
        // 429 and 503 name a time to wait.
        (_, 429 | 503) if answer.header("retry-after").is_some() => answer.error(),
        (Kind::Busy | Kind::Inaccessible, _) | (_, 503) => Error::busy(answer.reason(), None),
        (_, 403) => not_permitted(answer, "the account needs System.Read on the machine"),
        (_, 404) if name(answer).as_deref() == Some("not_found") && !plug.is_empty() => Error::plug_not_found(plug),
        // A path that vCenter does not have is one of a proxy, or of a vCenter that starts.
        (_, 400 | 404) => answer.unexpected(&answer.reason()),
        _ => answer.error(),
    }
}

/// The error of a request that switches a machine.
pub(crate) fn of_request(answer: &Response, plug: &str) -> Error {
    match (kind(answer), answer.status()) {
        (_, 403) => not_permitted(
            answer,
            "the account needs VirtualMachine.Interact.PowerOff and VirtualMachine.Interact.PowerOn on the machine",
        ),
        (Kind::TooMany | Kind::Other, 400 | 405 | 501) if name(answer).is_some() => Error::task_failed(answer.reason()),
        (Kind::Inaccessible, _) => Error::task_failed(answer.reason()),
        (Kind::Other, 500) if name(answer).is_some() => Error::task_failed(answer.reason()),
        _ => of_read(answer, plug),
    }
}

fn not_permitted(answer: &Response, remedy: &str) -> Error {
    Error::NotPermitted(format!("{}; {remedy} (status {})", answer.reason(), answer.status()))
}
