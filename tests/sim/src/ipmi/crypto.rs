//! Cipher suites of IPMI 2.0, from the side of a BMC (tables 13-17 to 13-19, and 22-20).

use aes::Aes128;
use aes::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// The algorithms of a suite, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithms {
    pub(super) authentication: u8,
    pub(super) integrity: u8,
    pub(super) confidentiality: u8,
}

/// The algorithms of a suite; `None` for a number that has none here.
pub(super) fn algorithms(suite: u8) -> Option<Algorithms> {
    let (authentication, integrity, confidentiality) = match suite {
        0 => (0, 0, 0),
        1 => (1, 0, 0),
        2 => (1, 1, 0),
        3 => (1, 1, 1),
        6 => (2, 0, 0),
        7 => (2, 2, 0),
        8 => (2, 2, 1),
        11 => (2, 3, 0),
        12 => (2, 3, 1),
        15 => (3, 0, 0),
        16 => (3, 4, 0),
        17 => (3, 4, 1),
        _ => return None,
    };
    Some(Algorithms {
        authentication,
        integrity,
        confidentiality,
    })
}

/// HMAC by the number of the authentication algorithm; nothing for none.
pub(super) fn hmac(authentication: u8, key: &[u8], data: &[&[u8]]) -> Vec<u8> {
    match authentication {
        1 => hmac_of::<Sha1>(key, data),
        2 => hmac_of::<Md5>(key, data),
        3 => hmac_of::<Sha256>(key, data),
        _ => Vec::new(),
    }
}

fn hmac_of<D: Digest>(key: &[u8], data: &[&[u8]]) -> Vec<u8> {
    let pad = |with: u8| {
        (0..64)
            .map(|index| key.get(index).unwrap_or(&0) ^ with)
            .collect::<Vec<u8>>()
    };
    let inner = D::digest([&pad(0x36), &data.concat()[..]].concat());
    D::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

/// MD5.
pub(super) fn md5(data: &[&[u8]]) -> Vec<u8> {
    Md5::digest(data.concat()).to_vec()
}

/// The authentication code of a packet.
pub(super) fn sign(integrity: u8, k1: &[u8], password: &[u8], packet: &[u8]) -> Vec<u8> {
    let (mut code, length) = match integrity {
        1 => (hmac(1, k1, &[packet]), 12),
        2 => (hmac(2, k1, &[packet]), 16),
        3 => (md5(&[password, packet, password]), 16),
        4 => (hmac(3, k1, &[packet]), 16),
        _ => (Vec::new(), 0),
    };
    code.truncate(length);
    code
}

/// A payload that is encrypted with AES, after its initialization vector.
pub(super) fn encrypt(key: &[u8], vector: [u8; 16], message: &[u8]) -> Vec<u8> {
    let mut text = message.to_vec();
    let padding = (16 - (text.len() + 1) % 16) % 16;
    text.extend((1..=padding).map(|number| u8::try_from(number).unwrap_or_default()));
    text.push(u8::try_from(padding).unwrap_or_default());
    let mut cipher = cbc::Encryptor::<Aes128>::new(key.into(), &vector.into());
    text.chunks_exact_mut(16)
        .for_each(|block| cipher.encrypt_block_mut(block.into()));
    [&vector[..], &text].concat()
}

/// The message in an encrypted payload.
pub(super) fn decrypt(key: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let (vector, text) = payload.split_at_checked(16)?;
    let mut text = text.to_vec();
    let mut cipher = cbc::Decryptor::<Aes128>::new(key.into(), vector.into());
    text.chunks_exact_mut(16)
        .for_each(|block| cipher.decrypt_block_mut(block.into()));
    let padding = usize::from(*text.last()?);
    text.truncate(text.len().checked_sub(padding + 1)?);
    Some(text)
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> [u8; N]
where
    [u8; N]: ring::rand::RandomlyConstructable,
{
    let bytes = ring::rand::generate(&ring::rand::SystemRandom::new());
    bytes.map_or([7; N], ring::rand::Random::expose)
}
