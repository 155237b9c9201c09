//! What is said on a connection once it is there: who both sides are, and the
//! answer.
//!
//! A stream that does not wait makes these functions wait instead, so that
//! several connections go on side by side; a stream with a time limit waits
//! itself ([`finish`]).

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fencebox_sdk::prelude::*;

use crate::digest::{Digest, ROOM, same};
use crate::machine::{Machine, ROW};
use crate::packet::MAGIC;

/// The answer that a list follows.
const LIST: u8 = 0xfd;
/// Most machines of one list; more is no hypervisor.
const LIST_LIMIT: usize = 10_000;
/// Most that may stand before the answer of a guest's channel, in bytes.
const NOISE_LIMIT: usize = 4096;

/// What a hypervisor answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or on.
    Done,
    /// It has no such machine, or could not.
    Failed,
    /// Off; also what it says of a machine that it does not know.
    Off,
    /// The caller may not.
    Denied,
    /// Its machines, all of them.
    Machines(Vec<Machine>),
}

/// Why a connection gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    /// The far end did not prove that it has the key. It was told nothing.
    AuthFailed(String),
    /// It ended before it was certain that the request counts.
    BeforeSend(String),
    /// The request counted, and the answer did not come whole.
    Truncated(String),
    /// An answer that the protocol does not know.
    Protocol(String),
}

impl HandshakeError {
    /// The words of it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::AuthFailed(text) | Self::BeforeSend(text) | Self::Truncated(text) | Self::Protocol(text) => text,
        }
    }

    /// Whether the request may have been done all the same.
    pub(crate) fn may_count(&self) -> bool {
        matches!(self, Self::Truncated(_) | Self::Protocol(_))
    }

    /// The same, of that hypervisor.
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
    /// What did not count may be tried again, and what may have counted has to
    /// be looked at; a stranger stays one.
    fn from(trouble: HandshakeError) -> Self {
        match trouble {
            HandshakeError::AuthFailed(text) => Self::LoginDenied(text),
            HandshakeError::BeforeSend(text) | HandshakeError::Truncated(text) => Self::ConnectionLost(text),
            HandshakeError::Protocol(text) => Self::Unexpected(text),
        }
    }
}

/// Each side proves to the other that it has the key; this side asks first.
/// To a stranger nothing is proven: it could use that elsewhere.
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
            "hung up while it was to prove that it has the key: {}",
            say(&cause)
        ))
    };
    write(stream, &challenge).await.map_err(early)?;
    let mut proof = [0; ROOM];
    read(stream, &mut proof).await.map_err(early)?;
    if !same(&proof, &auth.of(key, &challenge)) {
        return Err(HandshakeError::AuthFailed(
            "did not prove that it has the key; compare key_file and auth with its configuration".to_owned(),
        ));
    }
    let mut challenge = [0; ROOM];
    read(stream, &mut challenge).await.map_err(early)?;
    write(stream, &auth.of(key, &challenge)).await.map_err(early)
}

/// The answer: a byte, and after some of them a list.
pub(crate) async fn answer(stream: &mut impl Read) -> Result<Answer, HandshakeError> {
    let code = byte(stream, "hung up without an answer").await?;
    rest(code, stream).await
}

/// The same from a caller that has proven nothing, because the option `auth`
/// is `none`: only one that begins to answer is a hypervisor.
pub(crate) async fn unproven_answer(stream: &mut impl Read, begun: &Cell<bool>) -> Result<Answer, HandshakeError> {
    let code = byte(stream, "hung up without an answer").await;
    let code = code.map_err(|trouble| HandshakeError::BeforeSend(trouble.text().to_owned()))?;
    if code != LIST && known(code).is_err() {
        return Err(HandshakeError::AuthFailed(format!(
            "sent {code}, which is not an answer of fence_virtd"
        )));
    }
    begun.set(true);
    rest(code, stream).await
}

/// What follows the first byte.
async fn rest(code: u8, stream: &mut impl Read) -> Result<Answer, HandshakeError> {
    if code != LIST {
        return known(code);
    }
    let machines = machines(stream).await?;
    // What became of the making of the list. Who has the last row does
    // not need it, and the daemon may be gone before it is read.
    let mut last = [0];
    match ready(|| stream.read(&mut last)).await {
        Ok(1) if last != [0] => Err(HandshakeError::Protocol(format!(
            "ended its list with the code {}",
            last[0]
        ))),
        _ => Ok(Answer::Machines(machines)),
    }
}

/// The same, by the channel of a guest, where noise may come before it.
pub(crate) async fn channel_answer(stream: &mut impl Read) -> Result<Answer, HandshakeError> {
    find_magic(stream).await?;
    match byte(stream, "hung up without an answer").await? {
        LIST => {
            let machines = machines(stream).await?;
            find_magic(stream).await?;
            match byte(stream, "hung up in the middle of its list").await? {
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
            "answered {other}, which is no answer"
        ))),
    }
}

/// Rows up to the one that is empty. A list without that end is a part of one.
async fn machines(stream: &mut impl Read) -> Result<Vec<Machine>, HandshakeError> {
    let mut machines = Vec::new();
    loop {
        let mut row = [0; ROW];
        read(stream, &mut row).await.map_err(|cause| {
            HandshakeError::Truncated(format!("hung up in the middle of its list: {}", say(&cause)))
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
        seen[MAGIC.len() - 1] = byte(stream, "hung up without an answer").await?;
        if seen == MAGIC {
            return Ok(());
        }
    }
    Err(HandshakeError::Protocol("sent much, and no answer among it".to_owned()))
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

/// Waits while the stream would have to.
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

/// The outcome on a stream that waits itself, up to its time limit.
pub(crate) fn finish<T>(talk: impl Future<Output = Result<T, HandshakeError>>) -> Result<T, HandshakeError> {
    match pin!(talk).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(HandshakeError::Truncated("gave no answer in time".to_owned())),
    }
}

/// A cause in few words.
pub(crate) fn say(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => "the connection ended".to_owned(),
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        // What is left in a component of a connection that was reset.
        _ if cfg!(target_family = "wasm") && cause.raw_os_error() == Some(29) => "the connection broke".to_owned(),
        io::ErrorKind::PermissionDenied => "refused by a rule of this host, which the log tells".to_owned(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests;
