//! The meaning of a status code, unless a plugin has its own rules.
//!
//! RFC 9110 defines the codes. The distinction here is whether a retry can
//! help.

use super::{Response, redirect};
use crate::Error;
use crate::text::excerpt;

/// Maximum pause that a device can request, in seconds. Fencing cannot wait
/// longer.
const LONGEST_PAUSE: u32 = 30;

/// The groups of status codes.
enum Meaning {
    LoginDenied,
    NotPermitted,
    NotFound,
    ProxyRefuses,
    Busy,
    Redirect,
    Other,
}

fn meaning(status: u16, names_pause: bool) -> Meaning {
    match status {
        401 => Meaning::LoginDenied,
        403 => Meaning::NotPermitted,
        404 => Meaning::NotFound,
        407 => Meaning::ProxyRefuses,
        408 | 409 | 423 | 425 | 429 => Meaning::Busy,
        503 if names_pause => Meaning::Busy,
        300..=399 => Meaning::Redirect,
        _ => Meaning::Other,
    }
}

pub(super) fn error(response: &Response) -> Error {
    let pause = response.header("retry-after").map(str::trim);
    match meaning(response.status(), pause.is_some()) {
        Meaning::LoginDenied => Error::LoginDenied(named(response)),
        Meaning::NotPermitted => Error::NotPermitted(named(response)),
        Meaning::NotFound => not_found(response),
        Meaning::ProxyRefuses => Error::Denied(format!("the proxy refused its credentials: {}", response.reason())),
        Meaning::Busy => busy(response, pause),
        Meaning::Redirect => {
            let place = redirect::describe(response.base(), response.header("location"));
            response.unexpected(&format!("redirected to {}", excerpt(&place)))
        }
        Meaning::Other => response.unexpected(&response.reason()),
    }
}

/// The page of a proxy does not prove that a plug is missing. Without a plug, the
/// path is wrong, and stays wrong.
fn not_found(response: &Response) -> Error {
    match response.plug() {
        Some(plug) if response.is_json() => Error::plug_not_found(plug),
        Some(_) => response.unexpected(&response.reason()),
        None => Error::mistake(format!(
            "{}: the device does not have this; check option plug, the address, and the path in the plugin",
            named(response)
        )),
    }
}

/// The error for an answer with only a status. `asked` names the request.
pub(crate) fn bare(status: u16, asked: &str) -> Error {
    let text = |what: &str| format!("{what} (status {status} for {asked})");
    match meaning(status, false) {
        Meaning::LoginDenied => Error::LoginDenied(text("the credentials were refused")),
        Meaning::NotPermitted => Error::NotPermitted(text("the request was refused")),
        Meaning::ProxyRefuses => Error::Denied(text("the proxy refused its credentials")),
        Meaning::Busy => Error::busy(text("the device is busy"), None),
        Meaning::Redirect => Error::Unexpected(text("a redirect in place of an answer")),
        Meaning::NotFound | Meaning::Other => Error::Unexpected(text("a status in place of an answer")),
    }
}

fn named(response: &Response) -> String {
    format!(
        "{} (status {} for {})",
        response.reason(),
        response.status(),
        response.asked()
    )
}

/// A busy error with the pause in seconds. A pause may also be a date, which is
/// ignored: the host then uses its own interval.
fn busy(response: &Response, pause: Option<&str>) -> Error {
    let seconds = pause.filter(|pause| !pause.is_empty() && pause.bytes().all(|byte| byte.is_ascii_digit()));
    // A number of digits that does not fit is longer than the maximum.
    let seconds = seconds.map(|pause| pause.parse().unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE));
    Error::busy(named(response), seconds)
}
