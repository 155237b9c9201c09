//! What a refusal means (`docs/reference/ovh.md#errors`), with the number under which
//! the vendor finds it again.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

use crate::call::Call;

/// Why the device refused, as far as its words tell. Older servers say it by
/// `errorCode`, newer ones by `class` and `message` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The application key is not known here.
    Key,
    /// The consumer key is not known here.
    Consumer,
    /// The consumer key has expired, or was never validated.
    Expired,
    /// The signature or its time.
    Signature,
    /// A rule is missing.
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

/// What an answer that is no success means.
pub(crate) fn refusal(answer: &Response, call: &Call, signed: bool) -> Error {
    let words = answer.message().unwrap_or_else(|| "no reason given".to_owned());
    let error = match (Cause::of(answer), answer.status()) {
        (Cause::Key, _) => Error::LoginDenied(format!(
            "application_key: {words}; keys work only in the region where they were made (option endpoint)"
        )),
        (Cause::Consumer, _) => Error::LoginDenied(format!("consumer_key: {words}")),
        (Cause::Expired, _) => Error::LoginDenied(format!(
            "consumer_key: {words}: it has expired, or nobody has validated it at its validationUrl"
        )),
        (Cause::Signature, _) => Error::LoginDenied(format!(
            "the signature is refused: {words}; the server's own clock was used, so compare application_secret, and \
             api_url where something rewrites URLs on the way"
        )),
        (Cause::NotGranted, _) => Error::NotPermitted(lack(call, &words, signed)),
        (_, 404) if answer.is_json() => return not_found(answer, call, &words),
        // Asked again, it would be refused again.
        (_, 400) if answer.is_json() => Error::TaskFailed(format!("{words} (status 400 for {})", call.line())),
        (_, 410 | 460) => Error::TaskFailed(format!(
            "the service has expired or is gone: {words} (status {} for {})",
            answer.status(),
            call.line()
        )),
        _ => answer.error(),
    };
    with_query(error, answer)
}

/// The right that is missing, as the administrator has to write it.
fn lack(call: &Call, words: &str, signed: bool) -> String {
    if signed {
        let rule = call.rule.line("*");
        format!("{words}: the consumer key lacks the rule {rule}, or the same with the name in place of the first *")
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
            // The error itself has no room for this.
            log::warn(line_with_query(&format!("{}: {words}", call.line()), answer));
            Error::plug_not_found(plug)
        }
        None => with_query(answer.unexpected(words), answer),
    }
}

/// An error with the number of the query that it answers.
pub(crate) fn with_query(error: Error, answer: &Response) -> Error {
    match query(answer) {
        Some(query) => map(error, |text| format!("{text} (OVH query {query})")),
        None => error,
    }
}

/// A line with the number of the query that it is about.
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

/// Changes the text of an error, where it has one.
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

/// Whether a request that ended so may have been accepted nevertheless.
pub(crate) fn leaves_doubt(problem: &Error) -> bool {
    matches!(
        problem,
        Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Unexpected(_)
    )
}
