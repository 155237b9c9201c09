//! One HTTP exchange with one origin, and what can go wrong in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use reqwest::{Client, Method, StatusCode};
use rustls::ClientConfig;

use super::resolve;
use super::{Failure, Response};
use fencebox_policy::{AgentPolicy, Bound, Limit, Limits, Origin};

/// A device that does not accept a connection within this time is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A request that passed every check.
pub(crate) struct PreparedRequest {
    pub(crate) method: Method,
    pub(crate) url: reqwest::Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) limits: Limits,
    /// Largest body of the answer.
    pub(crate) body_limit: Bound,
}

/// An answer whose head was received, and whose body is still outstanding.
pub(crate) struct PartialResponse<'o> {
    origin: &'o Origin,
    response: reqwest::Response,
    limits: Limits,
    body_limit: Bound,
    /// Received bytes of the body.
    received: usize,
}

/// Looks up the origin, connects, sends one request, and receives the head of the answer. The
/// caller's timeout is `budget`. If the name has several addresses, the `known` one, which worked
/// before, is preferred.
pub(crate) async fn send_once<'o>(
    origin: &'o Origin,
    agent_policy: &AgentPolicy,
    config: ClientConfig,
    outgoing: PreparedRequest,
    budget: Duration,
    known: Option<SocketAddr>,
) -> Result<PartialResponse<'o>, Failure> {
    let addresses = resolve::resolve(origin, agent_policy).await?;
    let address = connectable(origin, &addresses, known, budget).await?;
    send_with(origin, address, config, outgoing, budget).await
}

/// The address to connect to. It is selected here because the HTTP client would try the addresses
/// one after the other, each until its timeout.
async fn connectable(
    origin: &Origin,
    addresses: &[SocketAddr],
    known: Option<SocketAddr>,
    budget: Duration,
) -> Result<SocketAddr, Failure> {
    let found = resolve::reachable(addresses, known, budget.min(CONNECT_LIMIT));
    let found = if CONNECT_LIMIT < budget {
        tokio::time::timeout(CONNECT_LIMIT, found)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "operation timed out")))
    } else {
        found.await
    };
    let number = addresses.len();
    found.map_err(|cause| Failure::Unreachable(format!("{}: {cause} ({number} addresses)", place(origin))))
}

/// The same, with an address that was already checked.
pub(crate) async fn send_with<'o>(
    origin: &'o Origin,
    address: SocketAddr,
    config: ClientConfig,
    outgoing: PreparedRequest,
    budget: Duration,
) -> Result<PartialResponse<'o>, Failure> {
    let limits = outgoing.limits;
    let describe = |cause: &reqwest::Error| describe(origin, &limits, cause);
    let mut builder = Client::builder()
        .user_agent(concat!("fencebox/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(config)
        .dns_resolver(Arc::new(resolve::Pinned(address)))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .http1_max_headers(limits.get(Limit::ResponseHeaders).size())
        .pool_max_idle_per_host(0)
        .no_proxy();
    // If both timeouts were equal, it would be random which one the message names.
    if CONNECT_LIMIT < budget {
        builder = builder.connect_timeout(CONNECT_LIMIT);
    }
    if let Some(proxy) = &origin.proxy {
        let proxy = reqwest::Proxy::all(proxy.to_string()).map_err(|cause| describe(&cause))?;
        builder = builder.proxy(proxy);
    }
    let client = builder.build().map_err(|cause| describe(&cause))?;
    let mut request = client.request(outgoing.method, outgoing.url).headers(outgoing.headers);
    if let Some(body) = outgoing.body {
        request = request.body(body);
    }
    let response = request.send().await.map_err(|cause| describe(&cause))?;
    check_head(origin, &limits, response.status(), response.headers())?;
    let arriving = PartialResponse {
        origin,
        response,
        limits,
        body_limit: outgoing.body_limit,
        received: 0,
    };
    let announced = arriving.response.content_length();
    if announced.is_some_and(|length| length > arriving.body_limit.value()) {
        Err(arriving.too_large())
    } else {
        Ok(arriving)
    }
}

impl<'o> PartialResponse<'o> {
    pub(crate) fn origin(&self) -> &'o Origin {
        self.origin
    }

    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The address of the device, or of the proxy.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.response.remote_addr()
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|cause| describe(self.origin, &self.limits, &cause))?;
        self.received += chunk.as_ref().map_or(0, Bytes::len);
        if self.received > self.body_limit.size() {
            Err(self.too_large())
        } else {
            Ok(chunk)
        }
    }

    /// The complete answer.
    pub(crate) async fn complete(mut self) -> Result<Response, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        let headers = self
            .response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let status = self.status();
        Ok(Response { status, headers, body })
    }

    fn too_large(&self) -> Failure {
        let (origin, limit) = (self.origin, self.body_limit);
        let note = limit.note();
        Failure::TooLarge(format!("{origin} answered with a body of more than {limit}{note}"))
    }
}

/// Refuses heads that the client library accepts.
fn check_head(origin: &Origin, limits: &Limits, status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let most = limits.get(Limit::HeadBytes);
    if size > most.size() {
        return Err(Failure::TooLarge(format!(
            "{origin} answered with a head of more than {most}{}",
            most.note()
        )));
    }
    if !(200..=599).contains(&status.as_u16()) {
        return Err(Failure::Broken(format!(
            "{origin} answered with the status {}, which is not a final status",
            status.as_u16()
        )));
    }
    let lengths = headers.get_all(CONTENT_LENGTH).iter().count();
    if lengths + usize::from(headers.contains_key(TRANSFER_ENCODING)) > 1 {
        return Err(Failure::Broken(format!("{origin} gave the length of its answer twice")));
    }
    // In a tunnel, the answer comes from the device.
    match &origin.proxy {
        Some(proxy) if !origin.tls && status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Failure::Denied(
            format!("the proxy {proxy} requires a login, which fencebox does not support; use one without a login"),
        )),
        _ => Ok(()),
    }
}

/// Describes the innermost cause of an error: the outer ones only say "error sending request" and
/// similar.
fn describe(origin: &Origin, limits: &Limits, error: &reqwest::Error) -> Failure {
    let place = place(origin);
    let Innermost { cause, tls, http } = innermost(error);
    let text = format!("{place}: {cause}");
    // Only an error while connecting proves that nothing was sent. Later, the device may have
    // executed the request before the same error (such as a corrupt TLS record).
    if error.is_connect() {
        return match tls {
            // The error of the certificate verifier.
            Some(rustls::Error::General(verdict)) => Failure::Tls(format!("{place}: {verdict}")),
            Some(rustls::Error::InvalidMessage(_)) => Failure::Tls(format!(
                "{text}: no TLS server at this address; check the address and the port, or use http://"
            )),
            Some(_) => Failure::Tls(text),
            None => Failure::Unreachable(text),
        };
    }
    // More header fields than allowed, or more than 400 KiB.
    if http.is_some_and(hyper::Error::is_parse_too_large) {
        return Failure::TooLarge(format!("{text}{}", limits.get(Limit::ResponseHeaders).note()));
    }
    if error.is_timeout() {
        Failure::TimedOut(text)
    } else {
        Failure::Broken(text)
    }
}

/// The origin and its proxy, for messages.
fn place(origin: &Origin) -> String {
    match &origin.proxy {
        Some(proxy) => format!("{origin} through the proxy {proxy}"),
        None => origin.to_string(),
    }
}

/// The innermost cause of an error.
struct Innermost<'e> {
    /// The text of the innermost cause.
    cause: String,
    /// The TLS error among the causes.
    tls: Option<&'e rustls::Error>,
    /// The error of the HTTP connection among the causes.
    http: Option<&'e hyper::Error>,
}

fn innermost(error: &reqwest::Error) -> Innermost<'_> {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    let (mut tls, mut http) = (None, None);
    loop {
        let boxed = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = boxed.map(|inner| inner as &(dyn std::error::Error + 'static));
        tls = inner.unwrap_or(cause).downcast_ref().or(tls);
        http = cause.downcast_ref().or(http);
        match inner.or_else(|| cause.source()) {
            Some(next) => cause = next,
            None => {
                let cause = cause.to_string();
                return Innermost { cause, tls, http };
            }
        }
    }
}
