//! Requests to the API, and what its errors mean.

use std::net::IpAddr;

use fencebox_sdk::http::{Client, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{Action, Server, Servers};

/// The endpoint.
pub(crate) const ENDPOINT: &str = "api";
/// Maximum number of pages of a list, with 50 servers each.
const MOST_PAGES: u32 = 200;

/// The servers of one project.
pub(crate) struct Api(Client);

impl Api {
    pub(crate) fn new(token: &str) -> Self {
        Self(Client::new(ENDPOINT).bearer(token).reason("/error/message"))
    }

    /// The server that a plug names: by its id, its unique name, or one of its addresses.
    pub(crate) fn find(&mut self, plug: &str) -> Result<Server> {
        if let Some(id) = id_of(plug) {
            return self.server(id, plug);
        }
        let page: Servers = read(&self.get(path!("/servers?name={plug}"))?)?;
        let mut named: Vec<Server> = page.servers.into_iter().filter(|server| server.name == plug).collect();
        match (named.pop(), named.is_empty()) {
            (Some(server), true) => return Ok(server),
            (Some(_), false) => {
                return Err(Error::unexpected(format!(
                    "two servers have the name {}",
                    excerpt(plug)
                )));
            }
            (None, _) => {}
        }
        let Ok(address) = plug.parse::<IpAddr>() else {
            return Err(Error::plug_not_found(plug));
        };
        let mut servers = self.servers()?;
        servers.retain(|server| server.has_address(address));
        match servers.len() {
            0 | 1 => servers.pop().ok_or_else(|| Error::plug_not_found(plug)),
            // Servers in different private networks may have the same address.
            _ => Err(Error::PlugAmbiguous(
                servers.into_iter().map(|server| server.name).collect(),
            )),
        }
    }

    /// The server with this id, which `plug` names.
    pub(crate) fn server(&mut self, id: u64, plug: &str) -> Result<Server> {
        #[derive(Deserialize)]
        struct Answer {
            server: Server,
        }
        let answer = self.0.get(path!("/servers/{id}")).about(plug).send()?;
        let server = read::<Answer>(&answer)?.server;
        if server.id != id {
            return Err(answer.unexpected(&format!("an answer about the server {} instead of {id}", server.id)));
        }
        Ok(server)
    }

    /// All servers.
    pub(crate) fn servers(&mut self) -> Result<Vec<Server>> {
        let (mut all, mut page) = (Vec::<Server>::new(), 1);
        while page <= MOST_PAGES {
            let answer = self.get(path!("/servers?page={page}&per_page=50"))?;
            let part: Servers = read(&answer)?;
            let is_new = |server: &Server| !all.iter().any(|own| own.id == server.id);
            if !part.servers.iter().all(is_new) {
                return Err(answer.unexpected("a list of servers that repeats itself"));
            }
            all.extend(part.servers);
            let next = &part.meta["pagination"]["next_page"];
            match next.as_u64() {
                None if next.is_null() => return Ok(all),
                Some(next) if next == u64::from(page) + 1 => page += 1,
                _ => return Err(answer.unexpected("a list of servers with an invalid next page")),
            }
        }
        Err(Error::unexpected(format!(
            "the list of servers has more than {MOST_PAGES} pages"
        )))
    }

    /// Checks that servers can be listed.
    pub(crate) fn check_list(&mut self) -> Result<()> {
        read::<Servers>(&self.get("/servers?per_page=1")?).map(drop)
    }

    /// Requests an action, such as `poweroff`.
    pub(crate) fn act(&mut self, id: u64, plug: &str, verb: &str) -> Result<Action> {
        let answer = self.0.post(path!("/servers/{id}/actions/{verb}")).about(plug).send()?;
        let action = action_in(&answer)?;
        if !action.is_about(id) {
            return Err(answer.unexpected(&format!("an action that is not about the server {id}")));
        }
        Ok(action)
    }

    /// An action of this session for this server.
    pub(crate) fn action(&mut self, id: u64, server: u64) -> Result<Action> {
        let answer = self.0.get(path!("/actions/{id}")).send()?;
        let action = action_in(&answer)?;
        if action.id != id || !action.is_about(server) {
            return Err(answer.unexpected("an answer about another action"));
        }
        Ok(action)
    }

    fn get(&mut self, path: impl Into<Path>) -> Result<Response> {
        self.0.get(path).send()
    }
}

/// The id that a plug is. Names have at least one other character.
fn id_of(plug: &str) -> Option<u64> {
    let is_number = plug.bytes().all(|byte| byte.is_ascii_digit());
    plug.parse().ok().filter(|_| is_number && !plug.starts_with('0'))
}

fn action_in(answer: &Response) -> Result<Action> {
    #[derive(Deserialize)]
    struct Answer {
        action: Action,
    }
    Ok(read::<Answer>(answer)?.action)
}

/// The value in the answer of a success. A proxy may answer in another structure, so the host retries.
fn read<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    if !(200..300).contains(&answer.status()) {
        return Err(refusal(answer));
    }
    answer.json().map_err(Error::retried)
}

/// The error that an answer means. The code counts before the status.
fn refusal(answer: &Response) -> Error {
    let body: Value = answer.json().unwrap_or_default();
    let code = body["error"]["code"].as_str().unwrap_or_default();
    let text = || format!("{} ({code})", answer.reason());
    match code {
        "unauthorized" => Error::LoginDenied(format!("{}; check option api_token", text())),
        "token_readonly" => Error::NotPermitted(format!(
            "{}; create an API token with the permission Read & Write",
            text()
        )),
        "forbidden" => Error::NotPermitted(text()),
        "locked" => Error::busy(format!("{}: another action of the server runs", text()), None),
        "conflict"
        | "maintenance"
        | "timeout"
        | "server_error"
        | "service_error"
        | "unavailable"
        | "rate_limit_exceeded"
        | "resource_limit_exceeded" => busy(answer, text()),
        "protected" => Error::task_failed(format!("{}: remove the protection of the server", text())),
        "invalid_input" | "invalid_server_type" | "placement_error" | "resource_unavailable" | "server_not_stopped" => {
            Error::task_failed(text())
        }
        // Without a plug this is an action that has ended long ago, or a wrong URL.
        _ if answer.status() == 404 && code.is_empty() => answer.unexpected(&answer.reason()),
        _ => answer.error(),
    }
}

/// A busy error with the pause in seconds, if the API names one.
fn busy(answer: &Response, text: String) -> Error {
    let pause = answer
        .header("retry-after")
        .and_then(|pause| pause.trim().parse::<u32>().ok());
    Error::busy(text, pause.map(|pause| pause.min(30)))
}
