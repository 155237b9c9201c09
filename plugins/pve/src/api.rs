//! Requests to the hosts of the cluster, and the login.
//!
//! Any host of a cluster answers for all of them: it passes a request on to the
//! node that it is about. If that node does not answer, the status is 595 to 599.

use std::collections::BTreeMap;

use fencebox_sdk::http::{self, Client, Path, Response};
use fencebox_sdk::{encoding, prelude::*};

use crate::answers::{Answer, Login, is_set};

/// The host in the option `ip`.
pub(crate) const FIRST: &str = "api";
/// The hosts in the option `cluster_urls`.
pub(crate) const FURTHER: &str = "further";

/// Who logs in.
#[derive(Clone)]
enum Credentials {
    /// A user with a password, who gets a ticket.
    User { username: String, password: String },
    /// The value of the header field of an API token.
    Token(String),
}

/// The cluster, through one of its hosts.
pub(crate) struct Api {
    credentials: Credentials,
    /// The endpoint and, for one with several addresses, the address.
    hosts: Vec<(&'static str, Option<String>)>,
    /// The host that gets the next request.
    current: usize,
    client: Option<Client>,
    /// The user is the one who may ignore locks.
    pub(crate) is_root: bool,
}

impl Api {
    /// Logs in at the first host that answers.
    pub(crate) fn open(options: &Options) -> Result<Self> {
        check_username(options)?;
        let (username, password) = (options.required("username")?, options.required("password")?);
        let (_, realm) = username.rsplit_once('@').unwrap_or_default();
        // `USER@REALM!TOKENID`
        let credentials = if realm.contains('!') {
            let token = format!("PVEAPIToken={username}={password}");
            log::hide(&token);
            Credentials::Token(token)
        } else {
            Credentials::User {
                username: username.to_owned(),
                password: password.to_owned(),
            }
        };
        let mut hosts = vec![(FIRST, None)];
        if options.get("cluster_urls").is_some() {
            hosts.extend(http::addresses(FURTHER)?.into_iter().map(|url| (FURTHER, Some(url))));
        }
        let mut api = Self {
            credentials,
            hosts,
            current: 0,
            client: None,
            is_root: username == "root@pam",
        };
        api.walk(|_| Ok(()))?;
        Ok(api)
    }

    /// Reads a resource whose status has a meaning of its own. If a host does not
    /// answer, or cannot reach the node, the next host is asked.
    pub(crate) fn get(&mut self, path: impl Into<Path>) -> Result<Response> {
        let path = path.into();
        self.walk(|client| reached(client.get(path.clone()).send()?))
    }

    /// Sends a request that changes something, once and to one host.
    pub(crate) fn post(&mut self, path: impl Into<Path>, form: &BTreeMap<&str, &str>) -> Result<Response> {
        let path = path.into();
        let answer = self.client()?.post(path).form(form).send().and_then(reached);
        if answer.as_ref().is_err_and(is_of_host) {
            self.leave_host();
        }
        answer
    }

    /// Asks the hosts in turn, each once, from the current one on.
    fn walk<T>(&mut self, mut ask: impl FnMut(&mut Client) -> Result<T>) -> Result<T> {
        let mut tried = 1;
        loop {
            match self.client().and_then(&mut ask) {
                Err(problem) if is_of_host(&problem) => {
                    if tried == self.hosts.len() {
                        self.leave_host();
                        return Err(problem);
                    }
                    tried += 1;
                    log::warn(format!("{}; asking the next host of the cluster", problem.text()));
                    self.leave_host();
                }
                outcome => return outcome,
            }
        }
    }

    /// Sends the next request to the next host. With one host, the login stays.
    fn leave_host(&mut self) {
        if self.hosts.len() > 1 {
            self.current = (self.current + 1) % self.hosts.len();
            self.client = None;
        }
    }

    /// The client of the current host, logged in.
    fn client(&mut self) -> Result<&mut Client> {
        let client = match self.client.take() {
            Some(client) => client,
            None => self.log_in()?,
        };
        Ok(self.client.insert(client))
    }

    fn log_in(&self) -> Result<Client> {
        let (endpoint, address) = &self.hosts[self.current];
        if let Some(address) = address {
            http::select_address(endpoint, address)?;
        }
        let client = Client::new(*endpoint).reason_by(reason);
        match self.credentials.clone() {
            Credentials::Token(token) => Ok(client.header("authorization", token)),
            Credentials::User { username, password } => client.log_in(move |client| {
                let form = [("username", &username), ("password", &password)];
                let answer = client.post("/access/ticket").form(form).send()?;
                // A device that locks accounts, or delays answers, counts every attempt.
                if let status @ (400 | 401 | 403) = answer.status() {
                    let reason = answer.reason();
                    return Err(Error::LoginDenied(format!("{reason} (status {status} for the login)")));
                }
                take_ticket(client, &reached(answer)?)
            }),
        }
    }
}

/// The value in the answer of a success. A service that starts may answer in
/// another structure, so the host retries.
pub(crate) fn read<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    if answer.status() != 200 {
        return Err(refusal(answer));
    }
    let value = answer.json::<Answer<T>>().map_err(Error::retried)?;
    Ok(value.data)
}

/// Sets the fields that the next requests need.
fn take_ticket(client: &mut Client, answer: &Response) -> Result<()> {
    let login: Login = read(answer)?;
    let ticket = login.ticket.as_str().filter(|ticket| !ticket.is_empty());
    if is_set(&login.needs_second_factor) || ticket.is_some_and(|ticket| ticket.starts_with("PVE:!tfa!")) {
        return Err(Error::LoginDenied(
            "the account needs a second factor; use an API token: username=USER@REALM!TOKENID, and its secret as \
             password"
                .to_owned(),
        ));
    }
    let (Some(ticket), Some(csrf)) = (ticket, login.csrf.as_str()) else {
        return Err(answer.unexpected("a login without a ticket"));
    };
    // The device accepts both forms. User names may have characters that end a cookie.
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\%".contains(&byte);
    let cookie = if ticket.bytes().all(is_plain) {
        format!("PVEAuthCookie={ticket}")
    } else {
        encoding::form([("PVEAuthCookie", ticket)])
    };
    for secret in [ticket, csrf, &cookie] {
        log::hide(secret);
    }
    client.set_header("cookie", cookie);
    client.set_header("csrfpreventiontoken", csrf);
    Ok(())
}

/// The device's reason, with those for single parameters.
fn reason(answer: &Response) -> Option<String> {
    let body: Value = answer.json().ok()?;
    let mut reason = body["message"].as_str()?.trim().to_owned();
    for (name, text) in body["errors"].as_object().into_iter().flatten() {
        reason += &format!(" {name}: {}", text.as_str().unwrap_or_default().trim());
    }
    Some(reason)
}

/// An answer that comes from the node, and not from a host that cannot reach it.
fn reached(answer: Response) -> Result<Response> {
    match answer.status() {
        595..=599 => Err(Error::ConnectionLost(format!(
            "the host has no answer from the node: {} (status {})",
            answer.reason(),
            answer.status()
        ))),
        503 => Err(Error::busy(answer.reason(), None)),
        _ => Ok(answer),
    }
}

/// Whether another host may do better.
fn is_of_host(problem: &Error) -> bool {
    // An invalid certificate is `Denied`.
    matches!(
        problem,
        Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Denied(_)
    )
}

/// The error that an answer means by its status.
fn refusal(answer: &Response) -> Error {
    match answer.status() {
        403 => Error::NotPermitted(format!(
            "{}; the account needs VM.Audit and VM.PowerMgmt for the machine (status 403)",
            answer.reason()
        )),
        // A request with a wrong parameter stays wrong.
        400 | 501 => Error::mistake(answer.reason()),
        404 => answer.unexpected(&answer.reason()),
        _ => answer.error(),
    }
}

/// The user name has to be `USER@REALM` or `USER@REALM!TOKENID`.
pub(crate) fn check_username(options: &Options) -> Result<()> {
    let username = options.required("username")?;
    let (user, realm) = username.rsplit_once('@').unwrap_or_default();
    let (realm, token) = realm.split_once('!').unwrap_or((realm, "-"));
    let has_all = ![user, realm, token].contains(&"");
    if has_all && !username.contains([' ', '=', ':', '/']) {
        return Ok(());
    }
    let reason = "has no realm; write USER@REALM, such as root@pam, or USER@REALM!TOKENID for an API token";
    Err(Error::invalid_option("username", reason))
}
