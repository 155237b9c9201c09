//! The HTTP client for one exchange, and what it reports about its connection.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use reqwest::{Client, Proxy};
use tower::util::MapFutureLayer;

use super::exchange::PreparedRequest;
use super::progress::{Progress, Step};
use super::resolve::Pinned;
use super::tls::{self, Settings};
use super::{Failure, failure};
use fencebox_policy::{Limit, Origin};

/// How much of a request's body is handed over at a time, in bytes.
const PIECE: usize = 16 * 1024;

/// A client that connects to this address, whatever the origin's name is. A connection that is not
/// accepted within `limit` fails.
pub(super) fn client(
    origin: &Origin,
    address: SocketAddr,
    settings: Option<&Settings>,
    outgoing: &PreparedRequest,
    limit: Option<Duration>,
    progress: &Arc<Progress>,
) -> Result<Client, Failure> {
    let config = match settings {
        Some(settings) => settings.client(progress.clone()),
        None => tls::without()?,
    };
    let limits = &outgoing.limits;
    // A head fits into the buffer of a new connection.
    let is_short = outgoing.body.as_ref().is_none_or(Bytes::is_empty);
    let next = if is_short { Step::Wait } else { Step::Request };
    let watched = progress.clone();
    let mut builder = Client::builder()
        .user_agent(concat!("fencebox/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(config)
        .dns_resolver(Arc::new(Pinned(address)))
        .connector_layer(MapFutureLayer::new(move |connecting| {
            watch(connecting, limit, next, watched.clone())
        }))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .http1_max_headers(limits.get(Limit::ResponseHeaders).size())
        .pool_max_idle_per_host(0)
        .no_proxy();
    if let Some(proxy) = &origin.proxy {
        let proxy = Proxy::all(proxy.to_string()).map_err(|cause| failure::describe(origin, limits, progress, &cause));
        builder = builder.proxy(proxy?);
    }
    builder
        .build()
        .map_err(|cause| failure::describe(origin, limits, progress, &cause))
}

/// Waits for a connection, with TLS if the origin has it. `limit` ends with the handshake's start,
/// because a small device may take long for it. Then the step `next` begins.
async fn watch<T>(
    connecting: impl Future<Output = Result<T, Box<dyn std::error::Error + Send + Sync>>>,
    limit: Option<Duration>,
    next: Step,
    progress: Arc<Progress>,
) -> Result<T, Box<dyn std::error::Error + Send + Sync>> {
    let mut connecting = pin!(connecting);
    let early = match limit {
        Some(limit) => tokio::time::timeout(limit, &mut connecting).await.ok(),
        None => None,
    };
    let connection = match (early, limit) {
        (Some(outcome), _) => outcome?,
        (None, Some(limit)) if progress.step() != Step::Handshake => {
            let text = format!("no answer within {} s", limit.as_secs_f32());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text).into());
        }
        (None, _) => connecting.await?,
    };
    progress.start(next);
    Ok(connection)
}

/// The body of a request. It reports when all of it was handed to the connection, which buffers only
/// a small part.
pub(super) struct Upload {
    left: Bytes,
    progress: Arc<Progress>,
}

impl Upload {
    pub(super) fn new(body: Bytes, progress: Arc<Progress>) -> Self {
        Self { left: body, progress }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.left.len().min(PIECE);
        let piece = self.left.split_to(size);
        if self.left.is_empty() {
            self.progress.sent();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
