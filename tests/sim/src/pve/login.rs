//! Who may send a request: tickets and API tokens.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Pve;
use crate::fault::Kind;
use crate::protocol::{Answer, Request, percent_decoded};

/// A ticket that the service has given.
#[derive(Debug)]
pub(super) struct Ticket {
    ticket: String,
    csrf: String,
    calls: u64,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// `root@pam` with a ticket, who may ignore locks.
    Root,
    User,
}

impl Pve {
    /// Checks the credentials of a request. Counts a request of a ticket.
    pub(super) fn admit(&mut self, request: &Request) -> Result<Sender, Answer> {
        if let Some(token) = request.header("authorization") {
            let is_known = token.strip_prefix("PVEAPIToken=") == Some(self.settings.token.as_str());
            return if is_known {
                Ok(Sender::User)
            } else {
                Err(error(401, "invalid token value!"))
            };
        }
        let cookies = request.header("cookie").unwrap_or_default().split(';');
        let ticket = cookies
            .filter_map(|pair| pair.trim().strip_prefix("PVEAuthCookie="))
            .next();
        let ticket = ticket.map(|ticket| {
            if ticket.starts_with("PVE%3A") {
                percent_decoded(ticket)
            } else {
                ticket.to_owned()
            }
        });
        let most = self.settings.ticket_calls;
        let known = self
            .tickets
            .iter_mut()
            .find(|known| Some(&known.ticket) == ticket.as_ref());
        let Some(known) = known else {
            return Err(error(401, "permission denied - invalid PVE ticket"));
        };
        known.calls += 1;
        if most.is_some_and(|most| known.calls > most) {
            self.tickets.retain(|known| Some(&known.ticket) != ticket.as_ref());
            return Err(error(401, "permission denied - invalid PVE ticket"));
        }
        if request.method != "GET" && request.header("csrfpreventiontoken") != Some(known.csrf.as_str()) {
            return Err(error(401, "Permission denied - invalid csrf token"));
        }
        Ok(if self.settings.login == "root@pam" {
            Sender::Root
        } else {
            Sender::User
        })
    }

    /// `POST access/ticket`.
    pub(super) fn log_in(&mut self, body: &str, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        let form = form(body);
        let given = |name: &str| form.get(name).map(String::as_str);
        let expected = (
            Some(self.settings.login.as_str()),
            Some(self.settings.password.as_str()),
        );
        if (given("username"), given("password")) != expected || word == "denied" {
            return error(401, "authentication failure");
        }
        self.opened += 1;
        let number = self.opened;
        let login = &self.settings.login;
        let ticket = Ticket {
            ticket: format!("PVE:{login}:SIMULATED::ticket+{number:08}=="),
            csrf: format!("SIMULATED:csrf+{number:08}"),
            calls: 0,
        };
        let mut data = json!({
            "ticket": ticket.ticket,
            "CSRFPreventionToken": ticket.csrf,
            "username": login,
            "clustername": "lab",
            "cap": { "vms": { "VM.PowerMgmt": 1, "VM.Audit": 1 } },
        });
        match word {
            "no-ticket" => {
                data.as_object_mut().map(|members| members.remove("ticket"));
            }
            "second-factor" => {
                data["ticket"] = json!(format!("PVE:!tfa!{number}"));
                data["NeedTFA"] = json!(1);
            }
            _ => self.tickets.push(ticket),
        }
        success(&data)
    }

    /// `GET access/permissions`.
    pub(super) fn permissions(&self, request: &Request) -> Answer {
        let query = request.target.split_once("path=").map_or("", |(_, path)| path);
        let path = percent_decoded(query.split('&').next().unwrap_or_default());
        let mut privileges = json!({});
        if self.settings.may_audit {
            privileges["VM.Audit"] = json!(1);
        }
        if self.settings.may_switch {
            privileges["VM.PowerMgmt"] = json!(1);
        }
        let mut data = json!({});
        data[path] = privileges;
        success(&data)
    }
}

/// A success with this value.
pub(super) fn success(data: &Value) -> Answer {
    Answer::json(200, &json!({ "data": data }))
}

/// An error with this reason.
pub(super) fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "data": null, "message": format!("{message}\n") }))
}

/// The pairs of a form.
pub(super) fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}
