//! The listener: receives requests, records them, calls the protocol, and applies the faults of the wire.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsAcceptor;

use super::{Shared, State, locked};
use crate::control;
use crate::fault::{Kind, Occasion, Plan};
use crate::json;
use crate::machine::Arrival;
use crate::protocol::{Answer, Request};
use crate::time::Time;
use crate::wire::{self, Body, Cut, Delivery};

/// The maximum size of a request, in bytes.
const REQUEST_LIMIT: usize = 1024 * 1024;

/// The maximum size of an answer that is kept to be sent again, in bytes.
const KEPT_LIMIT: usize = 64 * 1024;

/// The maximum number of attempts to find a port that is free on several addresses.
const ATTEMPTS: u32 = 20;

/// Listens on an address, and on further ones with the same port.
pub(super) fn bind(listen: SocketAddr, further: &[IpAddr]) -> Result<Vec<TcpListener>> {
    for _ in 0..ATTEMPTS {
        let first = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        let taken = further
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .find_map(|address| match TcpListener::bind(address) {
                Ok(listener) => {
                    listeners.push(listener);
                    None
                }
                Err(cause) => Some((address, cause)),
            });
        match taken {
            None => {
                listeners
                    .iter()
                    .try_for_each(|listener| listener.set_nonblocking(true))?;
                return Ok(listeners);
            }
            // The port was free on the first address only: try another one.
            Some((_, cause)) if cause.kind() == ErrorKind::AddrInUse && listen.port() == 0 => {}
            Some((address, cause)) => return Err(cause).with_context(|| format!("cannot listen on {address}")),
        }
    }
    bail!("no port is free on {} and {further:?}", listen.ip())
}

pub(super) async fn serve(listener: tokio::net::TcpListener, acceptor: Option<TlsAcceptor>, shared: Shared) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely no file descriptor is free: give the open connections time to end.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        // An answer consists of several writes; without this option, each exchange would take 40 ms longer.
        let _ = stream.set_nodelay(true);
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        let at = stream.local_addr().ok();
        tokio::spawn(async move {
            match acceptor {
                None => converse(TokioIo::new(stream), at, shared).await,
                // A client that does not trust the certificate ends the connection here, as it may.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(TokioIo::new(stream), at, shared).await;
                    }
                }
            }
        });
    }
}

/// Serves one connection to its end.
async fn converse(stream: impl Read + Write + Unpin, at: Option<SocketAddr>, shared: Shared) {
    let connection = locked(&shared).count_connection();
    let service = service_fn(|request| answer(at, connection, shared.clone(), request));
    // Planned faults and clients with short timeouts cause errors here; the record of requests is complete.
    let _ = http1::Builder::new().serve_connection(stream, service).await;
}

async fn answer(
    at: Option<SocketAddr>,
    connection: u64,
    shared: Shared,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, Cut> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_LIMIT).collect().await else {
        let refusal = locked(&shared).protocol.error(413, "request too large or cut off");
        return Delivery::plain(refusal).send().await;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = Request {
        order: 0,
        at: at.map(|address| address.ip().to_string()).unwrap_or_default(),
        port: at.map(|address| address.port()).unwrap_or_default(),
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: text(&body.to_bytes()),
        fault: None,
    };
    let delivery = decide(&mut locked(&shared), connection, request);
    delivery.send().await
}

/// The device's action and answer for a request, and the fault that applies to it.
fn decide(state: &mut State, connection: u64, mut request: Request) -> Delivery {
    let now = state.now();
    state.device.fleet.arrive(Arrival { connection, now });
    if control::owns(request.path()) {
        return Delivery::plain(control::answer(state, &request));
    }
    let step = state.protocol.step(&request);
    let plan = state.device.faults.strike(step, Occasion::Call);
    request.order = state.requests.len() as u64 + 1;
    request.fault = plan.as_ref().map(Plan::to_string);
    state.requests.push(request.clone());
    take_late_effect(state, request.order);

    let fault = plan.map(|plan| plan.kind);
    let answer = match &fault {
        Some(kind) if wire::owns(kind) => malformed(state, &request, step, kind),
        Some(kind) if json::owns(kind) => {
            let answer = state.protocol.answer(&mut state.device, &request, None);
            let body = json::malformed(answer.body, kind);
            Answer { body, ..answer }
        }
        own => state.protocol.answer(&mut state.device, &request, own.as_ref()),
    };
    if answer.body.len() <= KEPT_LIMIT {
        state.answers.push((step, answer.clone()));
    }
    let filler = fault.as_ref().and_then(|kind| state.protocol.filler(&answer, kind));
    Delivery {
        answer,
        fault,
        filler,
        chunked: state.chunked,
        time: Time::of(state.clock.as_ref()),
    }
}

/// The answer to a request with a fault of the wire, after the device's action.
fn malformed(state: &mut State, request: &Request, step: Option<&'static str>, fault: &Kind) -> Answer {
    let mut answer = if wire::takes_effect(fault) {
        state.protocol.answer(&mut state.device, request, None)
    } else {
        Answer::default()
    };
    let before = state.answers.iter().rev();
    match fault.word() {
        "repeated" => answer = state.protocol.answer(&mut state.device, request, None),
        "late" => {
            let due = request.order + fault.number.unwrap_or_default() + 1;
            state.late.push((due, request.clone()));
        }
        "mixed-up" => answer = before.map(|(_, other)| other.clone()).next().unwrap_or(answer),
        "cached" => {
            let cached = before.clone().find(|(own, _)| *own == step);
            answer = match cached.map(|(_, cached)| cached.clone()) {
                Some(cached) => cached,
                None => state.protocol.answer(&mut state.device, request, None),
            };
        }
        _ => {}
    }
    wire::instead(fault, state.protocol.as_ref()).unwrap_or(answer)
}

/// Applies requests that were delayed until the request of this number.
fn take_late_effect(state: &mut State, order: u64) {
    let (due, late) = std::mem::take(&mut state.late)
        .into_iter()
        .partition(|(due, _)| *due <= order);
    state.late = late;
    for (_, request) in due {
        state.protocol.answer(&mut state.device, &request, None);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn members_listen_on_one_port_or_not_at_all() {
        let [first, second] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(IpAddr::from);
        let listeners = bind((first, 0).into(), &[second]).unwrap();
        let addresses: Vec<_> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap())
            .collect();
        assert_eq!(addresses[1], SocketAddr::new(second, addresses[0].port()));

        let taken = SocketAddr::new(second, addresses[0].port());
        let refusal = bind(taken, &[]).unwrap_err().to_string();
        assert_eq!(refusal, format!("cannot listen on {taken}"));
        // Every port is in use at the second address, which is the same as the first.
        let refusal = bind((first, 0).into(), &[first]).unwrap_err().to_string();
        assert_eq!(refusal, "no port is free on 127.0.0.1 and [127.0.0.1]");
    }
}
