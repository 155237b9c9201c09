//! RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2), without more of RSA.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Odd};
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

/// The numbers of a private key that a signature needs (RFC 8017, section 3.2, the second representation).
#[derive(Clone)]
pub(crate) struct PrivateKey {
    /// The length of the modulus, in bytes.
    size: usize,
    modulus: BoxedMontyParams,
    public_exponent: BoxedUint,
    pub(crate) primes: [Prime; 2],
    /// The inverse of the second prime, modulo the first one.
    coefficient: BoxedUint,
}

/// One prime of a key.
#[derive(Clone)]
pub(crate) struct Prime {
    modulus: BoxedMontyParams,
    /// The private exponent, modulo this prime less one.
    pub(crate) exponent: BoxedUint,
}

impl Prime {
    fn new(prime: &[u8], exponent: &[u8]) -> Option<Self> {
        Some(Self {
            modulus: BoxedMontyParams::new(Odd::new(number(prime, prime.len())?).into_option()?),
            exponent: number(exponent, prime.len())?,
        })
    }

    /// The number modulo this prime. Takes the same time for each prime.
    fn reduce(&self, number: &BoxedUint) -> BoxedMontyForm {
        BoxedMontyForm::new(number.rem(self.modulus.modulus().as_nz_ref()), &self.modulus)
    }
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
        if !SIZES.contains(&size) || key.other_prime_infos.is_some() {
            return None;
        }
        let prime1 = key.prime1.as_bytes();
        Some(Self {
            size,
            modulus: BoxedMontyParams::new(Odd::new(number(key.modulus.as_bytes(), size)?).into_option()?),
            public_exponent: number(key.public_exponent.as_bytes(), key.public_exponent.as_bytes().len())?,
            primes: [
                Prime::new(prime1, key.exponent1.as_bytes())?,
                Prime::new(key.prime2.as_bytes(), key.exponent2.as_bytes())?,
            ],
            coefficient: number(key.coefficient.as_bytes(), prime1.len())?,
        })
    }

    /// The signature of a text.
    ///
    /// # Errors
    /// If the numbers of the key do not belong together.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let damaged = || Error::mistake("the key of the service account is damaged");
        let encoded = self.encoded(text);
        let message = number(&encoded, self.size).ok_or_else(damaged)?;
        let bytes = self.power(&message).to_be_bytes();
        let signature = bytes.get(bytes.len().saturating_sub(self.size)..).unwrap_or_default();
        // Against a damaged key, and against a fault of the machine: a wrong signature would reveal the key.
        let base = number(signature, self.size).ok_or_else(damaged)?;
        let base = BoxedMontyForm::new(base, &self.modulus);
        if base.pow(&self.public_exponent).retrieve() != message {
            return Err(damaged());
        }
        Ok(signature.to_vec())
    }

    /// The message to the power of the private exponent, by the Chinese remainder theorem (RFC 8017, section 5.2.1). The
    /// exponentiations take the same time for each exponent and each message.
    fn power(&self, message: &BoxedUint) -> BoxedUint {
        let [first, second] = &self.primes;
        let one = first.reduce(message).pow(&first.exponent);
        let other = second.reduce(message).pow(&second.exponent).retrieve();
        let factor = (one - first.reduce(&other)) * BoxedMontyForm::new(self.coefficient.clone(), &first.modulus);
        let multiple = factor.retrieve().concatenating_mul(second.modulus.modulus().as_ref());
        multiple.wrapping_add(&other)
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

/// The number in these bytes, the highest first, with space for this number of bytes.
fn number(bytes: &[u8], space: usize) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, u32::try_from(space * 8).ok()?).ok()
}
