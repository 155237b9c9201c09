//! The meaning of refusals (`docs/reference/ovh.md#errors`). Each error has the query id
//! by which the vendor's support finds the request.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

use crate::call::Call;

/// Why the device refused a request. Older servers report it by `errorCode`,
/// newer ones only by `class` and `message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The application key does not exist in this region.
    Key,
    /// The consumer key does not exist in this region.
    Consumer,
    /// The consumer key has expired, or was never validated.
    Expired,
    /// The signature or its time is wrong.
    Signature,
    /// The credentials lack a rule.
    NotGranted,
    /// Anything else.
    Other,
}

impl Cause {
    pub(crate) fn of(answer: &Response) -> Self {
        if !matches!(answer.status(), 400 | 401 | 403) {
            return Self::Other;
        }
        let body: Value = answer.json().unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match text("errorCode").as_str() {
            "INVALID_KEY" => Self::Key,
            "NOT_CREDENTIAL" => Self::Consumer,
            "INVALID_CREDENTIAL" => Self::Expired,
            "INVALID_SIGNATURE" | "QUERY_TIME_OUT" => Self::Signature,
            "NOT_GRANTED_CALL" | "USER_NOT_GRANTED" => Self::NotGranted,
            _ => Self::of_words(&text("message").to_lowercase()),
        }
    }

    fn of_words(words: &str) -> Self {
        let says = |part: &str| words.contains(part);
        if says("application key is invalid") || says("invalid application key") {
            Self::Key
        } else if says("credential does not exist") {
            Self::Consumer
        } else if says("credential is not valid") || says("credential is not validated") {
            Self::Expired
        } else if says("invalid signature") || says("query out of time") || says("timestamp") {
            Self::Signature
        } else if says("not granted") || says("not been granted") {
            Self::NotGranted
        } else {
            Self::Other
        }
    }
}

/// The error for an answer with a status other than 2xx.
pub(crate) fn refusal(answer: &Response, call: &Call, signed: bool) -> Error {
    let words = answer.message().unwrap_or_else(|| "no reason given".to_owned());
    let error = match (Cause::of(answer), answer.status()) {
        (Cause::Key, _) => Error::LoginDenied(format!(
            "application_key: {words}; keys work only in the region where they were created (option endpoint)"
        )),
        (Cause::Consumer, _) => Error::LoginDenied(format!("consumer_key: {words}")),
        (Cause::Expired, _) => Error::LoginDenied(format!(
            "consumer_key: {words}: the key has expired, or has not been validated at its validationUrl"
        )),
        (Cause::Signature, _) => Error::LoginDenied(format!(
            "the signature is refused: {words}; the time is that of the server's own clock, so check \
             application_secret, and api_url if a proxy rewrites URLs"
        )),
        (Cause::NotGranted, _) => Error::NotPermitted(lack(call, &words, signed)),
        (_, 404) if answer.is_json() => return not_found(answer, call, &words),
        // A retry would be refused again.
        (_, 400) if answer.is_json() => Error::TaskFailed(format!("{words} (status 400 for {})", call.line())),
        (_, 410 | 460) => Error::TaskFailed(format!(
            "the service has expired or is gone: {words} (status {} for {})",
            answer.status(),
            call.line()
        )),
        // The page of a proxy does not prove anything.
        (_, 404) => answer.unexpected(&answer.reason()),
        _ => answer.error(),
    };
    with_query(error, answer)
}

/// The missing permission, as the administrator has to write it.
fn lack(call: &Call, words: &str, signed: bool) -> String {
    if signed {
        let rule = call.rule.line("*");
        format!(
            "{words}: the consumer key lacks the rule {rule}, or the same rule with the name instead of the first *"
        )
    } else {
        format!(
            "{words}: the service account lacks the action {} in its policy",
            call.rule.action
        )
    }
}

fn not_found(answer: &Response, call: &Call, words: &str) -> Error {
    match &call.plug {
        Some(plug) => {
            // This error has no text.
            log::warn(line_with_query(&format!("{}: {words}", call.line()), answer));
            Error::plug_not_found(plug)
        }
        None => with_query(answer.unexpected(words), answer),
    }
}

/// Adds the query id of the answer to an error.
pub(crate) fn with_query(error: Error, answer: &Response) -> Error {
    match query(answer) {
        Some(query) => map(error, |text| format!("{text} (OVH query {query})")),
        None => error,
    }
}

/// Adds the query id of the answer to a log line.
pub(crate) fn line_with_query(line: &str, answer: &Response) -> String {
    match query(answer) {
        Some(query) => format!("{line} (OVH query {query})"),
        None => line.to_owned(),
    }
}

fn query(answer: &Response) -> Option<String> {
    let query = answer.header("x-ovh-queryid").map(excerpt);
    query.filter(|query| !query.is_empty())
}

/// Changes the text of an error, if it has one.
pub(crate) fn map(error: Error, change: impl FnOnce(String) -> String) -> Error {
    match error {
        Error::LoginDenied(text) => Error::LoginDenied(change(text)),
        Error::NotPermitted(text) => Error::NotPermitted(change(text)),
        Error::Denied(text) => Error::Denied(change(text)),
        Error::ConnectionLost(text) => Error::ConnectionLost(change(text)),
        Error::TimedOut(text) => Error::TimedOut(change(text)),
        Error::Busy(busy) => Error::busy(change(busy.reason), busy.seconds),
        Error::TaskFailed(text) => Error::TaskFailed(change(text)),
        Error::Unexpected(text) => Error::Unexpected(change(text)),
        other @ (Error::PlugNotFound(_) | Error::PlugAmbiguous(_) | Error::InvalidOption(_) | Error::Unsupported) => {
            other
        }
    }
}

/// Whether this error concerns only the service that was read, and not the credentials or the host.
pub(crate) fn is_of_one_part(problem: &Error) -> bool {
    !matches!(
        problem,
        Error::LoginDenied(_) | Error::Denied(_) | Error::InvalidOption(_) | Error::Unsupported
    )
}

/// Whether the device may have accepted a request that ended with this error.
pub(crate) fn leaves_doubt(problem: &Error) -> bool {
    matches!(
        problem,
        Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Unexpected(_)
    )
}
