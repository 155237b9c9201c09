//! One HTTP exchange with one origin, and what can go wrong in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, DATE, HeaderMap, LOCATION, TRANSFER_ENCODING};
use reqwest::{Method, StatusCode};

use super::connection::{self, Upload};
use super::progress::{Progress, Step};
use super::tls::Settings;
use super::{Failure, Response, failure, resolve};
use fencebox_policy::{AgentPolicy, Bound, Limit, Limits, Origin};

/// A device that does not accept a connection within this time is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A request that passed every check.
#[derive(Clone)]
pub(crate) struct PreparedRequest {
    pub(crate) method: Method,
    pub(crate) url: reqwest::Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) limits: Limits,
    /// Largest body of the answer.
    pub(crate) body_limit: Bound,
}

/// An answer whose head was received, and whose body is still outstanding.
pub(crate) struct PartialResponse<'o> {
    origin: &'o Origin,
    response: reqwest::Response,
    progress: Arc<Progress>,
    limits: Limits,
    body_limit: Bound,
    /// Received bytes of the body.
    received: usize,
}

/// Looks up the origin, connects, sends one request, and receives the head of the answer. The
/// caller's timeout is `budget`. If the name has several addresses, the `known` one, which worked
/// before, is preferred.
pub(super) async fn send_once<'o>(
    origin: &'o Origin,
    agent_policy: &AgentPolicy,
    settings: Option<&Settings>,
    outgoing: PreparedRequest,
    budget: Duration,
    known: Option<SocketAddr>,
    progress: &Arc<Progress>,
) -> Result<PartialResponse<'o>, Failure> {
    progress.start(Step::Resolution);
    let addresses = resolve::resolve(origin, agent_policy).await?;
    progress.start(Step::Connection);
    progress.contact(&addresses);
    let address = connectable(&addresses, known, budget).await?;
    send_with(origin, address, settings, outgoing, budget, progress).await
}

/// The address to connect to: the one that answers first.
async fn connectable(
    addresses: &[SocketAddr],
    known: Option<SocketAddr>,
    budget: Duration,
) -> Result<SocketAddr, Failure> {
    let found = resolve::reachable(addresses, known, budget.min(CONNECT_LIMIT));
    let found = if CONNECT_LIMIT < budget {
        tokio::time::timeout(CONNECT_LIMIT, found)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time")))
    } else {
        found.await
    };
    found.map_err(|cause| Failure::Unreachable(cause.to_string()))
}

/// The same, with an address that was already checked. If the key of the device turns out to be too
/// small for TLS 1.3, connects again with TLS 1.2.
pub(super) async fn send_with<'o>(
    origin: &'o Origin,
    address: SocketAddr,
    settings: Option<&Settings>,
    outgoing: PreparedRequest,
    budget: Duration,
    progress: &Arc<Progress>,
) -> Result<PartialResponse<'o>, Failure> {
    let limited = settings.is_some_and(Settings::is_limited);
    let attempt = |outgoing| attempt(origin, address, settings, outgoing, budget, progress);
    let outcome = attempt(outgoing.clone()).await;
    let outcome = match (&outcome, settings) {
        // The handshake failed, so nothing was sent.
        (Err(Failure::Tls(_)), Some(settings)) if !limited && settings.is_limited() => attempt(outgoing).await,
        _ => outcome,
    };
    outcome.map_err(|failure| match failure {
        Failure::Tls(cause) if settings.is_some_and(Settings::is_limited) => Failure::Tls(format!(
            "{cause} (tried with TLS 1.2 only, because the RSA key of the device has less than 2048 bits, which is too \
             small for TLS 1.3)"
        )),
        other => other,
    })
}

async fn attempt<'o>(
    origin: &'o Origin,
    address: SocketAddr,
    settings: Option<&Settings>,
    outgoing: PreparedRequest,
    budget: Duration,
    progress: &Arc<Progress>,
) -> Result<PartialResponse<'o>, Failure> {
    let (limits, body_limit) = (outgoing.limits, outgoing.body_limit);
    progress.contact(&[address]);
    // The client connects to the proxy and asks it in one step.
    let is_tunnel = origin.tls && origin.proxy.is_some();
    progress.start(if is_tunnel { Step::Tunnel } else { Step::Connection });
    // If both timeouts were equal, it would be random which one the message names.
    let limit = Some(CONNECT_LIMIT).filter(|limit| *limit < budget);
    let client = connection::client(origin, address, settings, &outgoing, limit, progress)?;
    let mut request = client.request(outgoing.method, outgoing.url).headers(outgoing.headers);
    if let Some(body) = outgoing.body {
        request = request.body(reqwest::Body::wrap(Upload::new(body, progress.clone())));
    }
    let response = request.send().await;
    let response = response.map_err(|cause| failure::describe(origin, &limits, progress, &cause))?;
    progress.start(Step::Answer);
    check_head(origin, &limits, response.status(), response.headers())?;
    let arriving = PartialResponse {
        origin,
        response,
        progress: progress.clone(),
        limits,
        body_limit,
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

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Option<String> {
        let location = self.response.headers().get(LOCATION)?;
        Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
    }

    /// The address of the device, or of the proxy.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.response.remote_addr()
    }

    /// The clock of the device or of the server before it.
    pub(super) fn date(&self) -> Option<SystemTime> {
        let date = self.response.headers().get(DATE)?.to_str().ok()?;
        httpdate::parse_http_date(date).ok()
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|cause| failure::describe(self.origin, &self.limits, &self.progress, &cause))?;
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
            "the answer has the status {}, which is not a final status",
            status.as_u16()
        )));
    }
    let lengths = headers.get_all(CONTENT_LENGTH).iter().count();
    if lengths + usize::from(headers.contains_key(TRANSFER_ENCODING)) > 1 {
        return Err(Failure::Broken("the answer gives its length twice".to_owned()));
    }
    // In a tunnel, the answer comes from the device.
    match &origin.proxy {
        Some(proxy) if !origin.tls && status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Failure::Denied(
            format!("the proxy {proxy} requires a login, which fencebox does not support; use one without a login"),
        )),
        _ => Ok(()),
    }
}
