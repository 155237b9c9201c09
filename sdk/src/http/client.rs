//! A session with an HTTP API.

mod cookies;
mod link;
mod pages;
mod request;
#[cfg(test)]
mod tests;

pub use pages::Next;
pub use request::ClientRequest;

use std::fmt;

use super::{Method, Path, Request, Response, base_url};
use crate::{Result, encoding, log};
use cookies::Cookies;

/// Maximum number of pages of one list.
const PAGE_LIMIT: usize = 100;

type Login = dyn FnMut(&mut Client) -> Result<()>;
type Words = dyn Fn(&Response) -> Option<String>;

/// What all requests of a plugin to one endpoint have in common. It is made
/// once, in [`Device::open`](crate::Device::open), and describes the device:
///
/// ```
/// use fencebox_sdk::http::Client;
/// use fencebox_sdk::prelude::*;
/// use fencebox_sdk::testing::Script;
///
/// /// Logs in, and logs in once more when the device has forgotten the token.
/// fn open(options: &Options) -> Result<Client> {
///     let login = json!({ "user": options.required("username")?, "password": options.required("password")? });
///     Client::new("api").reason("/error/reason").log_in(move |api| {
///         let token: String = api.post("/login").json(&login).read()?;
///         api.set_bearer(token);
///         Ok(())
///     })
/// }
///
/// fn power_status(api: &mut Client, plug: &str) -> Result<PowerStatus> {
///     let vm: Value = api.get(path!("/vms/{plug}")).about(plug).read()?;
///     Ok(if vm["state"] == "stopped" { PowerStatus::Off } else { PowerStatus::Unknown })
/// }
///
/// let script = Script::new()
///     .on("POST", "/login")
///     .reply(200, json!("t1"))
///     .reply(200, json!("t2"))
///     .on("GET", "/vms/web1")
///     .reply(401, json!({}))
///     .reply(200, json!({ "state": "stopped" }))
///     .on("GET", "/vms/web2")
///     .reply(404, json!({ "error": { "reason": "unknown" } }))
///     .start();
///
/// let mut api = open(&Options::from([("username", "ops"), ("password", "s3cret")]))?;
/// assert_eq!(power_status(&mut api, "web1"), Ok(PowerStatus::Off));
/// assert_eq!(power_status(&mut api, "web2"), Err(Error::plug_not_found("web2")));
/// assert_eq!(script.requests()[3].header("authorization"), Some("Bearer t2"));
/// # Ok::<(), Error>(())
/// ```
///
/// `Debug` shows only the endpoint: header fields may contain credentials.
#[must_use]
pub struct Client {
    endpoint: String,
    fields: Vec<(String, String)>,
    cookies: Option<Cookies>,
    words: Option<Box<Words>>,
    login: Option<Box<Login>>,
    /// The fields before the login.
    logged_out: Vec<(String, String)>,
    /// The device has accepted this login, so that a 401 means that it has
    /// ended. After a second login without an accepted request, it does not.
    may_log_in: bool,
}

impl Client {
    /// A client of a declared endpoint. Its requests accept JSON, unless
    /// [`Client::header`] sets another `accept`.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            fields: vec![("accept".to_owned(), "application/json".to_owned())],
            cookies: None,
            words: None,
            login: None,
            logged_out: Vec::new(),
            may_log_in: false,
        }
    }

    /// Sends this header field with every request.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set_header(name, value);
        self
    }

    /// Logs in with a token: `authorization: Bearer …`.
    pub fn bearer(mut self, token: impl AsRef<str>) -> Self {
        self.set_bearer(token);
        self
    }

    /// Logs in with HTTP Basic. An endpoint with
    /// [`Auth::HostBasic`](crate::Auth::HostBasic) does not need it: the host
    /// adds the field, and the plugin never gets the password.
    pub fn basic(self, username: &str, password: &str) -> Self {
        let credentials = encoding::to_base64(format!("{username}:{password}"));
        self.header("authorization", format!("Basic {credentials}"))
    }

    /// Keeps the cookies that the device sets (their names and values, but not
    /// their attributes), and sends them with every request.
    pub fn cookies(mut self) -> Self {
        self.cookies = Some(Cookies::default());
        self
    }

    /// The place of the device's own reason in the body of an error, as a JSON
    /// pointer (RFC 6901): `/error/reason`. Without it, or if an answer has no
    /// text there, the reason is that of [`Response::message`].
    pub fn reason(self, pointer: &'static str) -> Self {
        self.reason_by(move |answer| {
            let body: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
            body.pointer(pointer)?.as_str().map(str::to_owned)
        })
    }

    /// The same, for a reason that is not at one place in JSON.
    pub fn reason_by(mut self, reason: impl Fn(&Response) -> Option<String> + 'static) -> Self {
        self.words = Some(Box::new(reason));
        self
    }

    /// Logs in now, and keeps `login` to log in again when the device answers
    /// 401 to a later request. That happens once: if the device rejects the next
    /// request too, or rejects the login, the answer is
    /// [`Error::LoginDenied`](crate::Error::LoginDenied), because devices lock
    /// accounts. The request is then sent again: one that was answered with 401
    /// had no effect.
    ///
    /// `login` sends its request with the same client and sets what the next
    /// requests need, such as [`Client::set_bearer`].
    ///
    /// # Errors
    /// The error of `login`.
    pub fn log_in(mut self, mut login: impl FnMut(&mut Self) -> Result<()> + 'static) -> Result<Self> {
        self.logged_out = self.fields.clone();
        login(&mut self)?;
        self.login = Some(Box::new(login));
        self.may_log_in = true;
        Ok(self)
    }

    /// Sends this header field with every request from now on.
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        self.fields.push((name.to_owned(), value.into()));
    }

    /// Logs in with this token from now on.
    pub fn set_bearer(&mut self, token: impl AsRef<str>) {
        log::hide(token.as_ref());
        self.set_header("authorization", format!("Bearer {}", token.as_ref()));
    }

    /// Reads a resource (`GET`).
    pub fn get(&mut self, path: impl Into<Path>) -> ClientRequest<'_> {
        self.request(Method::Get, path)
    }

    /// Sends data to a resource (`POST`).
    pub fn post(&mut self, path: impl Into<Path>) -> ClientRequest<'_> {
        self.request(Method::Post, path)
    }

    /// Replaces a resource (`PUT`).
    pub fn put(&mut self, path: impl Into<Path>) -> ClientRequest<'_> {
        self.request(Method::Put, path)
    }

    /// Changes a resource (`PATCH`).
    pub fn patch(&mut self, path: impl Into<Path>) -> ClientRequest<'_> {
        self.request(Method::Patch, path)
    }

    /// Removes a resource (`DELETE`).
    pub fn delete(&mut self, path: impl Into<Path>) -> ClientRequest<'_> {
        self.request(Method::Delete, path)
    }

    /// A request with any method.
    pub fn request(&mut self, method: Method, path: impl Into<Path>) -> ClientRequest<'_> {
        let request = Request::new(method, &self.endpoint, path);
        ClientRequest::new(self, request)
    }

    /// The path of a link in an answer of the device: a URL of this endpoint, or
    /// a path that begins with the endpoint's base path.
    ///
    /// # Errors
    /// [`Error::Unexpected`](crate::Error::Unexpected) for a link that leads
    /// elsewhere.
    pub fn link(&self, link: &str) -> Result<Path> {
        link::path(&base_url(&self.endpoint)?, link)
    }

    /// Sends a request, and again after a new login.
    fn exchange(&mut self, request: Request) -> Result<Response> {
        let answer = self.attempt(request.clone())?;
        if answer.status() != 401 || self.login.is_none() || !self.may_log_in {
            return Ok(answer);
        }
        self.log_in_again()?;
        self.attempt(request)
    }

    fn attempt(&mut self, mut request: Request) -> Result<Response> {
        for (name, value) in &self.fields {
            if !request.has_header(name) {
                request = request.header(name, value.as_str());
            }
        }
        if let Some(cookies) = self.cookies.as_ref().and_then(Cookies::field) {
            request = request.header("cookie", cookies);
        }
        let answer = request.send()?;
        if let Some(cookies) = &mut self.cookies {
            cookies.read(&answer);
        }
        if self.login.is_some() && answer.status() != 401 {
            self.may_log_in = true;
        }
        let reason = self.words.as_ref().and_then(|words| words(&answer));
        Ok(answer.with_reason(reason))
    }

    fn log_in_again(&mut self) -> Result<()> {
        // Without it, a 401 to the login itself does not log in again.
        let Some(mut login) = self.login.take() else {
            return Ok(());
        };
        log::info("the device no longer accepts the login of this session; logging in again");
        self.fields.clone_from(&self.logged_out);
        if let Some(cookies) = &mut self.cookies {
            *cookies = Cookies::default();
        }
        let outcome = login(self);
        self.login = Some(login);
        // A login that the device did not answer may be repeated.
        self.may_log_in = !matches!(outcome, Ok(()) | Err(crate::Error::LoginDenied(_)));
        outcome
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Client({})", self.endpoint)
    }
}
