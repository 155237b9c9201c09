//! RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2), without more of RSA.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use fencebox_sdk::{Error, Result, digest};
use pkcs8::ObjectIdentifier;
use pkcs8::der::SecretDocument;

/// The sizes of keys, in bytes: shorter ones are not secure, and longer ones do not occur.
const SIZES: std::ops::RangeInclusive<usize> = 256..=1024;
/// The type of an RSA key (RFC 8017, appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `DigestInfo` of SHA-256 before the hash (RFC 8017, section 9.2, note 1).
const SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// The numbers of a private key that a signature needs.
#[derive(Clone)]
pub(crate) struct PrivateKey {
    /// The length of the modulus, in bytes.
    size: usize,
    modulus: BoxedMontyParams,
    public_exponent: BoxedUint,
    pub(crate) private_exponent: BoxedUint,
}

impl PrivateKey {
    /// The key in a PEM text; see [`crate::Key::from_pem`].
    pub(crate) fn from_pem(text: &str) -> Option<Self> {
        let (label, document) = SecretDocument::from_pem(text).ok()?;
        match label {
            "PRIVATE KEY" => {
                let key = pkcs8::PrivateKeyInfo::try_from(document.as_bytes()).ok()?;
                key.algorithm.assert_algorithm_oid(RSA).ok()?;
                Self::from_der(key.private_key)
            }
            "RSA PRIVATE KEY" => Self::from_der(document.as_bytes()),
            _ => None,
        }
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let key = pkcs1::RsaPrivateKey::try_from(der).ok()?;
        let size = key.modulus.as_bytes().len();
        if !SIZES.contains(&size) {
            return None;
        }
        let bits = u32::try_from(size * 8).ok()?;
        let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
        let modulus = number(key.modulus.as_bytes())?;
        Some(Self {
            size,
            modulus: BoxedMontyParams::new(Odd::new(modulus).into_option()?),
            public_exponent: number(key.public_exponent.as_bytes())?,
            private_exponent: number(key.private_exponent.as_bytes())?,
        })
    }

    /// The signature of a text.
    ///
    /// # Errors
    /// If the numbers of the key do not belong together.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let encoded = self.encoded(text);
        let bits = self.modulus.bits_precision();
        let number = BoxedUint::from_be_slice(&encoded, bits)
            .map_err(|_| Error::mistake("the text is longer than the key of the service account"))?;
        // The exponentiation takes the same time for each exponent and each text.
        let power = |base: &BoxedUint, exponent| {
            let base = BoxedMontyForm::new(base.clone(), &self.modulus);
            base.pow(exponent).retrieve()
        };
        let signature = power(&number, &self.private_exponent);
        // Also against a fault of the machine: a wrong signature would reveal the key.
        if power(&signature, &self.public_exponent) != number {
            return Err(Error::mistake("the key of the service account is damaged"));
        }
        let bytes = signature.to_be_bytes();
        Ok(bytes[bytes.len() - self.size..].to_vec())
    }

    /// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2): `00 01 FF … FF 00`, and the hash with its type.
    fn encoded(&self, text: &[u8]) -> Vec<u8> {
        let hash = digest::sha256(text);
        let padding = self.size - SHA256.len() - hash.len() - 3;
        let mut encoded = vec![0, 1];
        encoded.resize(2 + padding, 0xff);
        encoded.push(0);
        encoded.extend(SHA256);
        encoded.extend(hash);
        encoded
    }
}
