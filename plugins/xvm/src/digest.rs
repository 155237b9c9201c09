//! Signatures of packets and answers to challenges: a digest of the key followed by
//! the text. The protocol does not use HMAC.

use fencebox_sdk::digest::{sha1, sha256, sha512};

/// Size of the field for a digest, in bytes. A shorter digest is padded with zeros.
pub(crate) const ROOM: usize = 64;

/// A digest, by the options `hash` and `auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    None,
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    /// The values of the options.
    pub(crate) const WORDS: [&str; 4] = ["none", "sha1", "sha256", "sha512"];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// The number on the wire.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Sha1 => 1,
            Self::Sha256 => 2,
            Self::Sha512 => 3,
        }
    }

    /// The digest of the key followed by the text, padded with zeros.
    pub(crate) fn of(self, key: &[u8], text: &[u8]) -> [u8; ROOM] {
        let mut room = [0; ROOM];
        let data = [key, text].concat();
        let mut put = |digest: &[u8]| room[..digest.len()].copy_from_slice(digest);
        match self {
            Self::None => {}
            Self::Sha1 => put(&sha1(data)),
            Self::Sha256 => put(&sha256(data)),
            Self::Sha512 => put(&sha512(data)),
        }
        room
    }
}
