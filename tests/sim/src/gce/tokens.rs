//! The service that issues tokens, and the metadata service of a machine.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{EMAIL, PRIVATE_KEY, Project, refused};
use crate::fault::Kind;
use crate::protocol::{Answer, Request, percent_decoded};

/// A token, with the number of requests that used it.
#[derive(Debug)]
pub(super) struct Token {
    text: String,
    calls: u64,
}

impl Project {
    /// `POST /token`.
    pub(super) fn issue(&mut self, request: &Request, fault: Option<&Kind>) -> Answer {
        let pairs = request.body.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
            .collect();
        let value = |name: &str| {
            let pair = pairs.iter().find(|(own, _)| own == name);
            pair.map_or("", |(_, value)| value.as_str())
        };
        let now = unix_time() + self.settings.ahead;
        let word = fault.map_or("", Kind::word);
        let mut answer = if value("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            refusal("unsupported_grant_type", "Invalid grant_type")
        } else if let Err(why) = self.check(value("assertion"), now) {
            refusal("invalid_grant", why)
        } else {
            match word {
                "denied" => refusal("invalid_grant", "Invalid JWT Signature."),
                "unavailable-code" => refusal("temporarily_unavailable", "try again later"),
                _ => self.grant("ya29.SIMULATED-token-", word),
            }
        };
        answer.headers.push(("date", http_date(now)));
        answer
    }

    fn grant(&mut self, prefix: &str, word: &str) -> Answer {
        self.logins += 1;
        let text = format!("{prefix}{}", self.logins);
        let mut token = json!({ "access_token": text, "expires_in": 3599, "token_type": "Bearer" });
        match word {
            "no-token" => token = json!({ "token_type": "Bearer", "expires_in": 3599 }),
            "not-bearer" => token["token_type"] = json!("mac"),
            "no-life" => token["expires_in"] = json!(0),
            _ => {}
        }
        // A token that has expired is one that the API does not accept.
        if word != "expired-token" {
            self.tokens.push(Token { text, calls: 0 });
        }
        Answer::json(200, &token)
    }

    /// Checks the signature and the claims of an assertion (RFC 7523).
    fn check(&self, assertion: &str, now: i64) -> Result<(), &'static str> {
        let (signed, signature) = assertion.rsplit_once('.').ok_or("Invalid JWT.")?;
        let (header, claims) = signed.split_once('.').ok_or("Invalid JWT.")?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "Invalid JWT.");
        let value = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).map_err(|_| "Invalid JWT.");
        let (header, claims) = (value(header)?, value(claims)?);
        if header["alg"] != "RS256" || header["kid"] != "k1" {
            return Err("Invalid JWT: unknown key.");
        }
        let key = public_key().ok_or("no key")?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(signed.as_bytes(), &decode(signature)?)
            .map_err(|_| "Invalid JWT Signature.")?;
        let time = |name: &str| claims[name].as_i64().unwrap_or_default();
        let life = time("exp") - time("iat");
        if (time("iat") - now).abs() > self.settings.time_window || !(1..=3600).contains(&life) {
            return Err(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check \
                 your iat and exp values in the JWT claim.",
            );
        }
        let scopes = claims["scope"].as_str().unwrap_or_default();
        let is_enough = scopes.split(' ').any(|scope| {
            let word = scope.strip_prefix("https://www.googleapis.com/auth/");
            word.is_some_and(|word| ["cloud-platform", "compute"].contains(&word))
        });
        let is_right = claims["iss"] == EMAIL && claims["aud"] == "https://oauth2.googleapis.com/token";
        if is_right && is_enough {
            Ok(())
        } else {
            Err("Invalid JWT: wrong claims.")
        }
    }

    /// `GET /computeMetadata/v1/…`.
    pub(super) fn metadata(&mut self, path: &[&str], request: &Request, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        if request.header("metadata-flavor") != Some("Google") {
            return Answer::html(403, "Missing Metadata-Flavor:Google header.");
        }
        let text = |text: &str| Answer {
            status: 200,
            headers: vec![("content-type", "application/text".to_owned())],
            body: text.as_bytes().to_vec(),
        };
        let mut answer = match path {
            _ if word == "missing" => Answer::html(404, "Error 404 (Not Found)"),
            ["project", "project-id"] => text(&self.settings.project),
            ["instance", "image"] => text("projects/debian-cloud/global/images/debian-12"),
            ["instance", "service-accounts", "default", "token"] => self.grant("ya29.SIMULATED-token-own-", word),
            _ => Answer::html(404, "Error 404 (Not Found)"),
        };
        if word != "no-flavor" {
            answer.headers.push(("metadata-flavor", "Google".to_owned()));
        }
        answer
    }

    /// Checks the token, and counts one request for it.
    pub(super) fn admit(&mut self, request: &Request, fault: Option<&Kind>) -> Result<(), Answer> {
        let refusal = || refused(401, "authError", "Request had invalid authentication credentials.");
        if fault.is_some_and(|fault| fault.word() == "expired") {
            self.tokens.clear();
        }
        let given = request
            .header("authorization")
            .and_then(|field| field.strip_prefix("Bearer "));
        let given = given.ok_or_else(refusal)?;
        let token = self.tokens.iter_mut().find(|token| token.text == given);
        let token = token.ok_or_else(refusal)?;
        token.calls += 1;
        let is_over = self.settings.token_calls.is_some_and(|most| token.calls > most);
        if is_over { Err(refusal()) } else { Ok(()) }
    }
}

/// The public part of the account's key.
fn public_key() -> Option<Vec<u8>> {
    let lines = PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----"));
    let key = STANDARD.decode(lines.collect::<String>()).ok()?;
    let pair = RsaKeyPair::from_pkcs8(&key).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// A time as in the header field `Date`.
fn http_date(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn refusal(code: &str, description: &str) -> Answer {
    Answer::json(400, &json!({ "error": code, "error_description": description }))
}
