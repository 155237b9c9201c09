//! Requests to a single hypervisor, by TCP or by the channel of this guest.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use fencebox_sdk::net::Timed;
use fencebox_sdk::prelude::*;

use crate::group::{Gathered, Reply};
use crate::handshake::{Answer, HandshakeError, answer, channel_answer, finish, prove, say};
use crate::packet::Request;
use crate::random;
use crate::settings::Settings;

/// A hypervisor that does not accept the connection within this time is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Sends the request by TCP.
pub(crate) fn ask(settings: &Settings, host: &str, request: &Request<'_>) -> Result<Gathered> {
    let peer = place(host, settings.port);
    let (mut stream, end) = connect(settings, host, &peer)?;
    let packet = request.packet(None, settings.hash, &settings.key, random::bytes()?);
    let challenge = random::bytes()?;
    let mut converse = || {
        send(&mut stream, &packet)?;
        finish(prove(&mut stream, settings.auth, &settings.key, challenge)).map_err(|error| match error {
            // The daemon closes the connection if the signature of a request is wrong.
            HandshakeError::BeforeSend(text) => HandshakeError::BeforeSend(format!(
                "{text}; compare key_file, hash and auth with its configuration"
            )),
            other => other,
        })?;
        stream.set_until(end);
        finish(answer(&mut stream))
    };
    gathered(converse(), peer)
}

/// Sends the request by the channel of this guest.
pub(crate) fn ask_channel(settings: &Settings, host: &str, request: &Request<'_>) -> Result<Gathered> {
    let peer = place(host, settings.port);
    let (mut stream, end) = connect(settings, host, &peer)?;
    let mut converse = || {
        send(&mut stream, &request.short())?;
        stream.set_until(end);
        finish(channel_answer(&mut stream))
    };
    gathered(converse(), peer)
}

/// The result of the only hypervisor.
fn gathered(outcome: Result<Answer, HandshakeError>, hypervisor: String) -> Result<Gathered> {
    let answer = outcome.map_err(|error| error.of(&hypervisor))?;
    Ok(Gathered {
        replies: vec![Reply { hypervisor, answer }],
        ..Gathered::default()
    })
}

fn connect(settings: &Settings, host: &str, peer: &str) -> Result<(Timed, Instant)> {
    let start = Instant::now();
    let end = start + settings.timeout;
    let stream = Timed::connect(host, settings.port, end.min(start + CONNECT_LIMIT)).map_err(|cause| {
        let text = format!("{peer} cannot be reached: {}", say(&cause));
        match cause.kind() {
            io::ErrorKind::PermissionDenied => Error::Denied(text),
            _ => Error::ConnectionLost(text),
        }
    })?;
    let mut stream = stream;
    stream.set_until(end);
    Ok((stream, end))
}

fn send(stream: &mut Timed, packet: &[u8]) -> Result<(), HandshakeError> {
    let sent = stream.write_all(packet);
    sent.map_err(|cause| HandshakeError::BeforeSend(format!("did not accept the request: {}", say(&cause))))
}

fn place(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("the hypervisor at [{host}]:{port}")
    } else {
        format!("the hypervisor at {host}:{port}")
    }
}
