//! Digests of the key and a text, for the signatures of requests and the answers to challenges.

use std::str::FromStr;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};

/// A digest, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Digest {
    None,
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    /// The digest with this number on the wire.
    pub(super) fn of_number(number: u8) -> Option<Digest> {
        [Digest::None, Digest::Sha1, Digest::Sha256, Digest::Sha512]
            .get(usize::from(number))
            .copied()
    }

    /// The digest of the key followed by the text, padded with zero bytes.
    pub fn sign(self, key: &[u8], text: &[u8]) -> [u8; 64] {
        let algorithm = match self {
            Digest::None => return [0; 64],
            Digest::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha256 => &SHA256,
            Digest::Sha512 => &SHA512,
        };
        let mut context = Context::new(algorithm);
        context.update(key);
        context.update(text);
        let digest = context.finish();
        let mut room = [0; 64];
        for (to, from) in room.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        room
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(word: &str) -> Result<Digest, String> {
        Ok(match word {
            "none" => Digest::None,
            "sha1" => Digest::Sha1,
            "sha256" => Digest::Sha256,
            "sha512" => Digest::Sha512,
            _ => return Err(format!("unknown digest `{word}`; there are none, sha1, sha256, sha512")),
        })
    }
}
