//! Whether a device's certificate is believed.

use std::path::PathBuf;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use fencebox_policy::Fingerprint;

/// What makes a certificate believed ([`fencebox_policy::Trust`]).
#[derive(Debug)]
pub(super) enum Belief {
    /// Its issuer, the host's name, and the time.
    System {
        /// None where the system trusts nobody.
        issuers: Option<Arc<WebPkiServerVerifier>>,
        /// The agent has options to name a certificate.
        pinnable: bool,
    },
    /// That it is in a file; else as with the system's issuers.
    File {
        /// The file.
        path: PathBuf,
        /// What it holds.
        certificates: Vec<CertificateDer<'static>>,
        /// Those of them that may issue others.
        issuers: Option<Arc<WebPkiServerVerifier>>,
    },
    /// Its digest.
    Fingerprints(Vec<Fingerprint>),
    /// Nothing is needed.
    Anything,
}

/// Judges certificates. Whatever is believed, the peer has to prove that it has
/// the certificate's key.
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
                         ssl_fingerprint to it; or have its issuer trusted by this system"
                    ),
                    false => "have its issuer trusted by this system, or set ssl_insecure=1 to go without verification"
                        .to_owned(),
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
                    "it is not in {} (option ca_file), nor is its issuer; its SHA-256 fingerprint is {fingerprint}",
                    path.display()
                );
                by_issuer(issuers).map_err(|cause| explained(&cause, &remedy))
            }
            Belief::Fingerprints(known) if known.contains(&fingerprint) => Ok(ServerCertVerified::assertion()),
            Belief::Fingerprints(_) => Err(Error::General(format!(
                "another certificate than option ssl_fingerprint says: its SHA-256 fingerprint is {fingerprint}"
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

/// A refusal with its remedy. The text travels through the HTTP client in the
/// one kind of error that carries text.
fn explained(cause: &Error, remedy: &str) -> Error {
    Error::General(format!("{cause}; {remedy}"))
}
