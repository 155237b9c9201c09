//! The errors of the service: one table, and the two shapes in which they are written.

use std::borrow::Cow;

use hyper::StatusCode;
use serde_json::json;

use crate::protocol::Answer;

/// The shape of an error. The real service uses both, and no public rule describes which call uses which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorShape {
    /// Errors about credentials have a code, errors of the services behind them have a class.
    #[default]
    Mixed,
    /// The older one: `{"message":…,"errorCode":…,"httpCode":"403 Forbidden"}`.
    Code,
    /// The newer one: `{"class":"Client::Forbidden","message":…}`.
    Class,
}

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    /// The code of the older shape; also the name of the error in a fault.
    pub(super) code: Cow<'static, str>,
    status: u16,
    class: &'static str,
    message: Cow<'static, str>,
    /// Whether it is about the credentials, and not about the request.
    credential: bool,
}

const fn row(
    status: u16,
    code: &'static str,
    class: &'static str,
    message: &'static str,
    credential: bool,
) -> ApiError {
    ApiError {
        code: Cow::Borrowed(code),
        status,
        class,
        message: Cow::Borrowed(message),
        credential,
    }
}

pub(super) const INVALID_KEY: ApiError = row(
    403,
    "INVALID_KEY",
    "Client::Forbidden",
    "This application key is invalid",
    true,
);
pub(super) const NOT_CREDENTIAL: ApiError = row(
    403,
    "NOT_CREDENTIAL",
    "Client::Forbidden",
    "This credential does not exist",
    true,
);
pub(super) const INVALID_CREDENTIAL: ApiError = row(
    403,
    "INVALID_CREDENTIAL",
    "Client::Forbidden",
    "This credential is not valid",
    true,
);
pub(super) const NOT_GRANTED_CALL: ApiError = row(
    403,
    "NOT_GRANTED_CALL",
    "Client::Forbidden",
    "This call has not been granted",
    true,
);
const FORBIDDEN: ApiError = row(403, "FORBIDDEN", "Client::Forbidden", "Forbidden", true);
pub(super) const USER_NOT_GRANTED: ApiError = row(
    403,
    "USER_NOT_GRANTED",
    "Client::Forbidden",
    "User not granted for this request",
    false,
);
pub(super) const INVALID_SIGNATURE: ApiError = row(
    400,
    "INVALID_SIGNATURE",
    "Client::BadRequest",
    "Invalid signature",
    true,
);
pub(super) const QUERY_TIME_OUT: ApiError = row(400, "QUERY_TIME_OUT", "Client::BadRequest", "Query out of time", true);
pub(super) const UNAUTHORIZED: ApiError = row(
    401,
    "UNAUTHORIZED",
    "Client::Unauthorized",
    "You must login first",
    false,
);
pub(super) const BAD_REQUEST: ApiError = row(400, "BAD_REQUEST", "Client::BadRequest", "Bad request", false);
pub(super) const NOT_FOUND: ApiError = row(
    404,
    "NOT_FOUND",
    "Client::NotFound",
    "This service does not exist",
    false,
);
pub(super) const CONFLICT: ApiError = row(
    409,
    "CONFLICT",
    "Client::Conflict",
    "An action is already pending on this service",
    false,
);
const EXPIRED: ApiError = row(
    460,
    "SERVICE_EXPIRED",
    "Client::ServiceExpired",
    "This service is expired",
    false,
);
pub(super) const TOO_MANY_REQUESTS: ApiError = row(
    429,
    "TOO_MANY_REQUESTS",
    "Client::TooManyRequests",
    "Too many requests, please retry later",
    false,
);
pub(super) const INTERNAL: ApiError = row(
    500,
    "INTERNAL_ERROR",
    "Server::InternalServerError",
    "Internal server error",
    false,
);
const UNAVAILABLE: ApiError = row(
    503,
    "UNAVAILABLE",
    "Server::ServiceUnavailable",
    "Service unavailable",
    false,
);

/// Every error that a fault may name.
const NAMED: [ApiError; 16] = [
    INVALID_KEY,
    NOT_CREDENTIAL,
    INVALID_CREDENTIAL,
    NOT_GRANTED_CALL,
    FORBIDDEN,
    USER_NOT_GRANTED,
    INVALID_SIGNATURE,
    QUERY_TIME_OUT,
    UNAUTHORIZED,
    BAD_REQUEST,
    NOT_FOUND,
    CONFLICT,
    EXPIRED,
    TOO_MANY_REQUESTS,
    INTERNAL,
    UNAVAILABLE,
];

impl ApiError {
    /// The error with this code; for an unknown code an error with status 403.
    pub(super) fn named(code: &str) -> ApiError {
        let known = NAMED.into_iter().find(|refusal| refusal.code == code);
        known.unwrap_or_else(|| ApiError {
            code: Cow::Owned(code.to_owned()),
            ..FORBIDDEN
        })
    }

    /// The same error with another message.
    pub(super) fn saying(self, message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError {
            message: message.into(),
            ..self
        }
    }

    /// The error as the service writes it.
    pub(super) fn answer(&self, shape: ErrorShape) -> Answer {
        let old = match shape {
            ErrorShape::Mixed => self.credential,
            ErrorShape::Code => true,
            ErrorShape::Class => false,
        };
        if !old {
            return Answer::json(self.status, &json!({ "class": self.class, "message": self.message }));
        }
        let reason = StatusCode::from_u16(self.status).ok();
        let reason = reason
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Service expired");
        let body = json!({
            "message": self.message,
            "errorCode": self.code,
            "httpCode": format!("{} {reason}", self.status),
        });
        Answer::json(self.status, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_written() {
        let body = |refusal: ApiError, shape| String::from_utf8_lossy(&refusal.answer(shape).body).into_owned();
        let old =
            r#"{"errorCode":"INVALID_CREDENTIAL","httpCode":"403 Forbidden","message":"This credential is not valid"}"#;
        let new = r#"{"class":"Client::Forbidden","message":"This credential is not valid"}"#;
        assert_eq!(body(INVALID_CREDENTIAL, ErrorShape::Mixed), old);
        assert_eq!(body(INVALID_CREDENTIAL, ErrorShape::Code), old);
        assert_eq!(body(INVALID_CREDENTIAL, ErrorShape::Class), new);
        assert!(body(CONFLICT, ErrorShape::Mixed).contains("Client::Conflict"));
        assert!(body(EXPIRED, ErrorShape::Code).contains("460 Service expired"));
    }

    #[test]
    fn errors_are_found_by_name() {
        assert_eq!(ApiError::named("CONFLICT"), CONFLICT);
        assert_eq!(
            (ApiError::named("ODD").code.as_ref(), ApiError::named("ODD").status),
            ("ODD", 403)
        );
    }
}
