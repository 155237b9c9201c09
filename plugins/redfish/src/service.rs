//! Requests to the device, and its login.
//!
//! The host sends HTTP Basic only if the plugin never logs in itself, and here
//! `session_auth` decides that. So the plugin adds the credentials.

use std::cell::RefCell;
use std::rc::Rc;

use fencebox_sdk::http::{Client, Path, Response};
use fencebox_sdk::prelude::*;

use crate::answers::{Record, Root};
use crate::refusal;
use crate::system::System;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "bmc";
/// The service root of DSP0266, as people write it.
pub(crate) const ROOT: &str = "/redfish/v1";
/// The place of the sessions if the service root does not name it (DSP0266).
const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// The service of one device.
pub(crate) struct Service {
    client: Client,
    root: Path,
    /// The session to log out from.
    session: Rc<RefCell<Option<Path>>>,
}

impl Service {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let (username, password) = (options.required("username")?, options.required("password")?);
        let root = root(options)?;
        let session = Rc::new(RefCell::new(None));
        let client = if options.is_set("session_auth") {
            let credentials = json!({ "UserName": username, "Password": password });
            let (root, session) = (root.clone(), Rc::clone(&session));
            anonymous().log_in(move |client| {
                *session.borrow_mut() = log_in(client, &root, &credentials)?;
                Ok(())
            })?
        } else {
            anonymous().basic(username, password)
        };
        Ok(Self { client, root, session })
    }

    /// Logs out: BMCs have only a few sessions.
    pub(crate) fn close(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        if let Err(problem) = self.client.delete(session).done() {
            log::info(format!("the session stays open: {}", problem.text()));
        }
    }

    /// The service root. It is public, and a rejected password counts at each
    /// request, so it is read without the credentials at first.
    pub(crate) fn root(&mut self) -> Result<Root> {
        let (answer, _) = follow(&mut anonymous(), self.root.clone())?;
        let answer = match answer.status() {
            401 => follow(&mut self.client, self.root.clone())?.0,
            _ => answer,
        };
        if answer.status() == 404 {
            return Err(no_service(&self.root));
        }
        json(&refusal::check(answer)?)
    }

    /// Reads a resource.
    pub(crate) fn read<T: for<'a> Deserialize<'a>>(&mut self, path: Path) -> Result<T> {
        json(&refusal::check(follow(&mut self.client, path)?.0)?)
    }

    /// Reads a resource whose status has a meaning of its own.
    pub(crate) fn get(&mut self, path: Path) -> Result<Response> {
        follow(&mut self.client, path).map(|(answer, _)| answer)
    }

    /// Reads a system. [`Error::PlugNotFound`] has its path.
    pub(crate) fn system(&mut self, path: Path) -> Result<System> {
        let (answer, path) = follow(&mut self.client, path)?;
        if answer.status() == 404 {
            return Err(Error::plug_not_found(path.text()?));
        }
        let answer = refusal::check(answer)?;
        let record: Record = json(&answer)?;
        System::new(path, record, answer.header("etag"))
    }

    /// Sends a request that changes something. `etag` is for devices that
    /// change only the record that the client has read.
    pub(crate) fn post(&mut self, path: &Path, body: &Value, etag: Option<&str>) -> Result<Response> {
        let request = self.client.post(path).json(body);
        match etag {
            Some(etag) => request.header("if-match", etag).send(),
            None => request.send(),
        }
    }

    /// The path of a link. One to another host never works, so it is not
    /// retried.
    pub(crate) fn link(&self, link: &str) -> Result<Path> {
        link_of(&self.client, link)
    }
}

/// A client without credentials.
fn anonymous() -> Client {
    Client::new(ENDPOINT)
        .header("odata-version", "4.0")
        .reason_by(refusal::reason)
}

/// Reads a resource, and follows one redirect within the device: some devices
/// have a slash at the end of their paths, and some do not. Returns the path of
/// the answer.
fn follow(client: &mut Client, path: Path) -> Result<(Response, Path)> {
    let answer = client.get(&path).send()?;
    if !matches!(answer.status(), 301 | 302 | 307 | 308) {
        return Ok((answer, path));
    }
    let moved = answer.header("location").map(|location| client.link(location));
    // The error of the answer names the place that it leads to.
    let Some(Ok(moved)) = moved else {
        return Err(answer.error());
    };
    Ok((client.get(&moved).send()?, moved))
}

/// Creates a session, and returns its path.
fn log_in(client: &mut Client, root: &Path, credentials: &Value) -> Result<Option<Path>> {
    let sessions = sessions(client, root)?;
    let answer = client.post(&sessions).json(credentials).send()?;
    let answer = match answer.status() {
        // HPE answers wrong credentials with 400.
        400 | 401 | 403 if !refusal::is_busy(&answer) => {
            let (reason, status) = (answer.reason(), answer.status());
            return Err(Error::LoginDenied(format!("{reason} (status {status} for the login)")));
        }
        404 | 405 | 501 => {
            return Err(Error::invalid_option(
                "session_auth",
                "the device has no sessions; omit this option",
            ));
        }
        _ => refusal::check(answer)?,
    };
    let token = answer.header("x-auth-token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Error::mistake("the device created a session without the field X-Auth-Token"))?;
    client.set_header("x-auth-token", token);
    let created = answer.json::<Value>().unwrap_or_default();
    let place = answer.header("location").or_else(|| created["@odata.id"].as_str());
    let session = place.map(|place| link_of(client, place)).transpose();
    match session {
        Ok(Some(session)) => Ok(Some(session)),
        _ => {
            log::warn("the device did not name its new session, so the agent cannot log out");
            Ok(None)
        }
    }
}

/// The path of the sessions.
fn sessions(client: &mut Client, root: &Path) -> Result<Path> {
    let (answer, _) = follow(client, root.clone())?;
    match answer.status() {
        404 => Err(no_service(root)),
        401 => Ok(Path::from(SESSIONS)),
        _ => match json::<Root>(&refusal::check(answer)?)?.sessions() {
            Some(link) => link_of(client, link),
            None => Ok(Path::from(SESSIONS)),
        },
    }
}

fn link_of(client: &Client, link: &str) -> Result<Path> {
    client.link(link).map_err(|problem| match problem {
        Error::Unexpected(text) => Error::mistake(text),
        other => other,
    })
}

fn no_service(root: &Path) -> Error {
    let root = root.text().unwrap_or_default();
    Error::invalid_option(
        "redfish_uri",
        format!(
            "the device has no Redfish service at {root}; enable Redfish in the BMC, or set another path or ipport"
        ),
    )
}

/// The value in an answer. A BMC that starts may answer in another structure, so
/// the host retries.
fn json<T: for<'a> Deserialize<'a>>(answer: &Response) -> Result<T> {
    answer.json().map_err(Error::retried)
}

/// The path of the service root.
pub(crate) fn root(options: &Options) -> Result<Path> {
    match options.get("redfish_uri").unwrap_or(ROOT) {
        // The path of DSP0266. Without the slash, many devices redirect.
        ROOT => Ok(Path::from("/redfish/v1/")),
        uri => path_of("redfish_uri", uri),
    }
}

/// The path in an option.
pub(crate) fn path_of(option: &str, uri: &str) -> Result<Path> {
    Path::of_device(uri).map_err(|_| {
        let reason = "must be a path on the device that begins with one slash, such as /redfish/v1/Systems/1";
        Error::invalid_option(option, reason)
    })
}

/// HTTP Basic separates the user name from the password with a colon.
pub(crate) fn check_username(options: &Options) -> Result<()> {
    let has_colon = options.get("username").is_some_and(|name| name.contains(':'));
    if has_colon && !options.is_set("session_auth") {
        let reason = "has a colon, which HTTP Basic cannot transmit; set session_auth, or use another account";
        return Err(Error::invalid_option("username", reason));
    }
    Ok(())
}
