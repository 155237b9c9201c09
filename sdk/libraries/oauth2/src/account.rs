//! Accounts that sign their own request for a token.

use fencebox_jwt::Key;
use fencebox_sdk::http::{Path, Response};
use fencebox_sdk::{Result, log, time};
use serde_json::json;

use crate::{Grant, ask, error_code, token};

/// How long an assertion is valid, in seconds.
const LIFE: i64 = 3600;
/// A difference between two clocks that is not the duration of a request, in seconds.
const SKEW: i64 = 60;

/// A service account with its key.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// The name of the account: the claim `iss`.
    pub issuer: String,
    /// The key.
    pub key: Key,
    /// The name of the key: the member `kid` of the header.
    pub key_id: String,
    /// What the token is for: the claim `scope`.
    pub scope: String,
    /// Who accepts the assertion: the claim `aud`.
    pub audience: String,
}

impl ServiceAccount {
    /// A token of the account (RFC 7523). If the clock of this machine is wrong, the assertion is made once more with the
    /// time of the service, so that a node with a wrong clock can still fence. TLS has verified the service before.
    ///
    /// # Errors
    /// As [`ask`] and [`token`](crate::token), and those of the key.
    pub fn token(&self, endpoint: &str, path: impl Into<Path>) -> Result<String> {
        let (path, now) = (path.into(), time::now());
        let answer = self.ask(endpoint, &path, now)?;
        let theirs = answer.header("date").and_then(|date| time::parse_http_date(date).ok());
        let ahead = theirs.map_or(0, |theirs| now - theirs);
        let is_refused = error_code(&answer).as_deref() == Some("invalid_grant");
        if !is_refused || ahead.abs() < SKEW {
            return token(&answer);
        }
        log::warn(format!(
            "the clock of this machine is {} seconds {}; set it. The token is requested with the time of the service",
            ahead.abs(),
            if ahead > 0 { "ahead" } else { "behind" }
        ));
        token(&self.ask(endpoint, &path, now - ahead)?)
    }

    fn ask(&self, endpoint: &str, path: &Path, now: i64) -> Result<Response> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.issuer,
            "scope": self.scope,
            "aud": self.audience,
            "iat": now,
            "exp": now + LIFE,
        });
        let assertion = self.key.sign(&header, &claims)?;
        log::hide(&assertion);
        ask(endpoint, path, &Grant::JwtBearer { assertion: &assertion })
    }
}
