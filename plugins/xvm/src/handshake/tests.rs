//! Conversations with correct and incorrect daemons, and ones that end at any byte.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use fencebox_sdk::PowerStatus;

use super::{Answer, HandshakeError, finish};
use crate::digest::Digest;

fn prove(far: &mut (impl Read + Write), auth: Digest, key: &[u8], challenge: [u8; 64]) -> Result<(), HandshakeError> {
    finish(super::prove(far, auth, key, challenge))
}

fn answer(far: &mut impl Read) -> Result<Answer, HandshakeError> {
    finish(super::answer(far))
}

fn channel_answer(far: &mut impl Read) -> Result<Answer, HandshakeError> {
    finish(super::channel_answer(far))
}

const KEY: &[u8] = b"the key\n";
const CHALLENGE: [u8; 64] = [7; 64];

/// A peer that sends fixed bytes, and records what it receives.
#[derive(Default)]
struct Far {
    says: VecDeque<u8>,
    heard: Vec<u8>,
}

impl Far {
    fn says(parts: &[&[u8]]) -> Self {
        Self {
            says: parts.concat().into(),
            heard: Vec::new(),
        }
    }
}

impl Read for Far {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.says.read(buffer)
    }
}

impl Write for Far {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.heard.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn row(name: &str, state: u8) -> Vec<u8> {
    let mut row = vec![0; 130];
    row[..name.len()].copy_from_slice(name.as_bytes());
    row[64..68].copy_from_slice(b"uuid");
    row[128] = state;
    row[129] = 0x91;
    row
}

#[test]
fn both_sides_prove_that_they_have_the_key() {
    for auth in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
        let mut far = Far::says(&[&auth.of(KEY, &CHALLENGE), &[9; 64]]);
        assert_eq!(prove(&mut far, auth, KEY, CHALLENGE), Ok(()));
        assert_eq!(far.heard, [CHALLENGE, auth.of(KEY, &[9; 64])].concat());
    }
    let mut far = Far::default();
    assert_eq!(prove(&mut far, Digest::None, KEY, CHALLENGE), Ok(()));
    assert!(far.heard.is_empty());
}

#[test]
fn a_peer_without_the_key_gets_no_proof() {
    let mut almost = Digest::Sha256.of(KEY, &CHALLENGE);
    almost[63] = 1;
    for proof in [
        Digest::Sha256.of(b"another key", &CHALLENGE),
        Digest::Sha1.of(KEY, &CHALLENGE),
        [0; 64],
        almost,
        CHALLENGE,
    ] {
        let mut far = Far::says(&[&proof, &[9; 64]]);
        let error = prove(&mut far, Digest::Sha256, KEY, CHALLENGE);
        assert!(matches!(error, Err(HandshakeError::AuthFailed(_))), "{error:?}");
        assert_eq!(far.heard, CHALLENGE);
    }
}

#[test]
fn an_incomplete_proof_has_no_effect() {
    let whole = [Digest::Sha256.of(KEY, &CHALLENGE), [9; 64]].concat();
    for length in 0..whole.len() {
        let error = prove(&mut Far::says(&[&whole[..length]]), Digest::Sha256, KEY, CHALLENGE);
        let expected = matches!(error, Err(HandshakeError::BeforeSend(_)));
        assert!(expected, "{length}: {error:?}");
    }
}

#[test]
fn answers_match_the_protocol() {
    for (code, expected) in [
        (0, Answer::Done),
        (1, Answer::Failed),
        (2, Answer::Off),
        (3, Answer::Denied),
    ] {
        assert_eq!(answer(&mut Far::says(&[&[code]])), Ok(expected.clone()));
        assert_eq!(channel_answer(&mut Far::says(&[b"noise abba", &[code]])), Ok(expected));
    }
    for code in 4..=255 {
        let error = answer(&mut Far::says(&[&[code]]));
        let is_list = code == 0xfd;
        assert_eq!(
            matches!(error, Err(HandshakeError::Truncated(_))),
            is_list,
            "{code}: {error:?}"
        );
        assert_eq!(
            matches!(error, Err(HandshakeError::Protocol(_))),
            !is_list,
            "{code}: {error:?}"
        );
    }
    assert!(matches!(answer(&mut Far::default()), Err(HandshakeError::Truncated(_))));
}

#[test]
fn an_incomplete_list_is_an_error() {
    let whole = [&[0xfd][..], &row("a", 1), &row("b", 5), &[0; 130], &[0]].concat();
    let Ok(Answer::Machines(machines)) = answer(&mut Far::says(&[&whole])) else {
        panic!("no list")
    };
    let statuses: Vec<_> = machines
        .iter()
        .map(|machine| (machine.name.as_str(), machine.status))
        .collect();
    assert_eq!(statuses, [("a", PowerStatus::On), ("b", PowerStatus::Off)]);
    for length in 0..whole.len() - 1 {
        let error = answer(&mut Far::says(&[&whole[..length]]));
        assert!(
            matches!(error, Err(HandshakeError::Truncated(_))),
            "{length}: {error:?}"
        );
    }
    // The daemon may close the connection before its last byte is read.
    assert!(answer(&mut Far::says(&[&whole[..whole.len() - 1]])).is_ok());
    let mut failed = whole.clone();
    *failed.last_mut().unwrap() = 1;
    assert!(matches!(
        answer(&mut Far::says(&[&failed])),
        Err(HandshakeError::Protocol(_))
    ));
    assert_eq!(
        answer(&mut Far::says(&[&[0xfd], &[0; 131]])),
        Ok(Answer::Machines(Vec::new()))
    );
}

#[test]
fn an_endless_list_is_an_error() {
    struct Endless(VecDeque<u8>);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                self.0.extend(row("a", 1));
            }
            self.0.read(buffer)
        }
    }
    assert!(matches!(
        answer(&mut Endless([0xfd].into())),
        Err(HandshakeError::Protocol(_))
    ));
    assert!(matches!(
        channel_answer(&mut Endless([0].into())),
        Err(HandshakeError::Protocol(_))
    ));
}

#[test]
fn a_list_on_the_channel_of_a_guest_ends_with_a_code() {
    let whole = [&b"abba\xfd"[..], &row("a", 1), &[0; 130], b"abba\0"].concat();
    assert!(matches!(
        channel_answer(&mut Far::says(&[&whole])),
        Ok(Answer::Machines(_))
    ));
    for length in 0..whole.len() {
        assert!(channel_answer(&mut Far::says(&[&whole[..length]])).is_err(), "{length}");
    }
}
