//! Verifies the certificate of a device, and that the device has its key.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use fencebox_policy::Fingerprint;

use super::Remedies;
use super::certificate::Certificate;
use super::issued::is_issued;
use super::key::{BadSignature, NEEDED, PublicKey, UnsupportedKey};
use super::reason::Problem;

/// Which certificates are trusted ([`fencebox_policy::Trust`]).
#[derive(Debug)]
pub(super) enum Verification {
    /// Issuer, name and time are verified.
    System {
        /// None if the system trusts no authority.
        issuers: Option<Arc<WebPkiServerVerifier>>,
        /// The options of the agent that can help.
        remedies: Remedies,
    },
    /// The certificate is in a file, or the file contains its issuer.
    File {
        /// The file.
        path: PathBuf,
        /// The certificates in the file.
        certificates: Vec<CertificateDer<'static>>,
        /// The certificates that may issue others.
        issuers: Option<Arc<WebPkiServerVerifier>>,
    },
    /// The certificate has one of these fingerprints.
    Fingerprints(Vec<Fingerprint>),
    /// Every certificate is trusted.
    Anything,
}

/// Verifies certificates. In every mode, the peer has to prove that it has the private key of its
/// certificate. The default mode leaves both to the library. In the other modes, the key is read by
/// our own reader, because the user trusts the certificate as it is.
#[derive(Debug)]
pub(super) struct CertVerifier {
    verification: Verification,
    algorithms: WebPkiSupportedAlgorithms,
    needs_tls12: AtomicBool,
    /// The last certificate that a device presented.
    presented: Mutex<Option<CertificateDer<'static>>>,
}

impl CertVerifier {
    pub(super) fn new(verification: Verification, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self {
            verification,
            algorithms,
            needs_tls12: AtomicBool::new(false),
            presented: Mutex::new(None),
        }
    }

    /// Whether a handshake failed because the key is too small for TLS 1.3.
    pub(super) fn needs_tls12(&self) -> bool {
        self.needs_tls12.load(Ordering::Relaxed)
    }

    /// The last certificate that a device presented, trusted or not. A handshake that resumes a session has none.
    pub(super) fn presented(&self) -> Option<CertificateDer<'static>> {
        self.presented.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_default(&self) -> bool {
        matches!(self.verification, Verification::System { .. })
    }

    fn verify_key(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        is_tls13: bool,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = key(certificate).map_err(unusable)?;
        key.verify_handshake(signed.scheme, is_tls13, message, signed.signature())
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(|bad| match bad {
                BadSignature::Forged => CertificateError::BadSignature.into(),
                BadSignature::Algorithm => Error::General(format!(
                    "it signed the handshake with an algorithm that does not fit its key; {NEEDED}"
                )),
                BadSignature::SmallKey => {
                    self.needs_tls12.store(is_tls13, Ordering::Relaxed);
                    unusable(UnsupportedKey::RsaSize(key.size()))
                }
            })
    }
}

impl ServerCertVerifier for CertVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.clone().into_owned());
        let by_issuer = |issuers: &Option<Arc<WebPkiServerVerifier>>| match issuers {
            Some(issuers) => issuers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        let problem = |cause: &Error| Problem::new(cause, end_entity, server_name, now);
        let fingerprint = fingerprint(end_entity);
        // No option helps with a key that cannot be verified, so no remedy may be named.
        let usable = key(end_entity).map_err(unusable);
        match &self.verification {
            Verification::System { issuers, remedies } => {
                let verdict = by_issuer(issuers);
                let key = usable?;
                let problem = match verdict {
                    Err(cause) => problem(&cause),
                    Ok(_) if key.is_small() => Problem::small_key(&key),
                    Ok(verified) => return Ok(verified),
                };
                Err(explained(&problem, &remedies.describe(&problem, fingerprint)))
            }
            Verification::File {
                path,
                certificates,
                issuers,
            } => {
                let key = usable?;
                if certificates.contains(end_entity) {
                    return Ok(ServerCertVerified::assertion());
                }
                by_issuer(issuers).or_else(|cause| {
                    let certificate = Certificate::read(end_entity);
                    if certificate.is_some_and(|certificate| is_issued(&certificate, certificates, server_name, now)) {
                        return Ok(ServerCertVerified::assertion());
                    }
                    Err(explained(&problem(&cause), &absent(path, fingerprint, &key)))
                })
            }
            Verification::Fingerprints(known) if !known.contains(&fingerprint) => {
                usable?;
                Err(Error::General(format!(
                    "the certificate does not match option ssl_fingerprint: its SHA-256 fingerprint is {fingerprint}"
                )))
            }
            Verification::Fingerprints(_) | Verification::Anything => usable.map(|_| ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_default() {
            verify_tls12_signature(message, certificate, signature, &self.algorithms)
        } else {
            self.verify_key(message, certificate, signature, false)
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_default() {
            verify_tls13_signature(message, certificate, signature, &self.algorithms)
        } else {
            self.verify_key(message, certificate, signature, true)
        }
    }

    /// A server takes the first scheme that fits its key. PKCS #1, which TLS 1.3 does not use, comes
    /// first outside of the default mode, because a small RSA key can be verified only with it.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        if !self.is_default() {
            schemes.sort_by_key(|scheme| match scheme {
                SignatureScheme::RSA_PKCS1_SHA256 => 1,
                SignatureScheme::RSA_PKCS1_SHA512 => 2,
                SignatureScheme::RSA_PSS_SHA256 | SignatureScheme::RSA_PSS_SHA384 | SignatureScheme::RSA_PSS_SHA512 => {
                    3
                }
                SignatureScheme::RSA_PKCS1_SHA384 => 4,
                _ => 0,
            });
        }
        schemes
    }
}

/// The key of a certificate, or what it has instead.
fn key<'c>(certificate: &'c CertificateDer<'_>) -> Result<PublicKey<'c>, UnsupportedKey> {
    let certificate = Certificate::read(certificate).ok_or(UnsupportedKey::Unreadable)?;
    PublicKey::read(certificate.key)
}

/// What to do about a certificate that is not in the file, and is not issued by one in it.
fn absent(path: &Path, fingerprint: Fingerprint, key: &PublicKey<'_>) -> String {
    let note = if key.is_small() {
        format!(
            "; with its RSA key of {} bits, the device is reached only by TLS 1.2",
            key.size()
        )
    } else {
        String::new()
    };
    format!(
        "it is not in {} (option ca_file); to trust it as it is, add it there if {fingerprint} is the SHA-256 \
         fingerprint of the device's own certificate{note}",
        path.display()
    )
}

fn unusable(key: UnsupportedKey) -> Error {
    Error::General(format!(
        "its certificate has {key}, and no option makes fencebox accept that: it could not verify that the device \
         has the private key; {NEEDED}"
    ))
}

pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
    Fingerprint(bytes)
}

/// An error with its remedy. `Error::General` is the only kind of error that passes a text through
/// the TLS library.
fn explained(problem: &Problem, remedy: &str) -> Error {
    Error::General(format!("{problem}; {remedy}"))
}
