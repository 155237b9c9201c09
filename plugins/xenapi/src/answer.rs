//! Answers of xapi: the value of a call is a struct with `Status` and either
//! `Value` or `ErrorDescription`.

use fencebox_sdk::http;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::{Call, Failure, Misfit, Value};

use crate::api_error::ApiError;

/// The prefix of references. Every text leaves them out: the reference of a
/// session is a secret, and the others do not help a reader.
const REFERENCE: &str = "OpaqueRef:";

/// Why a call returned no value.
pub(crate) enum CallError {
    /// The device reported an error.
    Refused(ApiError),
    /// The answer is missing, or is not XML-RPC.
    Unanswered(Failure),
    /// Anything else.
    Failed(Error),
}

impl CallError {
    /// The device's error, if it has this code.
    pub(crate) fn refusal(&self, code: &str) -> Option<&ApiError> {
        match self {
            Self::Refused(refusal) if refusal.is(code) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the answer cannot be read as a whole, because it is not XML-RPC or exceeds a
    /// limit. A smaller answer may be readable.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Unanswered(Failure::Malformed { .. } | Failure::Http(http::Failure::TooLarge(_)))
        )
    }

    /// Whether the device did not answer, so that another call may cost
    /// another timeout.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Unanswered(Failure::Http(
                http::Failure::Unreachable(_) | http::Failure::TimedOut(_)
            ))
        )
    }

    /// Whether the connection was lost, so that the device may be down.
    pub(crate) fn is_loss(&self) -> bool {
        let is_broken = matches!(self, Self::Unanswered(Failure::Http(http::Failure::Broken(_))));
        is_broken || self.is_silence()
    }
}

impl From<Error> for CallError {
    fn from(problem: Error) -> Self {
        Self::Failed(problem)
    }
}

impl From<Misfit> for CallError {
    fn from(misfit: Misfit) -> Self {
        Self::Failed(misfit.into())
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => refusal.into(),
            CallError::Unanswered(failure) => failure.into(),
            CallError::Failed(problem) => problem,
        }
    }
}

/// Sends a call and returns the `Value` of its answer.
///
/// # Errors
/// [`CallError`], of which no text contains one of `secrets`, even if the device
/// repeats them.
pub(crate) fn ask(call: Call, secrets: &[&str]) -> Result<Value, CallError> {
    let mut answer = call
        .send()
        .map_err(|failure| CallError::Unanswered(clean_fault(failure, secrets)))?;
    match answer.member("Status")?.text()? {
        "Success" => answer
            .take("Value")
            .ok_or_else(|| Error::unexpected("the answer is a success without a value").into()),
        "Failure" => Err(refusal(&answer, secrets)?),
        _ => Err(Error::unexpected("the answer is neither a success nor a failure").into()),
    }
}

fn refusal(answer: &Value, secrets: &[&str]) -> Result<CallError, Misfit> {
    let items: Vec<_> = answer.member("ErrorDescription")?.items()?.collect();
    // Only the code has to be a text. A parameter of another type is left out.
    items.first().map(|code| code.text()).transpose()?;
    let texts: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
    // A parameter may contain a secret by chance: the password `xen` is part of the master's address `xen2`. Only a
    // parameter that is equal to a secret is dropped.
    let unless_secret = |word: &&str| if secrets.contains(word) { "" } else { word }.to_owned();
    let mut parameters = texts.iter().map(unless_secret);
    let Some(code) = parameters.next().filter(|code| !code.is_empty()) else {
        return Ok(Error::unexpected("the answer is a failure without a code").into());
    };
    let parameters = parameters.collect();
    let words = texts.iter().map(|word| clean(word, secrets)).collect();
    Ok(CallError::Refused(ApiError::new(code, parameters, words)))
}

fn clean_fault(failure: Failure, secrets: &[&str]) -> Failure {
    match failure {
        Failure::Fault { method, code, message } => Failure::Fault {
            method,
            code,
            message: clean(&message, secrets),
        },
        other => other,
    }
}

/// A text of the device without secrets. A text that is a reference or contains
/// a secret becomes empty; references within other texts are left out.
fn clean(text: &str, secrets: &[&str]) -> String {
    let is_secret = |secret: &&str| !secret.is_empty() && text.contains(*secret);
    if text.starts_with(REFERENCE) || secrets.iter().any(is_secret) {
        return String::new();
    }
    let mut pieces = text.split(REFERENCE);
    let mut left = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        left.push('…');
        let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
        left.push_str(piece.trim_start_matches(|letter| !ends(letter)));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn texts_contain_no_secrets() {
        assert_eq!(clean("OpaqueRef:11-aa", &[]), "");
        assert_eq!(
            clean("no VM OpaqueRef:11-aa, or OpaqueRef:NULL!", &[]),
            "no VM …, or …!"
        );
        assert_eq!(clean("the password s3cret is wrong", &["x", "s3cret"]), "");
        assert_eq!(clean("halted", &["", "s3cret"]), "halted");
    }
}
