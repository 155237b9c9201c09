//! What a status code means where a device's own rules say nothing else.
//!
//! RFC 9110 says what the codes are; the distinction that matters here is
//! whether asking again can help.

use super::Response;
use crate::Error;

/// A device that asks for more patience than this gets no more: the node
/// should be fenced now. In seconds.
const LONGEST_PAUSE: u32 = 30;

/// The table itself.
enum Meaning {
    LoginDenied,
    NotPermitted,
    ProxyRefuses,
    Busy,
    Redirect,
    Other,
}

fn meaning(status: u16, names_pause: bool) -> Meaning {
    match status {
        401 => Meaning::LoginDenied,
        403 => Meaning::NotPermitted,
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
        Meaning::ProxyRefuses => Error::Denied(format!("the proxy refused its credentials: {}", response.words())),
        Meaning::Busy => busy(response, pause),
        Meaning::Redirect => response.unexpected(&format!("redirected to {}", place(response))),
        Meaning::Other => response.unexpected(&response.words()),
    }
}

/// The same for an answer of which only the status is known, to what `asked`
/// names.
pub(crate) fn bare(status: u16, asked: &str) -> Error {
    let text = |what: &str| format!("{what} (status {status} for {asked})");
    match meaning(status, false) {
        Meaning::LoginDenied => Error::LoginDenied(text("the credentials were refused")),
        Meaning::NotPermitted => Error::NotPermitted(text("the request was refused")),
        Meaning::ProxyRefuses => Error::Denied(text("the proxy refused its credentials")),
        Meaning::Busy => Error::busy(text("the device is busy"), None),
        Meaning::Redirect => Error::Unexpected(text("a redirect in place of an answer")),
        Meaning::Other => Error::Unexpected(text("a status in place of an answer")),
    }
}

fn named(response: &Response) -> String {
    format!(
        "{} (status {} for {})",
        response.words(),
        response.status(),
        response.asked()
    )
}

/// A pause may also be given as a date; the host's own rhythm does for that.
fn busy(response: &Response, pause: Option<&str>) -> Error {
    let seconds = pause.filter(|pause| !pause.is_empty() && pause.bytes().all(|byte| byte.is_ascii_digit()));
    // Digits only: what does not fit is longer than we wait anyway.
    let seconds = seconds.map(|pause| pause.parse().unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE));
    Error::busy(named(response), seconds)
}

/// Where a redirect points, without credentials, path or query.
fn place(response: &Response) -> String {
    let Some(location) = response.header("location") else {
        return "nowhere".to_owned();
    };
    let after_scheme = location
        .split_once("//")
        .filter(|(scheme, _)| scheme.is_empty() || scheme.ends_with(':') && !scheme.contains('/'));
    let Some((_, rest)) = after_scheme else {
        return "another path of the same host".to_owned();
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    crate::excerpt(host)
}
