//! Connects to an address that was checked: TCP, the tunnel of a proxy, TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use super::Failure;
use super::progress::{Progress, Step};
use super::tls::{self, Settings};
use fencebox_policy::Origin;

/// Largest head of a proxy's answer to `CONNECT`, in bytes.
const TUNNEL_HEAD: usize = 8 * 1024;

/// A connection, ready for a request.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Connects to the origin, or to its proxy, at this address. If the key of the device turns out to
/// be too small for TLS 1.3, connects again with TLS 1.2.
pub(super) async fn connect(
    origin: &Origin,
    address: SocketAddr,
    settings: Option<&Settings>,
    limit: Option<Duration>,
    progress: &Rc<Progress>,
) -> Result<Box<dyn Stream>, Failure> {
    let limited = settings.is_some_and(Settings::is_limited);
    let attempt = || connect_once(origin, address, settings.map(Settings::client), limit, progress);
    let outcome = attempt().await;
    let outcome = match (&outcome, settings) {
        (Err(_), Some(settings)) if !limited && settings.is_limited() => attempt().await,
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

async fn connect_once(
    origin: &Origin,
    address: SocketAddr,
    config: Option<Arc<ClientConfig>>,
    limit: Option<Duration>,
    progress: &Rc<Progress>,
) -> Result<Box<dyn Stream>, Failure> {
    progress.start(Step::Connection);
    progress.contact(&[address]);
    let stream = tcp(address, limit).await?;
    let mut stream: Box<dyn Stream> = Box::new(Watched {
        stream,
        progress: progress.clone(),
    });
    if let (Some(proxy), Some(config)) = (origin.proxy.as_ref().filter(|proxy| proxy.tls), &config) {
        progress.start(Step::Handshake);
        stream = secure(&proxy.host, config.clone(), stream).await?;
    }
    if let Some(config) = config.filter(|_| origin.tls) {
        if origin.proxy.is_some() {
            progress.start(Step::Tunnel);
            tunnel(origin, &mut stream).await?;
        }
        progress.start(Step::Handshake);
        stream = secure(&origin.host, config, stream).await?;
    }
    Ok(stream)
}

async fn tcp(address: SocketAddr, limit: Option<Duration>) -> Result<TcpStream, Failure> {
    let connecting = TcpStream::connect(address);
    let stream = match limit {
        Some(limit) => tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", limit.as_secs_f32());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }),
        None => connecting.await,
    };
    let stream = stream.map_err(|cause| Failure::Unreachable(cause.to_string()))?;
    // A request is one packet, or ends with one that must not wait.
    stream
        .set_nodelay(true)
        .map_err(|cause| Failure::Unreachable(cause.to_string()))?;
    Ok(stream)
}

/// Makes the handshake. Nothing was sent before it succeeds.
async fn secure(
    host: &Host<String>,
    config: Arc<ClientConfig>,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Failure> {
    let name = match host {
        Host::Domain(name) => ServerName::try_from(name.clone())
            .map_err(|_| Failure::Tls(format!("{name:?} cannot be the name of a TLS server")))?,
        Host::Ipv4(address) => ServerName::IpAddress((*address).into()),
        Host::Ipv6(address) => ServerName::IpAddress((*address).into()),
    };
    let stream = TlsConnector::from(config).connect(name, stream).await;
    let stream = stream.map_err(|cause| {
        let tls = cause.get_ref().and_then(|inner| inner.downcast_ref());
        match tls {
            Some(error) => Failure::Tls(tls::reason(error)),
            None if cause.kind() == io::ErrorKind::UnexpectedEof => Failure::Unreachable(format!(
                "the device closed the connection; check that this port is for TLS: {}",
                tls::OFFER
            )),
            None => Failure::Unreachable(cause.to_string()),
        }
    })?;
    Ok(Box::new(stream))
}

/// Asks a proxy for a tunnel to the origin (RFC 9110, 9.3.6).
async fn tunnel(origin: &Origin, stream: &mut Box<dyn Stream>) -> Result<(), Failure> {
    let place = format!("{}:{}", origin.host, origin.port);
    let request = format!("CONNECT {place} HTTP/1.1\r\nhost: {place}\r\n\r\n");
    let failed = |cause: io::Error| Failure::Unreachable(cause.to_string());
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut head = Vec::new();
    // Byte by byte, because what follows belongs to the handshake.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < TUNNEL_HEAD => head.push(byte),
            Ok(_) => return Err(Failure::Unreachable("the proxy's answer is too large".to_owned())),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Failure::Unreachable("the proxy closed the connection".to_owned()));
            }
            Err(cause) => return Err(failed(cause)),
        }
    }
    let status = ["HTTP/1.1 ", "HTTP/1.0 "]
        .iter()
        .find_map(|version| head.strip_prefix(version.as_bytes()))
        .and_then(|rest| std::str::from_utf8(rest.get(..3)?).ok()?.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => Err(Failure::Unreachable(
            "the proxy requires a login, which fencebox does not support; use one without a login".to_owned(),
        )),
        Some(status) => Err(Failure::Unreachable(format!(
            "the proxy refused the tunnel with status {status}"
        ))),
        None => Err(Failure::Unreachable("the proxy's answer is not HTTP".to_owned())),
    }
}

/// A connection that reports its progress.
struct Watched {
    stream: TcpStream,
    progress: Rc<Progress>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.progress.receive(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.progress.flush();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
