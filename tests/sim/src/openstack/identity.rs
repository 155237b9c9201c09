//! The identity service: tokens and the catalog.

use serde_json::{Value, json};

use super::{OpenStack, refused};
use crate::fault::Kind;
use crate::protocol::{Answer, Request};

/// A token, with the number of requests that used it.
#[derive(Debug)]
pub(super) struct Token {
    text: String,
    calls: u64,
}

impl OpenStack {
    /// `POST /v3/auth/tokens`.
    pub(super) fn log_in(&mut self, body: &str, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        if body["auth"]["identity"]["methods"].as_array().is_none() {
            return refused(
                400,
                "Expecting to find identity in auth. The server could not comply with the request.",
            );
        }
        if !self.is_accepted(&body["auth"]) || ["denied", "receipt"].contains(&word) {
            let mut refusal = refused(401, "The request you have made requires authentication.");
            if word == "receipt" {
                refusal.headers.push(("openstack-auth-receipt", "receipt".to_owned()));
            }
            return refusal;
        }
        let mut token = json!({ "token": {
            "methods": body["auth"]["identity"]["methods"],
            "user": { "id": "u1", "name": self.settings.login, "domain": self.domain() },
            "project": { "id": "p1", "name": self.settings.project, "domain": self.domain() },
            "roles": [{ "id": "r1", "name": "member" }, { "id": "r2", "name": "reader" }],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "is_domain": false,
            "audit_ids": ["a1"],
            "catalog": self.catalog(fault),
        } });
        if word == "no-catalog" {
            token["token"].as_object_mut().map(|members| members.remove("catalog"));
        }
        let mut answer = Answer::json(201, &token);
        if word != "no-token" {
            self.logins += 1;
            let text = format!("gAAAAAB-SIMULATED-token-{}", self.logins);
            answer.headers.push(("x-subject-token", text.clone()));
            self.tokens.push(Token { text, calls: 0 });
        }
        answer
    }

    fn domain(&self) -> Value {
        json!({ "id": "default", "name": self.settings.domain })
    }

    /// Whether the credentials and the scope are those of the settings.
    fn is_accepted(&self, auth: &Value) -> bool {
        let settings = &self.settings;
        let is_domain = |domain: &Value| domain["name"] == settings.domain.as_str() || domain["id"] == "default";
        let identity = &auth["identity"];
        if identity["methods"] == json!(["application_credential"]) {
            let given = &identity["application_credential"];
            let (id, secret) = &settings.credential;
            // Keystone rejects a scope here, because the credential has its own.
            return given["id"] == id.as_str() && given["secret"] == secret.as_str() && auth.get("scope").is_none();
        }
        let user = &identity["password"]["user"];
        let project = &auth["scope"]["project"];
        identity["methods"] == json!(["password"])
            && (user["id"] == "u1" || user["name"] == settings.login.as_str() && is_domain(&user["domain"]))
            && user["password"] == settings.password.as_str()
            && (project["id"] == "p1" || project["name"] == settings.project.as_str() && is_domain(&project["domain"]))
    }

    fn catalog(&self, fault: Option<&Kind>) -> Value {
        let word = fault.map_or("", Kind::word);
        let elsewhere = fault
            .filter(|_| word == "elsewhere")
            .and_then(|fault| fault.text.clone());
        let compute = elsewhere.unwrap_or_else(|| format!("{}/v2.1", self.compute_url()));
        let identity = format!("{}/v3", self.urls.first().map_or("", String::as_str));
        let endpoints = |url: &str, region: &str| {
            ["public", "internal", "admin"].map(|interface| {
                let id = format!("{region}-{interface}");
                json!({ "id": id, "interface": interface, "region": region, "region_id": region, "url": url })
            })
        };
        let mut computes = endpoints(&compute, "RegionOne").to_vec();
        if word == "regions" {
            computes.extend(endpoints("http://192.0.2.1:8774/v2.1", "RegionTwo"));
        }
        let mut catalog = vec![
            json!({ "id": "s1", "type": "identity", "name": "keystone", "endpoints": endpoints(&identity, "RegionOne") }),
            json!({ "id": "s2", "type": "compute", "name": "nova", "endpoints": computes }),
        ];
        if word == "no-compute" {
            catalog.pop();
        }
        Value::Array(catalog)
    }

    /// Checks the token, and counts one request for it.
    pub(super) fn admit(&mut self, request: &Request, fault: Option<&Kind>) -> Result<(), Answer> {
        let refusal = || refused(401, "The request you have made requires authentication.");
        if fault.is_some_and(|fault| fault.word() == "expired") {
            self.tokens.clear();
        }
        let given = request.header("x-auth-token").ok_or_else(refusal)?;
        let token = self.tokens.iter_mut().find(|token| token.text == given);
        let token = token.ok_or_else(refusal)?;
        token.calls += 1;
        let is_over = self.settings.token_calls.is_some_and(|most| token.calls > most);
        if is_over { Err(refusal()) } else { Ok(()) }
    }
}
