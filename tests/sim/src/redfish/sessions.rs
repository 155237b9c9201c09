//! Who may send a request: HTTP Basic, and sessions.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Redfish;
use crate::fault::Kind;
use crate::protocol::{Answer, Request};

/// An open session.
#[derive(Debug)]
pub(super) struct Session {
    id: u64,
    token: String,
    calls: u64,
}

impl Redfish {
    /// Checks the credentials of a request. Counts a request of a session.
    pub(super) fn admit(&mut self, request: &Request) -> Result<(), Answer> {
        let refusal = self.refusal(401, "Base.1.8.NoValidSession");
        if let Some(token) = request.header("x-auth-token") {
            let most = self.settings.session_calls;
            let session = self.sessions.iter_mut().find(|session| session.token == token);
            let Some(session) = session else {
                return Err(refusal);
            };
            session.calls += 1;
            if most.is_some_and(|most| session.calls > most) {
                self.sessions.retain(|session| session.token != token);
                return Err(refusal);
            }
            return Ok(());
        }
        let expected = BASE64_STANDARD.encode(format!("{}:{}", self.settings.login, self.settings.password));
        match request.header("authorization") {
            Some(given) if given.strip_prefix("Basic ") == Some(expected.as_str()) => Ok(()),
            _ => Err(refusal),
        }
    }

    /// `POST SessionService/Sessions`.
    pub(super) fn log_in(&mut self, body: &str, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let given = (body["UserName"].as_str(), body["Password"].as_str());
        let expected = (
            Some(self.settings.login.as_str()),
            Some(self.settings.password.as_str()),
        );
        if given != expected || word == "denied" {
            return if self.settings.profile.has_old_errors() {
                self.refusal(400, "iLO.0.10.UnauthorizedLoginAttempt")
            } else {
                self.refusal(401, "Base.1.8.ResourceAtUriUnauthorized")
            };
        }
        if self.sessions.len() >= self.settings.sessions || word == "limit" {
            return self.refusal(503, "Base.1.8.SessionLimitExceeded");
        }
        self.opened += 1;
        let id = self.opened;
        let token = format!("SIMULATED-token-{id:08}");
        let path = format!("/redfish/v1/SessionService/Sessions/{id}");
        let mut created = json!({
            "@odata.type": "#Session.v1_3_0.Session",
            "@odata.id": path,
            "Id": id.to_string(),
            "Name": "User Session",
            "UserName": self.settings.login,
        });
        if word == "no-location" {
            created.as_object_mut().map(|members| members.remove("@odata.id"));
        }
        let mut answer = Answer::json(201, &created);
        if word != "no-token" {
            answer.headers.push(("x-auth-token", token.clone()));
        }
        if word != "no-location" {
            answer.headers.push(("location", path));
        }
        self.sessions.push(Session { id, token, calls: 0 });
        answer
    }

    /// `DELETE SessionService/Sessions/ID`.
    pub(super) fn log_out(&mut self, id: &str) -> Answer {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.id.to_string() != id);
        if self.sessions.len() == before {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        }
        Answer {
            status: 204,
            ..Answer::default()
        }
    }

    /// `GET SessionService/Sessions`.
    pub(super) fn list_sessions(&self) -> Answer {
        let paths = self
            .sessions
            .iter()
            .map(|session| json!({ "@odata.id": format!("/redfish/v1/SessionService/Sessions/{}", session.id) }));
        let members: Vec<Value> = paths.collect();
        Answer::json(
            200,
            &json!({
                "@odata.type": "#SessionCollection.SessionCollection",
                "@odata.id": "/redfish/v1/SessionService/Sessions",
                "Name": "Session Collection",
                "Members@odata.count": members.len(),
                "Members": members,
            }),
        )
    }

    /// `GET SessionService/Sessions/ID`.
    pub(super) fn read_session(&self, id: &str) -> Answer {
        if !self.sessions.iter().any(|session| session.id.to_string() == id) {
            return self.refusal(404, "Base.1.8.ResourceMissingAtURI");
        }
        Answer::json(
            200,
            &json!({
                "@odata.type": "#Session.v1_3_0.Session",
                "@odata.id": format!("/redfish/v1/SessionService/Sessions/{id}"),
                "Id": id,
                "Name": "User Session",
                "UserName": self.settings.login,
            }),
        )
    }
}
