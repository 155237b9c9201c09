//! Requests to vCenter, its login, and the two forms of the API.

use std::cell::RefCell;
use std::rc::Rc;

use fencebox_sdk::http::{Client, Path, Response};
use fencebox_sdk::prelude::*;

use crate::machines::Id;
use crate::refusal;

/// The endpoint.
pub(crate) const ENDPOINT: &str = "vcenter";
/// The path of the API, as fence-agents has it.
pub(crate) const ROOT: &str = "/rest";
/// The header field with the session.
const SESSION: &str = "vmware-api-session-id";

/// The path of the API, which also decides its form.
#[derive(Debug, Clone)]
pub(crate) struct Root(String);

impl Root {
    /// Whether it is the newer form: answers are not wrapped, and queries have shorter names.
    pub(crate) fn is_new(&self) -> bool {
        self.0.ends_with("/api")
    }

    /// A path of the API.
    pub(crate) fn at(&self, path: &Path) -> Result<Path> {
        self.with(path.text()?)
    }

    /// A path of the API that is composed already.
    pub(crate) fn with(&self, path: &str) -> Result<Path> {
        Path::of_device(&format!("{}{path}", self.0)).map_err(|problem| Error::mistake(problem.text()))
    }

    fn session(&self) -> Result<Path> {
        self.with(if self.is_new() {
            "/session"
        } else {
            "/com/vmware/cis/session"
        })
    }
}

/// One vCenter.
pub(crate) struct Service {
    client: Client,
    root: Root,
    /// The session to log out from.
    session: Rc<RefCell<Option<String>>>,
}

impl Service {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let (username, password) = (options.required("username")?, options.required("password")?);
        let credentials = fencebox_sdk::encoding::to_base64(format!("{username}:{password}"));
        let root = root(options)?;
        let path = root.session()?;
        let session = Rc::new(RefCell::new(None));
        let (form, kept) = (root.clone(), Rc::clone(&session));
        let client = Client::new(ENDPOINT).reason_by(refusal::reason).log_in(move |client| {
            let basic = format!("Basic {credentials}");
            let answer = client.post(&path).header("authorization", basic).send()?;
            let answer = refusal::check_login(answer)?;
            let token = session_of(&form, &answer)?;
            log::hide(&token);
            client.set_header(SESSION, &*token);
            *kept.borrow_mut() = Some(token);
            Ok(())
        })?;
        Ok(Self { client, root, session })
    }

    /// Logs out: vCenter has a limited number of sessions. It is not logged in again for that.
    pub(crate) fn close(&mut self) {
        let Some(token) = self.session.take() else {
            return;
        };
        let log_out = |path: Path| http::delete(ENDPOINT, path).header(SESSION, &*token).send()?.ok();
        if let Err(problem) = self.root.session().and_then(log_out) {
            log::info(format!(
                "the session stays open until vCenter ends it: {}",
                problem.text()
            ));
        }
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn get(&mut self, path: Path) -> Result<Response> {
        self.client.get(path).send()
    }

    /// The record of a machine.
    pub(crate) fn record(&mut self, id: &Id) -> Result<Response> {
        let path = self.root.at(&path!("/vcenter/vm/{id}"))?;
        self.get(path)
    }

    /// Switches a machine. vCenter answers after it has done that.
    pub(crate) fn switch(&mut self, id: &Id, target: PowerTarget) -> Result<Response> {
        let word = match target {
            PowerTarget::On => "start",
            PowerTarget::Off => "stop",
        };
        let path = if self.root.is_new() {
            path!("/vcenter/vm/{id}/power?action={word}")
        } else {
            path!("/vcenter/vm/{id}/power/{word}")
        };
        self.client.post(self.root.at(&path)?).send()
    }

    /// The value in an answer.
    pub(crate) fn value<T: for<'a> Deserialize<'a>>(&self, answer: &Response) -> Result<T> {
        value(&self.root, answer)
    }
}

/// The form `/rest` wraps each value.
#[derive(Deserialize)]
struct Wrapped<T> {
    value: T,
}

/// The value in an answer. A proxy or a starting service may answer in another structure, so the host retries.
fn value<T: for<'a> Deserialize<'a>>(root: &Root, answer: &Response) -> Result<T> {
    let value = if root.is_new() {
        answer.json()
    } else {
        answer.json().map(|wrapped: Wrapped<T>| wrapped.value)
    };
    value.map_err(Error::retried)
}

fn session_of(root: &Root, answer: &Response) -> Result<String> {
    let token: String = value(root, answer)?;
    let is_token = !token.is_empty() && token.len() <= 4096 && token.bytes().all(|byte| byte.is_ascii_graphic());
    if is_token {
        return Ok(token);
    }
    Err(Error::unexpected("the login was answered without a session"))
}

/// The path of the API in the options.
pub(crate) fn root(options: &Options) -> Result<Root> {
    let path = options.get("api_path").unwrap_or(ROOT).trim_end_matches('/');
    if Path::of_device(path).is_err() || path.contains('?') {
        let reason = "must be a path that begins with one slash: /rest or /api";
        return Err(Error::invalid_option("api_path", reason));
    }
    Ok(Root(path.to_owned()))
}

/// HTTP Basic separates the user name from the password with a colon.
pub(crate) fn check_login(options: &Options) -> Result<()> {
    match options.get("username") {
        Some(name) if name.contains(':') => Err(Error::invalid_option(
            "username",
            "has a colon, which HTTP Basic cannot transmit; use another account",
        )),
        _ => Ok(()),
    }
}
