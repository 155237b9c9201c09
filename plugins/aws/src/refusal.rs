//! What an error of EC2 means. Source: "Error codes for the Amazon EC2 API".

use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

/// An error that EC2 answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    message: String,
}

impl Refusal {
    /// The error in an answer: `<Response><Errors><Error><Code/><Message/></Error></Errors></Response>`, or
    /// `<ErrorResponse>` as of other services.
    pub(crate) fn read(answer: &Element) -> Option<Self> {
        if !["Response", "ErrorResponse"].contains(&answer.name()) {
            return None;
        }
        let error = answer.child("Errors").unwrap_or(answer).child("Error")?;
        let message = error.text_of("Message").unwrap_or_default();
        // The rest of the message is a long text that only AWS can decode.
        let message = message
            .split(" Encoded authorization failure")
            .next()
            .unwrap_or_default();
        Some(Self {
            code: excerpt(error.text_of("Code")?),
            message: excerpt(message),
        })
    }

    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// Whether the credentials or the time of the signature are the cause, so that others may be accepted.
    pub(crate) fn is_about_login(&self) -> bool {
        self.is(&[
            "AuthFailure",
            "Blocked",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ])
    }

    /// Whether the state of an instance does not allow the request.
    pub(crate) fn is_about_state(&self) -> bool {
        self.is(&["IncorrectInstanceState", "IncorrectState"])
    }

    /// Whether the endpoint does not have this parameter.
    pub(crate) fn is_about_parameter(&self, name: &str) -> bool {
        (self.code == "UnknownParameter" || self.code.starts_with("InvalidParameter")) && self.message.contains(name)
    }

    fn text(&self) -> String {
        format!("{} ({})", self.message, self.code)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.text();
        if refusal.is_about_login() {
            return Self::LoginDenied(text);
        }
        match refusal.code.as_str() {
            "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => Self::NotPermitted(text),
            // The region of the options does not belong to the account.
            "OptInRequired" => Self::LoginDenied(text),
            "InvalidInstanceID.NotFound" | "InvalidInstanceID.Malformed" | "InvalidInstanceID.NotLinkable" => {
                Self::plug_not_found(refusal.message)
            }
            "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "EC2ThrottledException"
            | "InternalError"
            | "InternalFailure"
            | "Unavailable"
            | "ServiceUnavailable"
            | "RequestTimeout"
            | "ConcurrentModification"
            // Another host may have room a moment later.
            | "InsufficientInstanceCapacity"
            | "InsufficientHostCapacity"
            | "Server.InsufficientInstanceCapacity" => Self::busy(text, None),
            _ if refusal.is_about_state() => Self::busy(text, None),
            _ => Self::task_failed(text),
        }
    }
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// EC2 refused it.
    Refused(Refusal),
    /// Any other reason.
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Other(error) => error,
        }
    }
}
