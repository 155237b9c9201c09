//! What a status code means where a device's own rules say nothing else.
//!
//! RFC 9110 says what the codes are; the distinction that matters here is
//! whether asking again can help.

use super::Response;
use crate::Error;

/// A device that asks for more patience than this gets no more: the node
/// should be fenced now. In seconds.
const LONGEST_PAUSE: u32 = 30;

pub(super) fn error(response: &Response) -> Error {
    let status = response.status();
    let pause = || response.header("retry-after").map(str::trim);
    match status {
        401 => Error::LoginDenied(named(response)),
        403 => Error::NotPermitted(named(response)),
        407 => Error::Denied(format!("the proxy refused its credentials: {}", response.words())),
        408 | 409 | 423 | 425 | 429 => busy(response, pause()),
        503 if pause().is_some() => busy(response, pause()),
        300..=399 => response.unexpected(&format!("redirected to {}", place(response))),
        _ => response.unexpected(&response.words()),
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
