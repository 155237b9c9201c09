//! Requests to the device, with the token of the login.

use std::cell::RefCell;
use std::rc::Rc;

use fencebox_sdk::http::{Client, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{DataCentre, Group, Login, Progress, Queued, Server, TaskStatus};
use crate::id::Id;

/// The API, logged in.
pub(crate) struct Api {
    client: Client,
    account: Id,
}

impl Api {
    /// Logs in for the whole session, and again if the device rejects the token.
    /// A token is valid for up to two weeks, and the API has no logout.
    pub(crate) fn log_in(options: &Options) -> Result<Self> {
        let (username, password) = (options.required("username")?, options.required("password")?);
        let credentials = json!({ "username": username, "password": password });
        let account = account(options)?;
        let home = Rc::new(RefCell::new(None));
        let found = Rc::clone(&home);
        let client = Client::new("api").log_in(move |client| {
            *found.borrow_mut() = log_in(client, &credentials)?;
            Ok(())
        })?;
        let account = match (account, home.take()) {
            (Some(account), _) => account,
            (None, Some(home)) => parse_account(&home)?,
            (None, None) => {
                return Err(Error::invalid_option(
                    "account",
                    "is required, because the device returned no account for this user; set it",
                ));
            }
        };
        Ok(Self { client, account })
    }

    pub(crate) fn server(&mut self, id: &Id) -> Result<Server> {
        let request = self.client.get(path!("/servers/{self.account}/{id}"));
        let answer = request.about(&id.to_string()).ok()?;
        let server: Server = json(&answer)?;
        if !id.is(&server.id) {
            return Err(answer.unexpected(&format!("an answer about another server, {}", excerpt(&server.id))));
        }
        Ok(server)
    }

    /// Requests a forced power on or off. `shutDown` and `reboot` need the
    /// server's operating system, which may hang.
    pub(crate) fn ask_for_power(&mut self, id: &Id, target: PowerTarget) -> Result<Queued> {
        let operation = match target {
            PowerTarget::On => "powerOn",
            PowerTarget::Off => "powerOff",
        };
        let path = path!("/operations/{self.account}/servers/{operation}");
        let answer = ok(self.client.post(path).json(&[id]).send()?)?;
        // The vendor's other operations answer with one object instead of an array: accept both.
        let is_array = !answer.text().trim_start().starts_with('{');
        let answers = if is_array {
            answer.elements().map_err(Error::retried)?
        } else {
            vec![Ok(json(&answer)?)]
        };
        // The order of the answers has no meaning, and what they contain about other servers neither.
        let is_own = |about: &Result<Queued, Value>| match about {
            Ok(about) => id.is(&about.server),
            Err(odd) => odd["server"].as_str().is_some_and(|server| id.is(server)),
        };
        let mut own = answers.into_iter().filter(is_own);
        match (own.next(), own.next()) {
            (Some(Ok(about)), None) => Ok(about),
            (None, _) => Err(answer.unexpected(&format!("an answer that does not mention {id}"))),
            (Some(Err(_)), None) => Err(answer.unexpected(&format!("a malformed answer about {id}"))),
            (Some(_), Some(_)) => Err(answer.unexpected(&format!("two answers about {id}"))),
        }
    }

    pub(crate) fn task(&mut self, task: &Id) -> Result<Progress> {
        let path = path!("/operations/{self.account}/status/{task}");
        let answer = self.client.get(path).send()?;
        if answer.status() == 404 {
            return Ok(Progress::Missing);
        }
        json(&answer.ok()?).map(|task: TaskStatus| task.progress())
    }

    /// The data centers. One that cannot be read is its JSON value.
    pub(crate) fn data_centres(&mut self) -> Result<Vec<Result<DataCentre, Value>>> {
        let answer = ok(self.client.get(path!("/datacenters/{self.account}")).send()?)?;
        let data_centres: Vec<Result<DataCentre, Value>> = answer.elements().map_err(Error::retried)?;
        if !data_centres.is_empty() && data_centres.iter().all(Result::is_err) {
            return Err(answer.unexpected("JSON with a wrong structure: no element is a data center"));
        }
        Ok(data_centres)
    }

    /// A data center with the links to its groups.
    pub(crate) fn data_centre(&mut self, id: &str) -> Result<DataCentre> {
        self.read(path!("/datacenters/{self.account}/{id}?groupLinks=true"))
    }

    /// A group with all groups below it. It includes the servers if the device
    /// supports `serverDetail`: the vendor's clients use this parameter, but
    /// its documentation does not mention it.
    pub(crate) fn group(&mut self, id: &Id) -> Result<Group> {
        self.read(path!("/groups/{self.account}/{id}?serverDetail=detailed"))
    }

    fn read<T: for<'a> Deserialize<'a>>(&mut self, path: Path) -> Result<T> {
        json(&ok(self.client.get(path).send()?)?)
    }
}

/// A success. What the device does not find may be there in the next answer.
fn ok(answer: Response) -> Result<Response> {
    if answer.status() == 404 {
        return Err(answer.unexpected(&answer.reason()));
    }
    answer.ok()
}

/// The value in an answer. One of another structure may be that of a server
/// behind the API that is being replaced, so the host retries.
fn json<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    answer.json().map_err(Error::retried)
}

/// Sets a new token, and returns the alias of the user's own account.
fn log_in(client: &mut Client, credentials: &Value) -> Result<Option<String>> {
    let answer = client.post("/authentication/login").json(credentials).send()?;
    // The device answers wrong credentials with 400, and locked users with 400 or 403. Deny the login even
    // if the body is not JSON: a retry with a wrong password could lock the account.
    if let status @ (400 | 401 | 403) = answer.status() {
        let reason = answer.message().unwrap_or_else(|| "no reason given".to_owned());
        return Err(Error::LoginDenied(format!("{reason} (status {status} for the login)")));
    }
    let answer = ok(answer)?;
    let login: Login = json(&answer)?;
    let token = login.bearer_token.filter(|token| !token.is_empty());
    client.set_bearer(token.ok_or_else(|| answer.unexpected("a login without a token"))?);
    let home = login.account_alias.as_str().filter(|account| !account.is_empty());
    Ok(home.map(str::to_owned))
}

/// The account in the options.
pub(crate) fn account(options: &Options) -> Result<Option<Id>> {
    options.get("account").map(parse_account).transpose()
}

fn parse_account(alias: &str) -> Result<Id> {
    Id::parse(alias)
        .ok_or_else(|| Error::invalid_option("account", "is not an account alias: letters and digits, such as ACME"))
}
