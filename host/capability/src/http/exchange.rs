//! One HTTP exchange with one origin, and what can go wrong in it.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, LOCATION, TRANSFER_ENCODING, USER_AGENT};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use url::{Position, Url};

use super::connection::{self, Stream};
use super::progress::{Progress, Step};
use super::tls::{self, Settings};
use super::{Failure, Response, resolve};
use fencebox_policy::{AgentPolicy, Bound, Limit, Limits, Origin};

/// A device that does not accept a connection within this time is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A request that passed every check.
pub(crate) struct PreparedRequest {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) limits: Limits,
    /// Largest body of the answer.
    pub(crate) body_limit: Bound,
}

/// A connection, which sends and receives only while it is polled.
type Connection = http1::Connection<TokioIo<Box<dyn Stream>>, Full<Bytes>>;

/// An answer whose head was received, and whose body is still outstanding.
pub(crate) struct PartialResponse<'o> {
    origin: &'o Origin,
    peer: SocketAddr,
    response: hyper::Response<Incoming>,
    connection: Polled,
    limits: Limits,
    body_limit: Bound,
    /// Received bytes of the body.
    received: usize,
}

/// A connection, until it ends.
struct Polled(Option<Box<Connection>>);

impl Polled {
    /// Waits for this result of the connection, and polls the connection meanwhile.
    async fn wait_for<T>(&mut self, result: impl Future<Output = T>) -> T {
        let mut result = pin!(result);
        while let Some(connection) = &mut self.0 {
            tokio::select! {
                biased;
                result = &mut result => return result,
                // An error also reaches the result.
                _ = connection => self.0 = None,
            }
        }
        result.await
    }
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
    progress: &Rc<Progress>,
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

/// The same, with an address that was already checked.
pub(super) async fn send_with<'o>(
    origin: &'o Origin,
    address: SocketAddr,
    settings: Option<&Settings>,
    outgoing: PreparedRequest,
    budget: Duration,
    progress: &Rc<Progress>,
) -> Result<PartialResponse<'o>, Failure> {
    let (limits, body_limit) = (outgoing.limits, outgoing.body_limit);
    // If both timeouts were equal, it would be random which one the message names.
    let limit = Some(CONNECT_LIMIT).filter(|limit| *limit < budget);
    let stream = connection::connect(origin, address, settings, limit, progress).await?;
    progress.start(Step::Request);
    let describe = |cause: hyper::Error| describe(&limits, &cause);
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(limits.get(Limit::ResponseHeaders).size())
        .handshake(TokioIo::new(stream))
        .await
        .map_err(describe)?;
    let mut connection = Polled(Some(Box::new(connection)));
    let request = outgoing.into_request(origin)?;
    let response = connection
        .wait_for(sender.send_request(request))
        .await
        .map_err(describe)?;
    progress.start(Step::Answer);
    check_head(origin, &limits, response.status(), response.headers())?;
    let arriving = PartialResponse {
        origin,
        peer: address,
        response,
        connection,
        limits,
        body_limit,
        received: 0,
    };
    let announced = hyper::body::Body::size_hint(arriving.response.body()).exact();
    if announced.is_some_and(|length| length > arriving.body_limit.value()) {
        Err(arriving.too_large())
    } else {
        Ok(arriving)
    }
}

impl PreparedRequest {
    /// The request in the form for the device, or for its proxy.
    fn into_request(self, origin: &Origin) -> Result<hyper::Request<Full<Bytes>>, Failure> {
        let malformed = |cause: &dyn Error| Failure::Invalid(format!("request: {cause}"));
        // A proxy needs the absolute form, unless it only passes on a connection.
        let target = match origin.proxy {
            Some(_) if !origin.tls => self.url.as_str(),
            _ => &self.url[Position::BeforePath..],
        };
        let mut request = hyper::Request::new(Full::new(Bytes::from(self.body.unwrap_or_default())));
        *request.method_mut() = self.method;
        *request.uri_mut() = target.parse().map_err(|cause| malformed(&cause))?;
        *request.headers_mut() = self.headers;
        let host = HeaderValue::from_str(&self.url[Position::BeforeHost..Position::AfterPort]);
        let headers = request.headers_mut();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!(
            "fencebox/",
            env!("CARGO_PKG_VERSION")
        )));
        headers.insert(HOST, host.map_err(|cause| malformed(&cause))?);
        Ok(request)
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
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let body = self.response.body_mut();
        let chunk = loop {
            match self.connection.wait_for(body.frame()).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => break Some(data),
                    // Trailers are not passed on.
                    Err(_) => continue,
                },
                Some(Err(cause)) => return Err(describe(&self.limits, &cause)),
                None => break None,
            }
        };
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

/// Describes the innermost cause of an error after the handshake: the outer ones only say "connection
/// error" and similar. The device may have executed the request.
fn describe(limits: &Limits, error: &hyper::Error) -> Failure {
    let mut cause: &(dyn Error + 'static) = error;
    loop {
        let boxed = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = boxed.map(|inner| inner as &(dyn Error + 'static));
        if let Some(error) = inner.unwrap_or(cause).downcast_ref() {
            return Failure::Broken(tls::reason(error));
        }
        match inner.or_else(|| cause.source()) {
            Some(next) => cause = next,
            None => break,
        }
    }
    // More header fields than allowed, or more than 400 KiB.
    if error.is_parse_too_large() {
        Failure::TooLarge(format!("{cause}{}", limits.get(Limit::ResponseHeaders).note()))
    } else {
        Failure::Broken(cause.to_string())
    }
}
