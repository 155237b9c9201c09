//! TLS settings, made only when the first connection is.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::http::Failure;

#[cfg(test)]
mod tests;

/// Where distributions keep the certificates that the system trusts, in one
/// file (Debian, Fedora and RHEL, SUSE, Alpine). Reading one file costs a
/// tenth of walking the directory beside it.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Settings that trust what the system trusts.
pub(super) fn verifying() -> Result<ClientConfig, Failure> {
    let (builder, _) = builder()?;
    Ok(builder.with_root_certificates(roots(BUNDLES)?).with_no_client_auth())
}

/// The certificates in the first of these files that is there.
fn roots<P: AsRef<Path>>(bundles: &[P]) -> Result<RootCertStore, Failure> {
    let bundle = bundles
        .iter()
        .map(AsRef::as_ref)
        .find(|path| path.exists())
        .ok_or_else(|| {
            Failure::Tls("this system has no certificate bundle; install the package ca-certificates".to_owned())
        })?;
    let unreadable = |cause: rustls::pki_types::pem::Error| {
        Failure::Tls(format!("certificate bundle {}: {cause}", bundle.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(bundle).map_err(unreadable)? {
        // A root that rustls cannot read is not trusted, and no reason to stop.
        let _ = roots.add(certificate.map_err(unreadable)?);
    }
    Ok(roots)
}

/// Settings that trust any certificate: the option `ssl_insecure`.
pub(super) fn trusting() -> Result<ClientConfig, Failure> {
    let (builder, provider) = builder()?;
    let verifier = Arc::new(AnyCertificate(provider.signature_verification_algorithms));
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Settings for connections without TLS: the client wants some, and loading
/// roots for them would be a waste.
pub(super) fn unused() -> Result<ClientConfig, Failure> {
    let (builder, _) = builder()?;
    Ok(builder
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

/// The provider is named, so that no other can slip in through a dependency.
fn builder() -> Result<(Builder, Arc<CryptoProvider>), Failure> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|cause| Failure::Tls(cause.to_string()))?;
    Ok((builder, provider))
}

/// Takes any certificate, but still wants proof that the peer has its key.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
