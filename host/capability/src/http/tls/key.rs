//! The public key of a certificate, and signatures by it. It is read by our own reader, so that a
//! peer can prove that it has the key of any certificate that it presents.

use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use rustls::SignatureScheme;

use super::der::{Element, OBJECT_IDENTIFIER, Reader, SEQUENCE};

/// rsaEncryption (1.2.840.113549.1.1.1)
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// id-ecPublicKey (1.2.840.10045.2.1)
const ELLIPTIC_CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// secp256r1 (1.2.840.10045.3.1.7)
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// secp384r1 (1.3.132.0.34)
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
/// id-Ed25519 (1.3.101.112)
const ED25519: &[u8] = &[0x2b, 0x65, 112];
/// First byte of a point on a curve with both coordinates.
const UNCOMPRESSED: u8 = 4;

/// Sizes of RSA keys that signatures can be verified with, in bits.
const RSA_LEAST: usize = 1024;
const RSA_MOST: usize = 8192;
/// Minimum size for signatures of TLS 1.3 (PSS), in bits.
const PSS_LEAST: usize = 2048;

/// What a device's certificate must have as its key.
pub(super) const NEEDED: &str =
    "the device needs a certificate with an RSA key of 2048 to 8192 bits, or a key on the curve P-256 or P-384";

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    /// Modulus and exponent, without leading zeros.
    Rsa(&'a [u8], &'a [u8]),
    /// A point on P-256.
    P256(&'a [u8]),
    /// A point on P-384.
    P384(&'a [u8]),
    /// A key for Ed25519.
    Ed25519(&'a [u8]),
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadSignature {
    /// It is not by this key.
    Forged,
    /// Its algorithm does not fit the key, or is not supported.
    Algorithm,
    /// It takes an RSA key of 2048 bits: PSS, or PKCS #1 with SHA-384.
    SmallKey,
}

/// Why a key cannot be used: a noun phrase that describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnsupportedKey {
    #[error("a public key that cannot be read")]
    Unreadable,
    #[error("an RSA key of {0} bits")]
    RsaSize(usize),
    #[error("a compressed key on an elliptic curve")]
    Compressed,
    #[error("a key on an elliptic curve other than P-256 and P-384")]
    Curve,
    #[error("a key that is neither RSA nor on an elliptic curve")]
    Kind,
}

impl<'a> PublicKey<'a> {
    /// Reads a `SubjectPublicKeyInfo`.
    pub(super) fn read(info: Element<'a>) -> Result<Self, UnsupportedKey> {
        use UnsupportedKey::Unreadable;
        let mut parts = info.elements();
        let mut algorithm = parts.expect(SEQUENCE).ok_or(Unreadable)?.elements();
        let kind = algorithm.expect(OBJECT_IDENTIFIER).ok_or(Unreadable)?.content;
        let bits = parts.next().and_then(|bits| bits.bits()).ok_or(Unreadable)?;
        match kind {
            RSA => Self::rsa(bits).ok_or(Unreadable)?,
            ELLIPTIC_CURVE => match algorithm.optional(OBJECT_IDENTIFIER).map(|curve| curve.content) {
                _ if bits.first() != Some(&UNCOMPRESSED) => Err(UnsupportedKey::Compressed),
                Some(P256) => Ok(Self::P256(bits)),
                Some(P384) => Ok(Self::P384(bits)),
                _ => Err(UnsupportedKey::Curve),
            },
            ED25519 => Ok(Self::Ed25519(bits)),
            _ => Err(UnsupportedKey::Kind),
        }
    }

    fn rsa(bits: &'a [u8]) -> Option<Result<Self, UnsupportedKey>> {
        let mut numbers = Reader(bits).expect(SEQUENCE)?.elements();
        let (modulus, exponent) = (numbers.next()?.unsigned()?, numbers.next()?.unsigned()?);
        let key = Self::Rsa(modulus, exponent);
        Some(match key.size() {
            RSA_LEAST..=RSA_MOST => Ok(key),
            size => Err(UnsupportedKey::RsaSize(size)),
        })
    }

    /// Whether signatures of TLS 1.3 by this key cannot be verified.
    pub(super) fn is_small(&self) -> bool {
        matches!(self, Self::Rsa(..)) && self.size() < PSS_LEAST
    }

    /// The size of an RSA key in bits.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Rsa([first, rest @ ..], _) => {
                let spare = usize::try_from(first.leading_zeros()).unwrap_or(0);
                8 - spare + 8 * rest.len()
            }
            _ => 0,
        }
    }

    /// Verifies a signature of a handshake. In TLS 1.3 (`is_bound`), the scheme also names the curve.
    pub(super) fn verify_handshake(
        &self,
        scheme: SignatureScheme,
        is_bound: bool,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        use SignatureScheme as Scheme;
        let curve: &dyn VerificationAlgorithm = match (self, scheme) {
            (Self::Rsa(..), Scheme::RSA_PKCS1_SHA256 | Scheme::RSA_PKCS1_SHA384 | Scheme::RSA_PKCS1_SHA512)
                if is_bound =>
            {
                return Err(BadSignature::Algorithm);
            }
            (Self::Rsa(modulus, exponent), _) => {
                let parameters = match scheme {
                    Scheme::RSA_PSS_SHA256
                    | Scheme::RSA_PSS_SHA384
                    | Scheme::RSA_PSS_SHA512
                    | Scheme::RSA_PKCS1_SHA384
                        if self.is_small() =>
                    {
                        return Err(BadSignature::SmallKey);
                    }
                    Scheme::RSA_PSS_SHA256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Scheme::RSA_PSS_SHA384 => &signature::RSA_PSS_2048_8192_SHA384,
                    Scheme::RSA_PSS_SHA512 => &signature::RSA_PSS_2048_8192_SHA512,
                    Scheme::RSA_PKCS1_SHA256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                    Scheme::RSA_PKCS1_SHA384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Scheme::RSA_PKCS1_SHA512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                    _ => return Err(BadSignature::Algorithm),
                };
                return by_rsa(parameters, modulus, exponent, message, signature);
            }
            (Self::P256(_), Scheme::ECDSA_NISTP256_SHA256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::P384(_), Scheme::ECDSA_NISTP384_SHA384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::P256(_), Scheme::ECDSA_NISTP384_SHA384) if !is_bound => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::P384(_), Scheme::ECDSA_NISTP256_SHA256) if !is_bound => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::Ed25519(_), Scheme::ED25519) => &signature::ED25519,
            _ => return Err(BadSignature::Algorithm),
        };
        self.by_point(curve, message, signature)
    }

    /// Verifies the signature of a certificate by its issuer, whose key this is. Signatures with MD5
    /// or SHA-1 are not accepted, because others can be made that are equal.
    pub(super) fn verify_certificate(
        &self,
        algorithm: Element<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
        const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
        const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
        const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
        let id = algorithm.elements().expect(OBJECT_IDENTIFIER);
        let scheme = match id.ok_or(BadSignature::Algorithm)?.content {
            RSA_SHA256 => SignatureScheme::RSA_PKCS1_SHA256,
            RSA_SHA384 => SignatureScheme::RSA_PKCS1_SHA384,
            RSA_SHA512 => SignatureScheme::RSA_PKCS1_SHA512,
            ECDSA_SHA256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            ECDSA_SHA384 => SignatureScheme::ECDSA_NISTP384_SHA384,
            ED25519 => SignatureScheme::ED25519,
            _ => return Err(BadSignature::Algorithm),
        };
        self.verify_handshake(scheme, false, message, signature)
    }

    fn by_point(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let (Self::P256(point) | Self::P384(point) | Self::Ed25519(point)) = self else {
            return Err(BadSignature::Algorithm);
        };
        UnparsedPublicKey::new(algorithm, point)
            .verify(message, signature)
            .map_err(|_| BadSignature::Forged)
    }
}

fn by_rsa(
    parameters: &RsaParameters,
    modulus: &[u8],
    exponent: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = RsaPublicKeyComponents {
        n: modulus,
        e: exponent,
    };
    key.verify(parameters, message, signature)
        .map_err(|_| BadSignature::Forged)
}
