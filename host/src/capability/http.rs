//! HTTP to declared endpoints.
//!
//! One connection an exchange, so that a request never meets a connection
//! that the device has just given up. Redirects are answers. Nothing is
//! decompressed. No environment variable names a proxy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use rustls::ClientConfig;

use super::{address, tls};
use crate::agent::clock::{Clock, Deadline};
use crate::policy::{Auth, Endpoints, Origin, Refusal, request as rules};

/// Largest body of an answer, in bytes.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// Largest head of an answer, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;
/// Most exchanges of one action.
const EXCHANGE_LIMIT: u32 = 10_000;
/// A device that does not take the connection by then is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How soon SIGTERM is noticed while the device is waited for.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(50);

/// One request of a plugin.
#[derive(Debug)]
pub struct Request {
    /// Name of the endpoint.
    pub endpoint: String,
    /// Method.
    pub method: Method,
    /// Path and query, after the endpoint's base path.
    pub path: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Vec<u8>>,
}

/// A complete answer.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, as it was sent.
    pub body: Vec<u8>,
}

/// Why there is no answer (`http.error`). Texts name the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each is documented once, in http.wit")]
pub enum Failure {
    #[error("refused: {0}")]
    Denied(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    TimedOut(String),
    #[error("{0}")]
    Broken(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("refused: {0}")]
    Invalid(String),
}

impl From<Refusal> for Failure {
    fn from(rule: Refusal) -> Self {
        Self::Denied(rule.to_string())
    }
}

/// User name and password for endpoints whose requests the host signs.
pub struct Credentials {
    /// Option `username`; empty where it was not given.
    pub username: String,
    /// Option `password`; empty where it was not given.
    pub password: String,
}

/// The capability, for one action.
pub struct Http {
    endpoints: Endpoints,
    origins: BTreeMap<String, Origin>,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    deadline: Deadline,
    /// The longest that one exchange may take, and the option that says so.
    patience: (Duration, &'static str),
    exchanges: u32,
    /// Made when the first connection is.
    runtime: Option<tokio::runtime::Runtime>,
    tls: BTreeMap<TlsKind, ClientConfig>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TlsKind {
    Verifying,
    Trusting,
    Unused,
}

impl Http {
    /// Grants the declared endpoints where the options put them.
    pub fn new(
        endpoints: Endpoints,
        origins: BTreeMap<String, Origin>,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
        deadline: Deadline,
    ) -> Self {
        Self {
            endpoints,
            origins,
            credentials,
            clock,
            deadline,
            patience: (CONNECT_LIMIT, "login_timeout"),
            exchanges: 0,
            runtime: None,
            tls: BTreeMap::new(),
        }
    }

    /// From now on an exchange may take so long; `option` is the remedy that
    /// the message names.
    pub fn set_patience(&mut self, limit: Duration, option: &'static str) {
        self.patience = (limit, option);
    }

    /// The same, for the time after the deadline: what is left to log out.
    pub fn extend_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// The URL that paths of this endpoint are added to.
    pub fn base_url(&self, endpoint: &str) -> Result<String, Failure> {
        self.origin(endpoint).map(Origin::base_url)
    }

    /// One exchange.
    pub fn send(&mut self, request: Request) -> Result<Response, Failure> {
        let origin = self.origin(&request.endpoint)?.clone();
        rules::check_path(&request.path).map_err(|rule| Failure::Invalid(rule.to_string()))?;
        rules::check_headers(&request.headers).map_err(|rule| Failure::Invalid(rule.to_string()))?;
        self.exchanges += 1;
        if self.exchanges > EXCHANGE_LIMIT {
            return Err(Failure::Denied(format!(
                "more than {EXCHANGE_LIMIT} requests in one action"
            )));
        }
        let outgoing = self.prepare(&origin, request)?;
        let (limit, option) = self.patience;
        let budget = limit.min(self.deadline.remaining(self.clock.as_ref()));
        let config = self.tls_for(&origin)?;
        let clock = self.clock.clone();
        let exchange = async {
            let exchange = exchange(&origin, config, outgoing, budget.min(CONNECT_LIMIT));
            tokio::select! {
                answer = tokio::time::timeout(budget, exchange) => answer.unwrap_or_else(|_| {
                    Err(Failure::TimedOut(format!("{origin} within {} s (option {option})", budget.as_secs_f32())))
                }),
                () = interrupted(clock.as_ref()) => Err(Failure::TimedOut(format!("{origin}: interrupted"))),
            }
        };
        self.runtime()?.block_on(exchange)
    }

    fn origin(&self, endpoint: &str) -> Result<&Origin, Failure> {
        self.endpoints.get(endpoint)?;
        self.origins
            .get(endpoint)
            .ok_or_else(|| Failure::Denied(format!("endpoint {endpoint:?} has no address by these options")))
    }

    fn prepare(&self, origin: &Origin, request: Request) -> Result<Outgoing, Failure> {
        let text = format!("{}{}", origin.base_url(), request.path);
        let url = reqwest::Url::parse(&text).map_err(|cause| Failure::Invalid(format!("path: {cause}")))?;
        // A plugin may have signed the very text of the URL.
        if url.path().len() + url.query().map_or(0, |query| query.len() + 1)
            != origin.base_path.len() + request.path.len()
        {
            return Err(Failure::Invalid(
                "path has characters that need percent-encoding".to_owned(),
            ));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let malformed = |_| Failure::Invalid(format!("header field {name:?} is malformed"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed(()))?;
            headers.append(
                name,
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| malformed(()))?,
            );
        }
        let basic = self.endpoints.get(&request.endpoint)?.auth == Auth::HostBasic;
        if basic && headers.contains_key(AUTHORIZATION) {
            return Err(Failure::Invalid(
                "header field \"authorization\" is the host's to set".to_owned(),
            ));
        }
        let credentials = basic.then(|| (self.credentials.username.clone(), self.credentials.password.clone()));
        Ok(Outgoing {
            method: request.method,
            url,
            headers,
            body: request.body,
            credentials,
        })
    }

    fn tls_for(&mut self, origin: &Origin) -> Result<ClientConfig, Failure> {
        let encrypted = origin.tls || origin.proxy.as_ref().is_some_and(|proxy| proxy.tls);
        let kind = match (encrypted, origin.verify) {
            (false, _) => TlsKind::Unused,
            (true, true) => TlsKind::Verifying,
            (true, false) => TlsKind::Trusting,
        };
        if let Some(config) = self.tls.get(&kind) {
            return Ok(config.clone());
        }
        let config = match kind {
            TlsKind::Verifying => tls::verifying(),
            TlsKind::Trusting => tls::trusting(),
            TlsKind::Unused => tls::unused(),
        }?;
        self.tls.insert(kind, config.clone());
        Ok(config)
    }

    fn runtime(&mut self) -> Result<&tokio::runtime::Runtime, Failure> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|cause| Failure::Broken(format!("no runtime for connections: {cause}")))?,
        };
        Ok(self.runtime.insert(runtime))
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        // A look-up that hangs must not keep the agent.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A request that has passed every rule.
struct Outgoing {
    method: Method,
    url: reqwest::Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    credentials: Option<(String, String)>,
}

async fn interrupted(clock: &dyn Clock) {
    while !clock.interrupted() {
        tokio::time::sleep(INTERRUPT_INTERVAL).await;
    }
}

async fn exchange(
    origin: &Origin,
    config: ClientConfig,
    outgoing: Outgoing,
    connect_limit: Duration,
) -> Result<Response, Failure> {
    let addresses = address::resolve(origin).await?;
    let mut builder = Client::builder()
        .user_agent(concat!("fencebox/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(config)
        .dns_resolver(Arc::new(address::Pinned(addresses)))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .pool_max_idle_per_host(0)
        .connect_timeout(connect_limit)
        .no_proxy();
    if let Some(proxy) = &origin.proxy {
        let proxy = reqwest::Proxy::all(proxy.to_string()).map_err(|cause| describe(origin, &cause))?;
        builder = builder.proxy(proxy);
    }
    let client = builder.build().map_err(|cause| describe(origin, &cause))?;
    let mut request = client.request(outgoing.method, outgoing.url).headers(outgoing.headers);
    if let Some((username, password)) = outgoing.credentials {
        request = request.basic_auth(username, Some(password));
    }
    if let Some(body) = outgoing.body {
        request = request.body(body);
    }
    let response = request.send().await.map_err(|cause| describe(origin, &cause))?;
    receive(origin, response).await
}

async fn receive(origin: &Origin, mut response: reqwest::Response) -> Result<Response, Failure> {
    let headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let head: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if head > HEAD_LIMIT {
        return Err(Failure::TooLarge(format!(
            "{origin} answered with a head of more than 64 KiB"
        )));
    }
    let too_large = || Failure::TooLarge(format!("{origin} answered with a body of more than 8 MiB"));
    if response
        .content_length()
        .is_some_and(|length| length > BODY_LIMIT as u64)
    {
        return Err(too_large());
    }
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|cause| describe(origin, &cause))? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body })
}

/// What went wrong, by its innermost cause: the layers above it say "error
/// sending request" and the like.
fn describe(origin: &Origin, error: &reqwest::Error) -> Failure {
    let place = match &origin.proxy {
        Some(proxy) => format!("{origin} through the proxy {proxy}"),
        None => origin.to_string(),
    };
    let mut cause: &(dyn std::error::Error + 'static) = error;
    let mut tls = None;
    loop {
        let boxed = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = boxed.map(|inner| inner as &(dyn std::error::Error + 'static));
        if let Some(found) = inner.unwrap_or(cause).downcast_ref::<rustls::Error>() {
            tls = Some(found.clone());
        }
        match inner.or_else(|| cause.source()) {
            Some(next) => cause = next,
            None => break,
        }
    }
    let text = format!("{place}: {cause}");
    match tls {
        Some(rustls::Error::InvalidCertificate(_)) => Failure::Tls(format!(
            "{text}; have its issuer trusted by this system, or set ssl_insecure=1 to go without verification"
        )),
        Some(_) => Failure::Tls(text),
        None if error.is_timeout() => Failure::TimedOut(text),
        None if error.is_connect() => Failure::Unreachable(text),
        None => Failure::Broken(text),
    }
}
