//! Access control: signed requests, consumer keys and their rules, OAuth2 tokens and the policy of their client.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use super::Settings;
use super::api_error::{
    ApiError, BAD_REQUEST, INVALID_CREDENTIAL, INVALID_KEY, INVALID_SIGNATURE, NOT_CREDENTIAL, NOT_GRANTED_CALL,
    QUERY_TIME_OUT, UNAUTHORIZED, USER_NOT_GRANTED,
};
use super::route::Route;
use crate::fault::Kind;
use crate::protocol::{Answer, Request};

/// One access rule of a consumer key: a method, and a path in which `*` matches any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `GET`, `PUT`, `POST` or `DELETE`.
    pub method: String,
    /// Below `/1.0`, for example `/dedicated/server/*`.
    pub path: String,
}

impl Rule {
    /// A rule.
    pub fn new(method: &str, path: &str) -> Rule {
        Rule {
            method: method.to_owned(),
            path: path.to_owned(),
        }
    }

    /// The four rules that allow everything.
    pub fn everything() -> Vec<Rule> {
        ["GET", "PUT", "POST", "DELETE"]
            .map(|method| Rule::new(method, "/*"))
            .into()
    }
}

impl FromStr for Rule {
    type Err = anyhow::Error;

    /// `METHOD PATH` or `METHOD=PATH`, as on the command line.
    fn from_str(text: &str) -> Result<Rule> {
        let parts = text.split_once([' ', '=']);
        let (method, path) = parts
            .filter(|(method, path)| !method.is_empty() && path.starts_with('/'))
            .with_context(|| format!("access rule `{text}`: must be METHOD=/PATH, where * is anything"))?;
        Ok(Rule::new(method, path))
    }
}

/// The credentials that were issued at run time, in addition to those in the settings.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// Requested consumer keys; they are never validated.
    pending: Vec<String>,
    /// Each token with the number of calls that used it.
    tokens: HashMap<String, u64>,
}

/// The server's clock, in seconds since 1970.
pub(super) fn now(settings: &Settings) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX) + settings.clock_skew
}

/// The signature of a call: `$1$` and the SHA-1, in hexadecimal, of everything that must not be changed in transit.
/// `url` is the whole URL with scheme, host and query, `time` the server's clock in seconds.
pub fn signature(secret: &str, consumer: &str, method: &str, url: &str, body: &str, time: &str) -> String {
    let text = [secret, consumer, method, url, body, time].join("+");
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("$1${hex}")
}

/// The URL that the client must have signed.
fn url(settings: &Settings, request: &Request) -> String {
    if request.target.starts_with("http") {
        return request.target.clone();
    }
    format!(
        "{}{}",
        base_url(settings, request).trim_end_matches('/'),
        request.target
    )
}

/// The part of that URL before the path.
pub(super) fn base_url(settings: &Settings, request: &Request) -> String {
    settings.public_url.clone().unwrap_or_else(|| {
        let scheme = if settings.tls { "https" } else { "http" };
        format!("{scheme}://{}", request.header("host").unwrap_or_default())
    })
}

/// Whether a pattern matches the whole text; `*` matches any text, also an empty one.
fn covers(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| covers(rest, &text[at..]))
        }),
    }
}

impl Access {
    /// Allows or refuses a call.
    pub(super) fn admit(&mut self, settings: &Settings, request: &Request, route: &Route) -> Result<(), ApiError> {
        let bearer = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        match (bearer, request.header("x-ovh-application")) {
            (Some(_), Some(_)) => {
                Err(BAD_REQUEST.saying("Application keys and OAuth2 tokens cannot be used in the same request"))
            }
            (Some(token), None) => self.admit_token(settings, token, route),
            (None, Some(key)) => self.admit_signed(settings, request, key),
            (None, None) => Err(UNAUTHORIZED),
        }
    }

    fn admit_token(&mut self, settings: &Settings, token: &str, route: &Route) -> Result<(), ApiError> {
        let calls = self.tokens.get_mut(token).ok_or(UNAUTHORIZED)?;
        *calls += 1;
        if settings.token_calls.is_some_and(|most| *calls > most) {
            self.tokens.remove(token);
            return Err(UNAUTHORIZED);
        }
        let action = route.action();
        if settings.policy.iter().any(|pattern| covers(pattern, &action)) {
            Ok(())
        } else {
            Err(USER_NOT_GRANTED)
        }
    }

    fn admit_signed(&self, settings: &Settings, request: &Request, key: &str) -> Result<(), ApiError> {
        if key != settings.application_key {
            return Err(INVALID_KEY);
        }
        let header = |name| request.header(name).ok_or(UNAUTHORIZED);
        let consumer = header("x-ovh-consumer")?;
        if self.pending.iter().any(|pending| pending == consumer) {
            return Err(INVALID_CREDENTIAL);
        }
        if consumer != settings.consumer_key {
            return Err(NOT_CREDENTIAL);
        }
        if settings.credential_expired {
            return Err(INVALID_CREDENTIAL);
        }
        let time = header("x-ovh-timestamp")?;
        let age = time.parse::<i64>().ok().map(|time| now(settings).abs_diff(time));
        if age.is_some_and(|age| age > settings.time_window) {
            return Err(QUERY_TIME_OUT);
        }
        let (secret, url) = (&settings.application_secret, url(settings, request));
        let right = signature(secret, consumer, &request.method, &url, &request.body, time);
        if age.is_none() || header("x-ovh-signature")? != right {
            return Err(INVALID_SIGNATURE);
        }
        let path = request.path();
        let path = path.strip_prefix("/1.0").or(path.strip_prefix("/v1")).unwrap_or(path);
        let mut rules = settings.rules.iter();
        if rules.any(|rule| rule.method == request.method && covers(&rule.path, path)) {
            Ok(())
        } else {
            Err(NOT_GRANTED_CALL)
        }
    }

    /// `POST /1.0/auth/credential`: a consumer key that waits for validation by a person.
    pub(super) fn request_credential(&mut self, settings: &Settings, request: &Request) -> Result<Answer, ApiError> {
        if request.header("x-ovh-application") != Some(&settings.application_key) {
            return Err(INVALID_KEY);
        }
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let rules = body["accessRules"].as_array().filter(|rules| !rules.is_empty());
        let right = |rule: &Value| rule["method"].is_string() && rule["path"].is_string();
        if !rules.is_some_and(|rules| rules.iter().all(right)) {
            return Err(BAD_REQUEST.saying("Missing or malformed accessRules"));
        }
        let number = self.pending.len() + 1;
        let key = format!("pendingCK{number:022}");
        let answer = json!({
            "consumerKey": key,
            "validationUrl": format!("https://sim.example/auth/?credentialToken=simulated{number}"),
            "state": "pendingValidation",
        });
        self.pending.push(key);
        Ok(Answer::json(200, &answer))
    }

    /// `POST /auth/oauth2/token`: the client-credentials grant, with the client in the form or in HTTP Basic.
    pub(super) fn token(&mut self, settings: &Settings, request: &Request, fault: Option<&Kind>) -> Answer {
        let refusal = |status, error: &str, description: &str| {
            Answer::json(status, &json!({ "error": error, "error_description": description }))
        };
        let kind = request.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return refusal(400, "invalid_request", "the body must be a form");
        }
        let form: HashMap<String, String> = form(&request.body).collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != "client_credentials" {
            return refusal(400, "unsupported_grant_type", "only client_credentials");
        }
        let own = (settings.client_id.as_str(), settings.client_secret.as_str());
        let basic = format!("Basic {}", base64(format!("{}:{}", own.0, own.1).as_bytes()));
        let known = (field("client_id"), field("client_secret")) == own
            || request.header("authorization") == Some(basic.as_str());
        let word = fault.map(Kind::word);
        if !known || word == Some("invalid-client") {
            return refusal(401, "invalid_client", "client authentication failed");
        }
        let token = format!("simulated.{}", self.tokens.len() + 1);
        let mut answer = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": settings.token_seconds,
            "scope": "all",
        });
        match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
            Some(("no-token", _)) => answer["access_token"] = Value::Null,
            Some(("expired", _)) => answer["expires_in"] = json!(0),
            Some(("type", Some(word))) => answer["token_type"] = json!(word),
            _ => {}
        }
        self.tokens.insert(token, 0);
        Answer::json(200, &answer)
    }
}

/// `GET /1.0/auth/time`: only a number.
pub(super) fn time(settings: &Settings, fault: Option<&Kind>) -> Answer {
    let now = now(settings);
    Answer::json(
        200,
        &match fault.map(|fault| (fault.word(), fault.number)) {
            Some(("quoted", _)) => json!(now.to_string()),
            Some(("fraction", _)) => json!(now as f64 + 0.5),
            Some(("object", _)) => json!({ "time": now }),
            Some(("null", _)) => Value::Null,
            Some(("negative", _)) => json!(-now),
            Some(("behind", Some(seconds))) => json!(now - i64::try_from(seconds).unwrap_or_default()),
            _ => json!(now),
        },
    )
}

/// `GET /1.0/auth/currentCredential`.
pub(super) fn current(settings: &Settings, fault: Option<&Kind>) -> Answer {
    let rules = settings.rules.iter();
    let rules: Vec<Value> = rules
        .map(|rule| json!({ "method": rule.method, "path": rule.path }))
        .collect();
    let mut answer = json!({
        "credentialId": 4711,
        "applicationId": 815,
        "status": "validated",
        "ovhSupport": false,
        "creation": "2026-01-31T10:00:00+01:00",
        "expiration": null,
        "lastUse": "2026-02-01T10:00:00+01:00",
        "allowedIPs": null,
        "rules": rules,
    });
    match fault.map(|fault| (fault.word(), fault.text.as_deref())) {
        Some(("status-word", Some(word))) => answer["status"] = json!(word),
        Some(("no-rules", _)) => answer["rules"] = json!([]),
        _ => {}
    }
    Answer::json(200, &answer)
}

/// The fields of a form or of a query.
pub(super) fn form(text: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| crate::protocol::percent_decoded(&text.replace('+', " "));
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(move |(name, value)| (decoded(name), decoded(value)))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunk = |chunk: &[u8]| {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |at: usize| {
            if at > chunk.len() {
                '='
            } else {
                char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63])
            }
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(chunk).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn signatures_match_the_test_vectors() {
        let server = "https://eu.api.ovh.com/1.0/dedicated/server/ns1234567.ip-192-0-2.eu";
        for (method, path, body, hash) in [
            ("GET", "", "", "a9bd68facacd3782389c8f1427362231fc9649d6"),
            ("PUT", "", r#"{"bootId":1}"#, "fef540a3421ea3ea816cbb2140c8fa565d17f7b0"),
            ("POST", "/reboot", "", "9bc8d0152d7ac0c908eb5102c9a863540803cf4f"),
            (
                "GET",
                "/boot?bootType=rescue",
                "",
                "a0cf7b67e47c25dfa74832c8bf359033d8ac2c4c",
            ),
        ] {
            let (secret, consumer) = ("secretAS0123456789abcdef01234567", "consumerCK0123456789abcdef012345");
            let url = format!("{server}{path}");
            let signature = signature(secret, consumer, method, &url, body, "1700000000");
            assert_eq!(signature, format!("$1${hash}"), "{method} {path}");
        }
    }

    #[test]
    fn a_star_matches_any_text() {
        for (pattern, text) in [
            ("/*", "/me"),
            ("*", ""),
            ("/a/*/c", "/a/b/b/c"),
            ("/a", "/a"),
            ("a:*:get", "a:x/y:get"),
        ] {
            assert!(covers(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("/a", "/a/b"), ("/a/*", "/a"), ("/a/*/c", "/a/b/d"), ("", "/")] {
            assert!(!covers(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn rules_are_parsed_from_text() {
        assert_eq!("GET /me".parse::<Rule>().unwrap(), Rule::new("GET", "/me"));
        assert_eq!("PUT=/a/*".parse::<Rule>().unwrap(), Rule::new("PUT", "/a/*"));
        for bad in ["GET", "GET=me", "=/me"] {
            assert!(bad.parse::<Rule>().unwrap_err().to_string().contains(bad));
        }
    }

    #[test]
    fn base64_follows_the_standard() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(
            encoded,
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
        );
    }
}
