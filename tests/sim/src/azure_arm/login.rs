//! Microsoft Entra ID, and the identity of a machine.

use serde_json::json;

use super::{CLIENT, IDENTITY, Subscription, TENANT, refused};
use crate::fault::Kind;
use crate::protocol::{Answer, Request, percent_decoded};

/// A token, with the number of requests that used it.
#[derive(Debug)]
pub(super) struct Token {
    text: String,
    calls: u64,
}

impl Subscription {
    /// `GET /TENANT/v2.0/.well-known/openid-configuration`, which the vendor's clients read.
    pub(super) fn discovery(&self) -> Answer {
        let base = format!("{}/{TENANT}", self.url);
        Answer::json(
            200,
            &json!({
                "token_endpoint": format!("{base}/oauth2/v2.0/token"),
                "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
                "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
                "issuer": format!("{base}/v2.0"),
                "jwks_uri": format!("{base}/discovery/v2.0/keys"),
                "tenant_discovery_endpoint": format!("{base}/v2.0/.well-known/openid-configuration"),
                "metadata": [],
            }),
        )
    }

    /// `POST /TENANT/oauth2/v2.0/token`.
    pub(super) fn issue(&mut self, tenant: &str, body: &str, fault: Option<&Kind>) -> Answer {
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| (name.to_owned(), percent_decoded(&value.replace('+', " "))))
            .collect();
        let value = |name: &str| {
            let pair = pairs.iter().find(|(own, _)| own == name);
            pair.map_or("", |(_, value)| value.as_str())
        };
        let word = fault.map_or("", Kind::word);
        if tenant != TENANT {
            return denied(400, "invalid_request", 90002, "Tenant not found.");
        }
        if value("grant_type") != "client_credentials" || !value("scope").ends_with("/.default") {
            return denied(
                400,
                "invalid_scope",
                70011,
                "The provided value for scope is not valid.",
            );
        }
        if value("client_id") != CLIENT {
            return denied(
                400,
                "unauthorized_client",
                700_016,
                "Application not found in the directory.",
            );
        }
        if value("client_secret") != self.settings.secret || word == "denied" {
            return denied(401, "invalid_client", 7_000_215, "Invalid client secret provided.");
        }
        match word {
            "secret-expired" => denied(
                401,
                "invalid_client",
                7_000_222,
                "The provided client secret keys are expired.",
            ),
            "unavailable-code" => denied(400, "temporarily_unavailable", 90033, "A transient error has occurred."),
            _ => self.grant("SIMULATED-token-", word, false),
        }
    }

    /// `GET /metadata/identity/oauth2/token`.
    pub(super) fn identity(&mut self, request: &Request, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let refuse = |code: &str, text: &str| Answer::json(400, &json!({ "error": code, "error_description": text }));
        if request.header("metadata") != Some("true") {
            return refuse("invalid_request", "Required metadata header not specified");
        }
        let asks_for_another = request.target.contains("client_id=") && !request.asks("client_id", IDENTITY);
        match word {
            _ if asks_for_another => refuse("invalid_request", "Identity not found"),
            "missing" => refuse("invalid_request", "Identity not found"),
            "starting" => refused(410, "Gone", "The service is being updated."),
            _ => self.grant("SIMULATED-token-own-", word, true),
        }
    }

    /// A token; the metadata service writes numbers as text.
    fn grant(&mut self, prefix: &str, word: &str, as_text: bool) -> Answer {
        self.logins += 1;
        let text = format!("{prefix}{}", self.logins);
        let life = if as_text { json!("86399") } else { json!(3599) };
        let mut token = json!({ "access_token": text, "expires_in": life, "token_type": "Bearer" });
        match word {
            "no-token" => {
                token.as_object_mut().map(|members| members.remove("access_token"));
            }
            "not-bearer" => token["token_type"] = json!("pop"),
            "no-life" => token["expires_in"] = json!(0),
            _ => {}
        }
        // A token that has expired is one that Azure does not accept.
        if word != "expired-token" {
            self.tokens.push(Token { text, calls: 0 });
        }
        Answer::json(200, &token)
    }

    /// Checks the token, and counts one request for it.
    pub(super) fn admit(&mut self, request: &Request, fault: Option<&Kind>) -> Result<(), Answer> {
        let refusal = || {
            refused(
                401,
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier.",
            )
        };
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

fn denied(status: u16, error: &str, code: u64, text: &str) -> Answer {
    let description = format!("AADSTS{code}: {text}\r\nTrace ID: 1\r\nCorrelation ID: 2");
    Answer::json(
        status,
        &json!({ "error": error, "error_description": description, "error_codes": [code] }),
    )
}
