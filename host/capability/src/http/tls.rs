//! TLS settings, created for the first connection.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::Failure;
use fencebox_policy::Trust;
use verifier::{Belief, CertVerifier};

mod verifier;

#[cfg(test)]
mod tests;

/// Files with the certificates that the system trusts (Debian, Fedora and RHEL, SUSE, Alpine).
/// Reading one file takes a tenth of the time of reading the directory of certificates.
pub(super) const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Maximum size of the file in option `ca_file`, in bytes.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Settings that verify certificates according to `trust`. Without `trust`, settings for
/// connections without TLS: the client requires some, but needs no root certificates. Agents that
/// are `pinnable` have options for a certificate.
pub(super) fn config(trust: Option<&Trust>, pinnable: bool) -> Result<ClientConfig, Failure> {
    match trust {
        None => Ok(builder()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()),
        Some(Trust::System) => by_authorities(roots(BUNDLES)?, pinnable),
        Some(Trust::File(path)) => believing(by_file(path)?),
        Some(Trust::Fingerprints(known)) => believing(Belief::Fingerprints(known.clone())),
        Some(Trust::Anything) => believing(Belief::Anything),
    }
}

/// Settings that trust the certificates of these authorities.
pub(super) fn by_authorities(roots: RootCertStore, pinnable: bool) -> Result<ClientConfig, Failure> {
    let issuers = issuers(roots)?;
    believing(Belief::System { issuers, pinnable })
}

fn believing(belief: Belief) -> Result<ClientConfig, Failure> {
    let verifier = CertVerifier::new(belief, ring::default_provider().signature_verification_algorithms);
    Ok(builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The provider is explicit, so that a dependency cannot select another one.
fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Failure> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| Failure::Tls(cause.to_string()))
}

/// Verifies issuer, name and time. Without root certificates, no certificate is trusted.
fn issuers(roots: RootCertStore) -> Result<Option<Arc<WebPkiServerVerifier>>, Failure> {
    if roots.is_empty() {
        return Ok(None);
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()))
        .build()
        .map(Some)
        .map_err(|cause| Failure::Tls(cause.to_string()))
}

/// The certificates in the file of option `ca_file`.
fn by_file(path: &Path) -> Result<Belief, Failure> {
    let refuse = |cause: String| Failure::Tls(format!("option ca_file: {}: {cause}", path.display()));
    let about = path.metadata().map_err(|cause| refuse(cause.to_string()))?;
    if !about.is_file() || about.len() > FILE_LIMIT {
        return Err(refuse("it is not a file of at most 1 MiB".to_owned()));
    }
    let pem = std::fs::read(path).map_err(|cause| refuse(cause.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|cause| refuse(cause.to_string()))?;
    if certificates.is_empty() {
        return Err(refuse(
            "it contains no certificate; it must begin with -----BEGIN CERTIFICATE-----".to_owned(),
        ));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        // A certificate that cannot issue others can still be that of the device.
        let _ = roots.add(certificate.clone());
    }
    Ok(Belief::File {
        path: path.to_owned(),
        issuers: issuers(roots)?,
        certificates,
    })
}

/// The certificates in the first of these files that exists.
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
        // A root that rustls cannot read is not trusted. It is not an error.
        let _ = roots.add(certificate.map_err(unreadable)?);
    }
    Ok(roots)
}
