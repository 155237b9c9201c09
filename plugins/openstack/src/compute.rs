//! The compute service.

use std::collections::BTreeSet;

use fencebox_sdk::http::{Client, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{self, InstanceAction, Server};
use crate::identity;
use crate::settings::Settings;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "compute";
/// Maximum number of servers of a project.
const MOST: usize = 50_000;
/// The microversion from which on users see the events of an action.
const WITH_EVENTS: &str = "compute 2.51";

/// What is requested for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    /// Nova forces the end after its `shutdown_timeout`. It has no other way.
    Stop,
    HardReboot,
    Unpause,
    Resume,
}

impl Action {
    fn body(self) -> Value {
        match self {
            Self::Start => json!({ "os-start": null }),
            Self::Stop => json!({ "os-stop": null }),
            Self::HardReboot => json!({ "reboot": { "type": "HARD" } }),
            Self::Unpause => json!({ "unpause": null }),
            Self::Resume => json!({ "resume": null }),
        }
    }
}

/// The answer to an action.
pub(crate) enum Outcome {
    /// Accepted, with the id of its record.
    Accepted(String),
    /// Refused because of the state of the server.
    Conflict(String),
}

/// How far an action is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    /// It succeeded, or its record does not show how it ended. The record of the
    /// server decides.
    Ended,
    Failed,
}

/// The compute service, logged in.
pub(crate) struct Compute {
    client: Client,
    /// The service is so old that it has only the first microversion.
    is_old: bool,
}

impl Compute {
    /// Logs in for the whole session, and again if the service rejects the
    /// token. Tokens end by themselves after some time.
    pub(crate) fn open(settings: Settings) -> Result<Self> {
        let client = Client::new(ENDPOINT).reason_by(answers::reason);
        let client = client.log_in(move |client| identity::log_in(&settings, client))?;
        Ok(Self { client, is_old: false })
    }

    /// Checks that the account can list servers.
    pub(crate) fn check_list(&mut self) -> Result<()> {
        self.page("/servers?limit=1".into()).map(drop)
    }

    pub(crate) fn server(&mut self, id: &str) -> Result<Server> {
        #[derive(Deserialize)]
        struct Answer {
            server: Server,
        }
        let answer = self.client.get(path!("/servers/{id}")).about(id).ok()?;
        let server = json::<Answer>(&answer)?.server;
        if !server.id().eq_ignore_ascii_case(id) {
            return Err(answer.unexpected(&format!("an answer about another server, {}", excerpt(server.id()))));
        }
        if server.is_deleted() {
            return Err(Error::plug_not_found(id));
        }
        Ok(server)
    }

    /// The id of the only server with this name.
    pub(crate) fn find(&mut self, name: &str) -> Result<String> {
        // The service takes a regular expression, in the language of its database. Dots match at least this name.
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_ ".contains(character);
        let pattern: String = name.chars().map(|one| if is_plain(one) { one } else { '.' }).collect();
        let servers = self.servers(Some(&format!("^{pattern}$")))?;
        let named = servers.iter().filter(|server| server.name() == Some(name));
        let ids: Vec<String> = named.map(|server| server.id().to_owned()).collect();
        match ids.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Error::plug_not_found(name)),
            _ => Err(Error::PlugAmbiguous(ids)),
        }
    }

    /// The servers of the project: those whose name matches, or all with their
    /// status. The links of the service to further pages are not used: they often
    /// have another host than the catalog.
    pub(crate) fn servers(&mut self, name: Option<&str>) -> Result<Vec<Server>> {
        let (mut all, mut seen): (Vec<Server>, BTreeSet<String>) = Default::default();
        loop {
            let path = match (name, all.last().map(Server::id)) {
                (Some(name), None) => path!("/servers?name={name}"),
                (Some(name), Some(last)) => path!("/servers?name={name}&marker={last}"),
                (None, None) => "/servers/detail".into(),
                (None, Some(last)) => path!("/servers/detail?marker={last}"),
            };
            let (servers, has_more) = self.page(path)?;
            let is_odd = has_more && servers.is_empty() || all.len() > MOST;
            if is_odd || !servers.iter().all(|server| seen.insert(server.id().to_owned())) {
                let reason =
                    format!("the list of servers repeats itself, has an empty page, or more than {MOST} servers");
                return Err(Error::unexpected(reason));
            }
            all.extend(servers);
            if !has_more {
                return Ok(all);
            }
        }
    }

    /// One page of a list, and whether there are more.
    fn page(&mut self, path: Path) -> Result<(Vec<Server>, bool)> {
        #[derive(Deserialize)]
        struct Page {
            servers: Vec<Server>,
            #[serde(default)]
            servers_links: Vec<Value>,
        }
        let page: Page = json(&self.client.get(path).ok()?)?;
        let has_more = page.servers_links.iter().any(|link| link["rel"] == "next");
        Ok((page.servers, has_more))
    }

    /// Requests an action.
    pub(crate) fn act(&mut self, id: &str, action: Action) -> Result<Outcome> {
        let request = self.client.post(path!("/servers/{id}/action")).json(&action.body());
        let answer = request.about(id).send()?;
        if answer.status() == 409 {
            return Ok(Outcome::Conflict(answer.reason()));
        }
        let answer = answer.ok()?;
        let request = answer.header("x-openstack-request-id").unwrap_or_default();
        if answer.status() != 202 || !request.starts_with("req-") {
            return Err(answer.unexpected("an answer without the id of the action"));
        }
        Ok(Outcome::Accepted(request.to_owned()))
    }

    /// How far the action with this request id is.
    pub(crate) fn progress(&mut self, id: &str, request: &str) -> Result<Progress> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "instanceAction")]
            action: InstanceAction,
        }
        let answer = self.record(id, request)?;
        if matches!(answer.status(), 403 | 404) && answer.is_json() {
            log::info(format!("the record of the action cannot be read: {}", answer.reason()));
            return Ok(Progress::Ended);
        }
        let answer = answer.ok()?;
        let record = json::<Answer>(&answer)?.action;
        let server = record.instance_uuid.as_str();
        if record.request_id != request || server.is_some_and(|server| !server.eq_ignore_ascii_case(id)) {
            return Err(answer.unexpected("an answer about another action"));
        }
        let events = record.events.as_deref();
        let failed = |event: &Value| event["result"] == "Error";
        if record.message == "Error" || events.is_some_and(|events| events.iter().any(failed)) {
            return Ok(Progress::Failed);
        }
        let succeeded = |event: &Value| event["result"] == "Success";
        let is_over = events.is_none_or(|events| !events.is_empty() && events.iter().all(succeeded));
        Ok(if is_over { Progress::Ended } else { Progress::UnderWay })
    }

    fn record(&mut self, id: &str, request: &str) -> Result<Response> {
        let path = path!("/servers/{id}/os-instance-actions/{request}");
        if !self.is_old {
            let events = self.client.get(&path).header("openstack-api-version", WITH_EVENTS);
            let answer = events.send()?;
            if answer.status() != 406 {
                return Ok(answer);
            }
            self.is_old = true;
        }
        self.client.get(&path).send()
    }
}

/// The value in an answer. A proxy may answer in another structure, so the host
/// retries.
fn json<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    answer.json().map_err(Error::retried)
}
