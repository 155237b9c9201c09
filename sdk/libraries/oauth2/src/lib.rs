//! Tokens of OAuth 2.0 (RFC 6749) for accounts without a person: client credentials (section 4.4), and the signed
//! assertion of a service account (RFC 7523).
//!
//! ```
//! use fencebox_oauth2::Grant;
//! use fencebox_sdk::prelude::*;
//! # use fencebox_sdk::testing::Script;
//! # let _script = Script::new()
//! #     .on("POST", "/token")
//! #     .reply(200, json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": 3599 }))
//! #     .start();
//!
//! let grant = Grant::ClientCredentials { id: "app1", secret: "s3cret", scope: "https://api.example/.default" };
//! let answer = fencebox_oauth2::ask("login", "/token", &grant)?;
//! assert_eq!(fencebox_oauth2::token(&answer)?, "t1");
//! # Ok::<(), Error>(())
//! ```

mod account;

pub use account::ServiceAccount;

use fencebox_sdk::http::{self, Path, Response};
use fencebox_sdk::{Error, Result, excerpt, log};
use serde::Deserialize;
use serde_json::Value;

/// What a token is requested with.
#[derive(Clone, Copy)]
pub enum Grant<'a> {
    /// The name and the secret of an application.
    ClientCredentials {
        /// Its name.
        id: &'a str,
        /// Its secret.
        secret: &'a str,
        /// What the token is for.
        scope: &'a str,
    },
    /// A signed token of the account itself.
    JwtBearer {
        /// The signed token.
        assertion: &'a str,
    },
}

impl Grant<'_> {
    fn form(&self) -> Vec<(&str, &str)> {
        match self {
            Self::ClientCredentials { id, secret, scope } => vec![
                ("grant_type", "client_credentials"),
                ("client_id", id),
                ("client_secret", secret),
                ("scope", scope),
            ],
            Self::JwtBearer { assertion } => vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", assertion),
            ],
        }
    }
}

/// Requests a token. The answer may be a refusal: see [`token`].
///
/// # Errors
/// As [`fencebox_sdk::http::Request::send`].
pub fn ask(endpoint: &str, path: impl Into<Path>, grant: &Grant<'_>) -> Result<Response> {
    if let Grant::JwtBearer { assertion } = grant {
        // Until it expires, it is as good as the key.
        log::hide(assertion);
    }
    let request = http::post(endpoint, path).header("accept", "application/json");
    request.form(grant.form()).send()
}

/// The answer of a service that issues tokens. Services of clouds write the number as text.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    access_token: Value,
    #[serde(default)]
    token_type: Value,
    #[serde(default)]
    expires_in: Value,
}

/// The token in an answer, also of a metadata service. No log shows it.
///
/// # Errors
/// The error of [`refusal`]; or [`Error::Unexpected`] if the answer is not a usable token of the type Bearer.
pub fn token(answer: &Response) -> Result<String> {
    if answer.status() != 200 {
        return Err(refusal(answer));
    }
    let granted: Granted = answer.json().map_err(Error::retried)?;
    let token = granted.access_token.as_str().unwrap_or_default();
    // A header field takes visible ASCII.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(answer.unexpected("a login without a token"));
    }
    log::hide(token);
    let kind = granted.token_type.as_str().unwrap_or_default();
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(answer.unexpected("a token that is not of the type Bearer"));
    }
    if granted.expires_in == 0 || granted.expires_in == "0" {
        return Err(answer.unexpected("a token that has expired already"));
    }
    Ok(token.to_owned())
}

/// The code of a refusal (RFC 6749, section 5.2), such as `invalid_grant`.
#[must_use]
pub fn error_code(answer: &Response) -> Option<String> {
    let body: Value = answer.json().ok()?;
    body["error"].as_str().map(str::to_owned)
}

/// What a refusal means. Only a code of the service itself refuses the credentials: a page of a proxy does not, and the
/// host asks again.
#[must_use]
pub fn refusal(answer: &Response) -> Error {
    let status = answer.status();
    let body: Value = answer.json().unwrap_or_default();
    let word = |name: &str| body[name].as_str().map(excerpt);
    match (word("error"), status) {
        (Some(code), 400 | 401 | 403) if !["temporarily_unavailable", "server_error"].contains(&code.as_str()) => {
            let words = [word("error_description"), Some(code)];
            let words: Vec<String> = words.into_iter().flatten().collect();
            Error::LoginDenied(format!("{} (status {status} for the token)", words.join(", ")))
        }
        (Some(code), 400) => Error::busy(code, None),
        (_, 400 | 401 | 403) => answer.unexpected(&answer.reason()),
        _ => answer.error(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
