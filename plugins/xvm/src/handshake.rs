//! The data on an open connection: the mutual authentication, and the answer.
//!
//! With a non-blocking stream these functions are pending while the stream would
//! block, so that several connections continue side by side. A stream with a timeout
//! blocks itself ([`finish`]).

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fencebox_sdk::digest::same;
use fencebox_sdk::prelude::*;

use crate::digest::{Digest, ROOM};
use crate::machine::{Machine, ROW};
use crate::packet::MAGIC;

/// The code before a list.
const LIST: u8 = 0xfd;
/// Limit of machines in one list; a hypervisor never has more.
const LIST_LIMIT: usize = 10_000;
/// Limit of bytes before the answer on the channel of a guest.
const NOISE_LIMIT: usize = 4096;

/// The answer of a hypervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or on.
    Done,
    /// The hypervisor does not have the machine, or the request failed.
    Failed,
    /// Off; also the answer for a machine that the hypervisor does not have.
    Off,
    /// The permissions of this client do not include the request.
    Denied,
    /// All machines of the hypervisor.
    Machines(Vec<Machine>),
}

/// Why a connection ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    /// The peer did not prove that it has the key. It has not received a proof either.
    AuthFailed(String),
    /// The connection ended before the request took effect.
    BeforeSend(String),
    /// The request took effect, but the answer is incomplete.
    Truncated(String),
    /// The answer is not one of the protocol.
    Protocol(String),
}

impl HandshakeError {
    /// The text.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::AuthFailed(text) | Self::BeforeSend(text) | Self::Truncated(text) | Self::Protocol(text) => text,
        }
    }

    /// Whether the hypervisor may have done the request.
    pub(crate) fn may_count(&self) -> bool {
        matches!(self, Self::Truncated(_) | Self::Protocol(_))
    }

    /// The same error with the name of the hypervisor before its text.
    pub(crate) fn of(self, peer: &str) -> Self {
        let about = |text: String| format!("{peer} {text}");
        match self {
            Self::AuthFailed(text) => Self::AuthFailed(about(text)),
            Self::BeforeSend(text) => Self::BeforeSend(about(text)),
            Self::Truncated(text) => Self::Truncated(about(text)),
            Self::Protocol(text) => Self::Protocol(about(text)),
        }
    }
}

impl From<HandshakeError> for Error {
    /// A request without effect may be retried. After one that may have taken effect,
    /// the host reads the power status. A failed authentication is final.
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::AuthFailed(text) => Self::LoginDenied(text),
            HandshakeError::BeforeSend(text) | HandshakeError::Truncated(text) => Self::ConnectionLost(text),
            HandshakeError::Protocol(text) => Self::Unexpected(text),
        }
    }
}

/// Each side proves to the other that it has the key; this side sends the first
/// challenge. A peer without the key gets no proof: it could use that elsewhere.
pub(crate) async fn prove(
    stream: &mut (impl Read + Write),
    auth: Digest,
    key: &[u8],
    challenge: [u8; ROOM],
) -> Result<(), HandshakeError> {
    if auth == Digest::None {
        return Ok(());
    }
    let early = |cause: io::Error| {
        HandshakeError::BeforeSend(format!(
            "closed the connection before it proved that it has the key: {}",
            say(&cause)
        ))
    };
    write(stream, &challenge).await.map_err(early)?;
    let mut proof = [0; ROOM];
    read(stream, &mut proof).await.map_err(early)?;
    if !same(proof, auth.of(key, &challenge)) {
        return Err(HandshakeError::AuthFailed(
            "did not prove that it has the key; compare key_file and auth with its configuration".to_owned(),
        ));
    }
    let mut challenge = [0; ROOM];
    read(stream, &mut challenge).await.map_err(early)?;
    write(stream, &auth.of(key, &challenge)).await.map_err(early)
}

/// The answer: one byte, followed by a list after some of the codes.
pub(crate) async fn answer(stream: &mut impl Read) -> Result<Answer, HandshakeError> {
    let code = byte(stream, "closed the connection without an answer").await?;
    rest(code, stream).await
}

/// The same from a caller without authentication, because the option `auth` is
/// `none`: only a caller that begins an answer counts as a hypervisor.
pub(crate) async fn unproven_answer(stream: &mut impl Read, begun: &Cell<bool>) -> Result<Answer, HandshakeError> {
    let code = byte(stream, "closed the connection without an answer").await;
    let code = code.map_err(|error| HandshakeError::BeforeSend(error.text().to_owned()))?;
    if code != LIST && known(code).is_err() {
        return Err(HandshakeError::AuthFailed(format!(
            "sent {code}, which is not an answer of fence_virtd"
        )));
    }
    begun.set(true);
    rest(code, stream).await
}

/// The part of an answer after its first byte.
async fn rest(code: u8, stream: &mut impl Read) -> Result<Answer, HandshakeError> {
    if code != LIST {
        return known(code);
    }
    let machines = machines(stream).await?;
    // The result code of the list. It is not needed after the last row, and the daemon may close the connection
    // before it is read.
    let mut last = [0];
    match ready(|| stream.read(&mut last)).await {
        Ok(1) if last != [0] => Err(HandshakeError::Protocol(format!(
            "ended its list with the code {}",
            last[0]
        ))),
        _ => Ok(Answer::Machines(machines)),
    }
}

/// The answer on the channel of a guest, on which other bytes may come before it.
pub(crate) async fn channel_answer(stream: &mut impl Read) -> Result<Answer, HandshakeError> {
    find_magic(stream).await?;
    match byte(stream, "closed the connection without an answer").await? {
        LIST => {
            let machines = machines(stream).await?;
            find_magic(stream).await?;
            match byte(stream, "closed the connection in the middle of its list").await? {
                0 => Ok(Answer::Machines(machines)),
                code => Err(HandshakeError::Protocol(format!("ended its list with the code {code}"))),
            }
        }
        code => known(code),
    }
}

fn known(code: u8) -> Result<Answer, HandshakeError> {
    match code {
        0 => Ok(Answer::Done),
        1 => Ok(Answer::Failed),
        2 => Ok(Answer::Off),
        3 => Ok(Answer::Denied),
        other => Err(HandshakeError::Protocol(format!(
            "answered {other}, which is not an answer of fence_virtd"
        ))),
    }
}

/// The rows up to the empty one. A list without an empty row is incomplete.
async fn machines(stream: &mut impl Read) -> Result<Vec<Machine>, HandshakeError> {
    let mut machines = Vec::new();
    loop {
        let mut row = [0; ROW];
        read(stream, &mut row).await.map_err(|cause| {
            HandshakeError::Truncated(format!(
                "closed the connection in the middle of its list: {}",
                say(&cause)
            ))
        })?;
        match Machine::parse(&row) {
            None => return Ok(machines),
            Some(_) if machines.len() == LIST_LIMIT => {
                return Err(HandshakeError::Protocol(format!(
                    "listed more than {LIST_LIMIT} machines"
                )));
            }
            Some(machine) => machines.push(machine),
        }
    }
}

async fn find_magic(stream: &mut impl Read) -> Result<(), HandshakeError> {
    let mut seen = [0; MAGIC.len()];
    for _ in 0..NOISE_LIMIT {
        seen.rotate_left(1);
        seen[MAGIC.len() - 1] = byte(stream, "closed the connection without an answer").await?;
        if seen == MAGIC {
            return Ok(());
        }
    }
    Err(HandshakeError::Protocol(format!(
        "sent {NOISE_LIMIT} bytes without an answer"
    )))
}

async fn byte(stream: &mut impl Read, otherwise: &str) -> Result<u8, HandshakeError> {
    let mut byte = [0];
    match read(stream, &mut byte).await {
        Ok(()) => Ok(byte[0]),
        Err(cause) => Err(HandshakeError::Truncated(format!("{otherwise}: {}", say(&cause)))),
    }
}

async fn read(stream: &mut impl Read, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match ready(|| stream.read(buffer)).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => buffer = &mut buffer[count..],
        }
    }
    Ok(())
}

async fn write(stream: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match ready(|| stream.write(bytes)).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// Pending while the stream would block.
async fn ready<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let attempt = |_: &mut Context<'_>| loop {
        match attempt() {
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            outcome => return Poll::Ready(outcome),
        }
    };
    poll_fn(attempt).await
}

/// The result on a stream that blocks itself, up to its timeout.
pub(crate) fn finish<T>(talk: impl Future<Output = Result<T, HandshakeError>>) -> Result<T, HandshakeError> {
    match pin!(talk).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(HandshakeError::Truncated("did not answer in time".to_owned())),
    }
}

/// A short text for the cause.
pub(crate) fn say(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => "the connection ended".to_owned(),
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        // The error number of a reset connection inside a component.
        _ if cfg!(target_family = "wasm") && cause.raw_os_error() == Some(29) => "the connection broke".to_owned(),
        io::ErrorKind::PermissionDenied => "denied by a rule of this host; see the log".to_owned(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests;
