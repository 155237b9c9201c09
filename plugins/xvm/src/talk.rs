//! What is said on a connection once it is there: who both sides are, and the
//! answer.

use std::io::{self, Read, Write};

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
pub(crate) enum Trouble {
    /// The far end did not prove that it has the key. It was told nothing.
    Stranger(String),
    /// It ended before it was certain that the request counts.
    Early(String),
    /// The request counted, and the answer did not come whole.
    Late(String),
    /// An answer that the protocol does not know.
    Odd(String),
}

impl Trouble {
    /// The words of it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Stranger(text) | Self::Early(text) | Self::Late(text) | Self::Odd(text) => text,
        }
    }

    /// The same, of that hypervisor.
    pub(crate) fn of(self, peer: &str) -> Self {
        let about = |text: String| format!("{peer} {text}");
        match self {
            Self::Stranger(text) => Self::Stranger(about(text)),
            Self::Early(text) => Self::Early(about(text)),
            Self::Late(text) => Self::Late(about(text)),
            Self::Odd(text) => Self::Odd(about(text)),
        }
    }
}

impl From<Trouble> for Error {
    /// What did not count may be tried again, and what may have counted has to
    /// be looked at; a stranger stays one.
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stranger(text) => Self::LoginDenied(text),
            Trouble::Early(text) | Trouble::Late(text) => Self::ConnectionLost(text),
            Trouble::Odd(text) => Self::Unexpected(text),
        }
    }
}

/// Each side proves to the other that it has the key; this side asks first.
/// To a stranger nothing is proven: it could use that elsewhere.
pub(crate) fn prove(
    stream: &mut (impl Read + Write),
    auth: Digest,
    key: &[u8],
    challenge: [u8; ROOM],
) -> Result<(), Trouble> {
    if auth == Digest::None {
        return Ok(());
    }
    let early = |cause: io::Error| {
        Trouble::Early(format!(
            "hung up while it was to prove that it has the key: {}",
            say(&cause)
        ))
    };
    stream.write_all(&challenge).map_err(early)?;
    let mut proof = [0; ROOM];
    stream.read_exact(&mut proof).map_err(early)?;
    if !same(&proof, &auth.of(key, &challenge)) {
        return Err(Trouble::Stranger(
            "did not prove that it has the key; compare key_file and auth with its configuration".to_owned(),
        ));
    }
    let mut challenge = [0; ROOM];
    stream.read_exact(&mut challenge).map_err(early)?;
    stream.write_all(&auth.of(key, &challenge)).map_err(early)
}

/// The answer: a byte, and after some of them a list.
pub(crate) fn answer(stream: &mut impl Read) -> Result<Answer, Trouble> {
    let code = byte(stream, "hung up without an answer")?;
    match code {
        LIST => {
            let machines = machines(stream)?;
            // What became of the making of the list. Who has the last row does
            // not need it, and the daemon may be gone before it is read.
            let mut last = [0];
            match stream.read(&mut last) {
                Ok(1) if last != [0] => Err(Trouble::Odd(format!("ended its list with the code {}", last[0]))),
                _ => Ok(Answer::Machines(machines)),
            }
        }
        code => known(code),
    }
}

/// The same, by the channel of a guest, where noise may come before it.
pub(crate) fn channel_answer(stream: &mut impl Read) -> Result<Answer, Trouble> {
    find_magic(stream)?;
    match byte(stream, "hung up without an answer")? {
        LIST => {
            let machines = machines(stream)?;
            find_magic(stream)?;
            match byte(stream, "hung up in the middle of its list")? {
                0 => Ok(Answer::Machines(machines)),
                code => Err(Trouble::Odd(format!("ended its list with the code {code}"))),
            }
        }
        code => known(code),
    }
}

fn known(code: u8) -> Result<Answer, Trouble> {
    match code {
        0 => Ok(Answer::Done),
        1 => Ok(Answer::Failed),
        2 => Ok(Answer::Off),
        3 => Ok(Answer::Denied),
        other => Err(Trouble::Odd(format!("answered {other}, which is no answer"))),
    }
}

/// Rows up to the one that is empty. A list without that end is a part of one.
fn machines(stream: &mut impl Read) -> Result<Vec<Machine>, Trouble> {
    let mut machines = Vec::new();
    loop {
        let mut row = [0; ROW];
        stream
            .read_exact(&mut row)
            .map_err(|cause| Trouble::Late(format!("hung up in the middle of its list: {}", say(&cause))))?;
        match Machine::parse(&row) {
            None => return Ok(machines),
            Some(_) if machines.len() == LIST_LIMIT => {
                return Err(Trouble::Odd(format!("listed more than {LIST_LIMIT} machines")));
            }
            Some(machine) => machines.push(machine),
        }
    }
}

fn find_magic(stream: &mut impl Read) -> Result<(), Trouble> {
    let mut seen = [0; MAGIC.len()];
    for _ in 0..NOISE_LIMIT {
        seen.rotate_left(1);
        seen[MAGIC.len() - 1] = byte(stream, "hung up without an answer")?;
        if seen == MAGIC {
            return Ok(());
        }
    }
    Err(Trouble::Odd("sent much, and no answer among it".to_owned()))
}

fn byte(stream: &mut impl Read, otherwise: &str) -> Result<u8, Trouble> {
    let mut byte = [0];
    match stream.read_exact(&mut byte) {
        Ok(()) => Ok(byte[0]),
        Err(cause) => Err(Trouble::Late(format!("{otherwise}: {}", say(&cause)))),
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
