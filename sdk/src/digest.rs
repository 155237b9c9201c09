//! Checksums and HMAC, for devices that expect signed requests. Needs the
//! feature `digest`:
//!
//! ```toml
//! fencebox-sdk = { version = "0.1", features = ["digest"] }
//! ```
//!
//! ```
//! use fencebox_sdk::{digest, encoding};
//!
//! let signature = digest::hmac_sha256("Jefe", "what do ya want for nothing?");
//! assert_eq!(
//!     encoding::to_hex(signature),
//!     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
//! );
//! ```
//!
//! SHA-1 is here because devices require it. Choose SHA-256 if there is a
//! choice.

use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

/// SHA-1.
#[must_use]
pub fn sha1(data: impl AsRef<[u8]>) -> [u8; 20] {
    Sha1::digest(data).into()
}

/// SHA-256.
#[must_use]
pub fn sha256(data: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// SHA-512.
#[must_use]
pub fn sha512(data: impl AsRef<[u8]>) -> [u8; 64] {
    Sha512::digest(data).into()
}

/// HMAC with SHA-1 (RFC 2104).
#[must_use]
pub fn hmac_sha1(key: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> [u8; 20] {
    hmac(|bytes| sha1(bytes), 64, key.as_ref(), data.as_ref())
}

/// HMAC with SHA-256 (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> [u8; 32] {
    hmac(|bytes| sha256(bytes), 64, key.as_ref(), data.as_ref())
}

/// HMAC with SHA-512 (RFC 2104).
#[must_use]
pub fn hmac_sha512(key: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> [u8; 64] {
    hmac(|bytes| sha512(bytes), 128, key.as_ref(), data.as_ref())
}

/// Whether two digests are equal. The time does not depend on where they
/// differ, so that a peer cannot guess a digest byte by byte.
#[must_use]
pub fn same(one: impl AsRef<[u8]>, other: impl AsRef<[u8]>) -> bool {
    let (one, other) = (one.as_ref(), other.as_ref());
    let differences = one.iter().zip(other).fold(0, |sum, (left, right)| sum | (left ^ right));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

/// HMAC by its definition in RFC 2104. The crate hmac would enable a feature of a
/// dependency of wasmtime, which would then be built twice.
fn hmac<const N: usize>(hash: impl Fn(&[u8]) -> [u8; N], block: usize, key: &[u8], data: &[u8]) -> [u8; N] {
    let mut key = if key.len() > block {
        hash(key).to_vec()
    } else {
        key.to_vec()
    };
    key.resize(block, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = hash(&[&padded(0x36), data].concat());
    hash(&[&padded(0x5c)[..], &inner].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::to_hex;

    #[test]
    fn checksums_have_the_test_vectors_of_rfc_6234() {
        assert_eq!(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(to_hex(sha512("abc")).starts_with("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2"));
    }

    #[test]
    fn hmac_has_the_test_vectors_of_rfc_2202_and_4231() {
        let (key, data) = ("Jefe", "what do ya want for nothing?");
        assert_eq!(to_hex(hmac_sha1(key, data)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert!(to_hex(hmac_sha512(key, data)).starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd6"));
        // Longer than a block.
        let (key, data) = ([0xaa; 131], "Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(
            to_hex(hmac_sha256(key, data)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn digests_of_different_lengths_differ() {
        assert!(same("ab", "ab") && !same("ab", "ac") && !same("ab", "abc") && !same("", "a"));
    }
}
