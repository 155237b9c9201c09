//! Requests to the device, with the token of the login.

use fencebox_sdk::http::{Request, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{DataCentre, Group, Login, Progress, Queued, Server, TaskStatus};
use crate::id::Id;

const ENDPOINT: &str = "api";

/// The API, logged in.
pub(crate) struct Api {
    username: String,
    password: String,
    account: Id,
    token: String,
}

impl Api {
    /// Logs in once for the whole session. A token is valid for up to two
    /// weeks, and the API has no logout.
    pub(crate) fn log_in(options: &Options) -> Result<Self> {
        let (username, password) = (options.required("username")?, options.required("password")?);
        let account = account(options)?;
        let (token, home) = log_in(username, password)?;
        let account = match (account, home) {
            (Some(account), _) => account,
            (None, Some(home)) => parse_account(&home)?,
            (None, None) => {
                return Err(Error::invalid_option(
                    "account",
                    "is required, because the device returned no account for this user; set it",
                ));
            }
        };
        Ok(Self {
            username: username.to_owned(),
            password: password.to_owned(),
            account,
            token,
        })
    }

    pub(crate) fn server(&mut self, id: &Id) -> Result<Server> {
        let answer = self.send(http::get(ENDPOINT, path!("/servers/{self.account}/{id}")))?;
        // A 404 with an HTML page comes from a proxy, and does not prove that the server is missing.
        if answer.status() == 404 && answer.is_json() {
            return Err(Error::plug_not_found(id.to_string()));
        }
        let answer = answer.ok()?;
        let server: Server = answer.json()?;
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
        let answer = self.send(http::post(ENDPOINT, path).json(&[id]))?.ok()?;
        // The vendor's other operations answer with one object instead of an array: accept both.
        let is_array = !answer.text().trim_start().starts_with('{');
        let answers = if is_array {
            answer.elements()?
        } else {
            vec![Ok(answer.json()?)]
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
        let answer = self.send(http::get(ENDPOINT, path!("/operations/{self.account}/status/{task}")))?;
        if answer.status() == 404 {
            return Ok(Progress::Missing);
        }
        answer.ok()?.json::<TaskStatus>().map(|task| task.progress())
    }

    /// The data centers. One that cannot be read is its JSON value.
    pub(crate) fn data_centres(&mut self) -> Result<Vec<Result<DataCentre, Value>>> {
        let request = http::get(ENDPOINT, path!("/datacenters/{self.account}"));
        let answer = self.send(request)?.ok()?;
        let data_centres: Vec<Result<DataCentre, Value>> = answer.elements()?;
        if !data_centres.is_empty() && data_centres.iter().all(Result::is_err) {
            return Err(answer.unexpected("JSON with a wrong structure: no element is a data center"));
        }
        Ok(data_centres)
    }

    /// A data center with the links to its groups.
    pub(crate) fn data_centre(&mut self, id: &str) -> Result<DataCentre> {
        self.read(http::get(
            ENDPOINT,
            path!("/datacenters/{self.account}/{id}?groupLinks=true"),
        ))
    }

    /// A group with all groups below it. It includes the servers if the device
    /// supports `serverDetail`: the vendor's clients use this parameter, but
    /// its documentation does not mention it.
    pub(crate) fn group(&mut self, id: &Id) -> Result<Group> {
        self.read(http::get(
            ENDPOINT,
            path!("/groups/{self.account}/{id}?serverDetail=detailed"),
        ))
    }

    fn read<T: for<'a> Deserialize<'a>>(&mut self, request: Request) -> Result<T> {
        self.send(request)?.ok()?.json()
    }

    /// Sends a request with the token. If the device rejects the token, logs in
    /// again and repeats the request once: a request that was rejected in this
    /// way had no effect.
    fn send(&mut self, request: Request) -> Result<Response> {
        let request = request.header("accept", "application/json");
        let answer = self.sign(request.clone()).send()?;
        if answer.status() != 401 {
            return Ok(answer);
        }
        log::info("the device no longer accepts the session token; logging in again");
        (self.token, _) = log_in(&self.username, &self.password)?;
        self.sign(request).send()
    }

    fn sign(&self, request: Request) -> Request {
        request.header("authorization", format!("Bearer {}", self.token))
    }
}

/// Returns a token and the alias of the user's own account.
fn log_in(username: &str, password: &str) -> Result<(String, Option<String>)> {
    let credentials = json!({ "username": username, "password": password });
    let request = http::post(ENDPOINT, "/authentication/login").header("accept", "application/json");
    let answer = request.json(&credentials).send()?;
    // The device answers wrong credentials with 400, and locked users with 400 or 403. Deny the login even
    // if the body is not JSON: a retry with a wrong password could lock the account.
    if let status @ (400 | 401 | 403) = answer.status() {
        let reason = answer.message().unwrap_or_else(|| "no reason given".to_owned());
        return Err(Error::LoginDenied(format!("{reason} (status {status} for the login)")));
    }
    let answer = answer.ok()?;
    let login: Login = answer.json()?;
    let token = login.bearer_token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| answer.unexpected("a login without a token"))?;
    let home = login.account_alias.as_str().filter(|account| !account.is_empty());
    Ok((token, home.map(str::to_owned)))
}

/// The account in the options.
pub(crate) fn account(options: &Options) -> Result<Option<Id>> {
    options.get("account").map(parse_account).transpose()
}

fn parse_account(alias: &str) -> Result<Id> {
    Id::parse(alias)
        .ok_or_else(|| Error::invalid_option("account", "is not an account alias: letters and digits, such as ACME"))
}
