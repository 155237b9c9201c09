//! Verifies the certificate of a device.

use std::path::PathBuf;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use fencebox_policy::Fingerprint;

/// Which certificates are trusted ([`fencebox_policy::Trust`]).
#[derive(Debug)]
pub(super) enum Belief {
    /// Issuer, name and time are verified.
    System {
        /// None if the system trusts no authority.
        issuers: Option<Arc<WebPkiServerVerifier>>,
        /// Whether the agent has options for a certificate.
        pinnable: bool,
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
/// certificate.
#[derive(Debug)]
pub(super) struct CertVerifier {
    belief: Belief,
    algorithms: WebPkiSupportedAlgorithms,
}

impl CertVerifier {
    pub(super) fn new(belief: Belief, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { belief, algorithms }
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
        let by_issuer = |issuers: &Option<Arc<WebPkiServerVerifier>>| match issuers {
            Some(issuers) => issuers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        let fingerprint = fingerprint(end_entity);
        match &self.belief {
            Belief::System { issuers, pinnable } => {
                let remedy = match pinnable {
                    true => format!(
                        "if {fingerprint} is the SHA-256 fingerprint of the device's own certificate, set \
                         ssl_fingerprint to it; or add its issuer to the certificates that this system trusts"
                    ),
                    false => {
                        "add its issuer to the certificates that this system trusts, or set ssl_insecure=1 to skip \
                         verification"
                            .to_owned()
                    }
                };
                by_issuer(issuers).map_err(|cause| explained(&cause, &remedy))
            }
            Belief::File {
                path,
                certificates,
                issuers,
            } => {
                if certificates.contains(end_entity) {
                    return Ok(ServerCertVerified::assertion());
                }
                let remedy = format!(
                    "neither it nor its issuer is in {} (option ca_file); its SHA-256 fingerprint is {fingerprint}",
                    path.display()
                );
                by_issuer(issuers).map_err(|cause| explained(&cause, &remedy))
            }
            Belief::Fingerprints(known) if known.contains(&fingerprint) => Ok(ServerCertVerified::assertion()),
            Belief::Fingerprints(_) => Err(Error::General(format!(
                "the certificate does not match option ssl_fingerprint: its SHA-256 fingerprint is {fingerprint}"
            ))),
            Belief::Anything => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
    Fingerprint(bytes)
}

/// An error with its remedy. `Error::General` is the only kind of error that passes a text through
/// the HTTP client.
fn explained(cause: &Error, remedy: &str) -> Error {
    Error::General(format!("{cause}; {remedy}"))
}
