//! What the error of a device means.
//!
//! Devices localize texts, so only the status and the message ids decide. A
//! message id is `Registry.Version.Key`; the keys are those of the registries of
//! DMTF (`Base`) and of the vendors (`iLO`, `IDRAC`, `SMC`, …).

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

/// The system is already in the target state.
const ALREADY_THERE: [&str; 6] = [
    "NoOperation",
    "ResetNotRequired",
    // Dell: the server is already on, or off.
    "PSU501",
    "PSU502",
    // HPE, for a request that the power state does not allow.
    "InvalidOperationForSystemState",
    "InvalidOperationForSystemPowerState",
];
/// The same request may succeed later.
const BUSY: [&str; 7] = [
    "ServiceTemporarilyUnavailable",
    "ServiceInUnknownState",
    "ServiceShuttingDown",
    "ResourceInUse",
    "SessionLimitExceeded",
    "CreateLimitReachedForResource",
    // Dell: the BMC is starting.
    "SWC0700",
];
/// The account lacks a permission.
const NOT_PERMITTED: [&str; 3] = [
    "InsufficientPrivilege",
    "InsufficientPrivilegeForOperation",
    "AccessDenied",
];

/// The messages in the body of an error: that of DSP0266, and that of HPE iLO 4.
fn messages(answer: &Response) -> Vec<Value> {
    let body: Value = answer.json().unwrap_or_default();
    let places = ["/error/@Message.ExtendedInfo", "/@Message.ExtendedInfo", "/Messages"];
    let lists = places.iter().filter_map(|place| body.pointer(place)?.as_array());
    lists.flatten().cloned().collect()
}

fn id(message: &Value) -> Option<&str> {
    message["MessageId"].as_str().or_else(|| message["MessageID"].as_str())
}

/// Whether a message of the answer has one of these keys.
fn has(answer: &Response, keys: &[&str]) -> bool {
    let messages = messages(answer);
    let mut ids = messages.iter().filter_map(id);
    ids.any(|id| id.rsplit('.').next().is_some_and(|key| keys.contains(&key)))
}

/// The device's reason: the first message with its id.
pub(crate) fn reason(answer: &Response) -> Option<String> {
    let messages = messages(answer);
    let first = messages.iter().find(|message| id(message).is_some())?;
    let id = id(first)?;
    let body: Value = answer.json().unwrap_or_default();
    let texts = [&first["Message"], &body["error"]["message"]];
    let mut texts = texts.into_iter().filter_map(Value::as_str);
    Some(match texts.find(|text| !text.is_empty()) {
        Some(text) => format!("{id}: {text}"),
        None => id.to_owned(),
    })
}

pub(crate) fn is_already_there(answer: &Response) -> bool {
    has(answer, &ALREADY_THERE)
}

pub(crate) fn is_busy(answer: &Response) -> bool {
    has(answer, &BUSY)
}

/// A license that is missing, in the words of Supermicro and others.
fn lacks_license(answer: &Response) -> bool {
    let messages = messages(answer);
    messages.iter().filter_map(id).any(|id| id.contains("License"))
}

/// A success.
pub(crate) fn check(answer: Response) -> Result<Response> {
    if (200..300).contains(&answer.status()) {
        Ok(answer)
    } else {
        Err(of_read(&answer))
    }
}

/// The error of a read.
pub(crate) fn of_read(answer: &Response) -> Error {
    match answer.status() {
        300..=399 | 401 | 408 | 409 | 423 | 425 | 429 => answer.error(),
        503 if answer.header("retry-after").is_some() => answer.error(),
        503 => Error::busy(answer.reason(), None),
        _ if is_busy(answer) => Error::busy(answer.reason(), None),
        403 => not_permitted(answer, "the account needs the privilege Login"),
        _ if has(answer, &NOT_PERMITTED) => not_permitted(answer, "the account needs the privilege Login"),
        // The path comes from the device, so it may be right in the next answer.
        _ => answer.unexpected(&answer.reason()),
    }
}

/// The error of a request that switches a system.
pub(crate) fn of_request(answer: &Response) -> Error {
    let power = "the account needs the privilege ConfigureComponents, or the vendor's permission to control host power";
    match answer.status() {
        status if lacks_license(answer) && (400..500).contains(&status) => {
            not_permitted(answer, "the BMC needs a license for this request")
        }
        403 => not_permitted(answer, power),
        _ if has(answer, &NOT_PERMITTED) => not_permitted(answer, power),
        400 | 405 | 412 | 422 | 428 | 501 if !is_busy(answer) => Error::task_failed(answer.reason()),
        _ => of_read(answer),
    }
}

fn not_permitted(answer: &Response, remedy: &str) -> Error {
    Error::NotPermitted(format!("{}; {remedy} (status {})", answer.reason(), answer.status()))
}
