//! The token of a service account (OAuth2 client credentials, RFC 6749 §4.4).

use std::time::{Duration, Instant};

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

use crate::credentials::Client;
use crate::errors;

const ENDPOINT: &str = "token";
/// A token that expires within this time is not used for another request.
const MARGIN: Duration = Duration::from_secs(30);
/// Texts shorter than this are not masked: they would occur in ordinary words.
const SHORTEST: usize = 4;

/// A token, and the credentials for the next one.
pub(crate) struct Token {
    client: Client,
    text: String,
    ends: Option<Instant>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<u64>,
}

impl Token {
    pub(crate) fn get(client: Client) -> Result<Self> {
        let mut token = Self {
            client,
            text: String::new(),
            ends: None,
        };
        token.renew()?;
        Ok(token)
    }

    /// Requests a new token.
    pub(crate) fn renew(&mut self) -> Result<()> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &*self.client.id),
            ("client_secret", &*self.client.secret),
            ("scope", "all"),
        ];
        let request = http::post(ENDPOINT, "").header("accept", "application/json").form(form);
        let answer = request.send()?;
        if matches!(answer.status(), 400 | 401 | 403) {
            return Err(refused(&answer));
        }
        let answer = answer.ok()?;
        let granted: Granted = answer.json().map_err(Error::retried)?;
        if !granted
            .token_type
            .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
        {
            return Err(answer.unexpected("a token that is not of the type Bearer"));
        }
        if granted.expires_in == Some(0) {
            return Err(answer.unexpected("a token that has expired already"));
        }
        let text = granted.access_token.filter(|text| is_token(text));
        self.text = text.ok_or_else(|| answer.unexpected("a login without a token"))?;
        log::hide(&self.text);
        let lasts = granted.expires_in.map(Duration::from_secs);
        self.ends = lasts.and_then(|lasts| Instant::now().checked_add(lasts));
        Ok(())
    }

    /// The token; a new one if the present one expires soon.
    pub(crate) fn current(&mut self) -> Result<&str> {
        let ends_soon = |ends: Instant| ends.saturating_duration_since(Instant::now()) < MARGIN;
        if self.ends.is_some_and(ends_soon) {
            log::info("the token of the service account expires soon; requesting a new one");
            self.renew()?;
        }
        Ok(&self.text)
    }

    /// Masks the token in a text: the host does not have the token and cannot mask it.
    pub(crate) fn hide(&self, text: String) -> String {
        if self.text.len() < SHORTEST {
            return text;
        }
        text.replace(&self.text, "…")
    }
}

/// Whether the text is visible ASCII, which a header field may contain.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// RFC 6749 §5.2: `error` is a code, `error_description` a sentence.
fn refused(answer: &Response) -> Error {
    let body: Value = answer.json().unwrap_or_default();
    let words = ["error_description", "error", "message"].iter();
    let words: Vec<String> = words.filter_map(|name| body[*name].as_str()).map(excerpt).collect();
    let words = if words.is_empty() {
        "no reason given".to_owned()
    } else {
        words.join(", ")
    };
    let status = answer.status();
    errors::with_query(
        Error::LoginDenied(format!(
            "client_id and client_secret: {words} (status {status} for the token)"
        )),
        answer,
    )
}
