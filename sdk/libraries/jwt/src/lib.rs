//! JSON Web Tokens (RFC 7519) that a service account signs with its RSA key: the compact serialization of RFC 7515 with
//! the algorithm RS256 of RFC 7518, section 3.3.
//!
//! ```
//! use fencebox_jwt::Key;
//!
//! assert!(Key::from_pem("-----BEGIN CERTIFICATE-----").is_none());
//! ```
//!
//! # The signature
//!
//! The numbers of the key go only through [`crypto_bigint`]: its exponentiation takes the same time for each key and
//! each text, so that no time of a request reveals the key, and no blinding and no random numbers are needed. Each
//! signature is verified before it is used. The crate `rsa` was not taken: the version that belongs to the `sha2` of
//! this workspace does not compute in constant time (RUSTSEC-2023-0071), and it enables features of crates of wasmtime,
//! which would then be built twice.

mod rsa;

use fencebox_sdk::{Result, encoding};
use serde_json::Value;

/// The private key of a service account.
#[derive(Clone)]
pub struct Key(rsa::PrivateKey);

impl Key {
    /// The RSA key in a PEM text: `PRIVATE KEY` (PKCS #8) or `RSA PRIVATE KEY` (PKCS #1). None for anything else, such
    /// as a key with a password, or of less than 2048 bits.
    #[must_use]
    pub fn from_pem(text: &str) -> Option<Self> {
        rsa::PrivateKey::from_pem(text).map(Self)
    }

    /// A token with these claims. `header` needs `"alg": "RS256"`.
    ///
    /// # Errors
    /// A [mistake](fencebox_sdk::Error::mistake) if the key is damaged.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String> {
        self.sign_texts(&header.to_string(), &claims.to_string())
    }

    fn sign_texts(&self, header: &str, claims: &str) -> Result<String> {
        let signed = format!("{}.{}", encoding::to_base64url(header), encoding::to_base64url(claims));
        let signature = self.0.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", encoding::to_base64url(signature)))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests;
