//! TLS settings, created for the first connection.

use std::path::Path;
use std::sync::Arc;

use rustls::client::{ClientSessionMemoryCache, Resumption, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::Failure;
use super::progress::Progress;
use certificate::Certificate;
use client::Client;
use fencebox_policy::{ClientCertificate, Trust};
pub use presented::PresentedCertificate;
pub(super) use reason::{OFFER, reason};
pub use remedies::Remedies;
use sessions::Sessions;
use verifier::{CertVerifier, Verification};

mod certificate;
mod client;
mod der;
mod issued;
mod key;
mod presented;
mod reason;
mod remedies;
mod sessions;
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

/// How connections of one trust are made.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    usual: Arc<ClientConfig>,
    tls12: Arc<ClientConfig>,
    verifier: Arc<CertVerifier>,
    sessions: Arc<ClientSessionMemoryCache>,
}

/// As many hosts as the library keeps by default.
const SESSIONS: usize = 256;

impl Settings {
    fn new(verification: Verification, client: Option<&Client>) -> Result<Self, Failure> {
        let verifier = CertVerifier::new(verification, ring::default_provider().signature_verification_algorithms);
        let verifier = Arc::new(verifier);
        Ok(Self {
            usual: Arc::new(config(&verifier, client, &[&TLS13, &TLS12])?),
            tls12: Arc::new(config(&verifier, client, &[&TLS12])?),
            verifier,
            sessions: Arc::new(ClientSessionMemoryCache::new(SESSIONS)),
        })
    }

    /// Settings for the next connection, which reports its handshakes.
    pub(super) fn client(&self, progress: Arc<Progress>) -> ClientConfig {
        let config = if self.is_limited() { &self.tls12 } else { &self.usual };
        let (mut config, store) = (config.as_ref().clone(), self.sessions.clone());
        config.resumption = Resumption::store(Arc::new(Sessions { store, progress }));
        config
    }

    /// The last certificate that a device presented.
    pub(super) fn presented(&self) -> Option<PresentedCertificate> {
        self.verifier.presented().map(|der| PresentedCertificate::new(&der))
    }

    /// Whether only TLS 1.2 is used, because an earlier handshake found that the key of the device is
    /// too small for TLS 1.3.
    pub(super) fn is_limited(&self) -> bool {
        self.verifier.needs_tls12()
    }
}

/// Settings that verify certificates according to `trust`. `remedies` are the options of the agent. A device that asks
/// for it gets the client's certificate.
pub(super) fn settings(
    trust: &Trust,
    remedies: Remedies,
    client: Option<&ClientCertificate>,
) -> Result<Settings, Failure> {
    let client = client.map(Client::read).transpose()?;
    let verification = match trust {
        Trust::System => by_authorities(roots(BUNDLES)?, remedies)?,
        Trust::File(path) => by_file(path)?,
        Trust::Fingerprints(known) => Verification::Fingerprints(known.clone()),
        Trust::Anything => Verification::Anything,
    };
    Settings::new(verification, client.as_ref())
}

/// Trusts the certificates of these authorities.
fn by_authorities(roots: RootCertStore, remedies: Remedies) -> Result<Verification, Failure> {
    let issuers = issuers(roots)?;
    Ok(Verification::System { issuers, remedies })
}

/// Settings that trust the certificates of these authorities, for tests.
#[cfg(test)]
pub(super) fn trusting(roots: RootCertStore, remedies: Remedies) -> Result<Settings, Failure> {
    Settings::new(by_authorities(roots, remedies)?, None)
}

/// Settings for connections without TLS, because the HTTP client needs some. They trust no certificate.
pub(super) fn without() -> Result<ClientConfig, Failure> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| Failure::Tls(reason(&cause)))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// The provider is explicit, so that a dependency cannot select another one.
fn config(
    verifier: &Arc<CertVerifier>,
    client: Option<&Client>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, Failure> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|cause| Failure::Tls(reason(&cause)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone());
    match client {
        Some(client) => client.presented(config),
        None => Ok(config.with_no_client_auth()),
    }
}

/// Reads a certificate as a verifier does, for tests of the reader. Returns what a message would
/// contain of it: names, dates and the kind of key.
pub fn inspect(der: &[u8]) -> Option<String> {
    let certificate = Certificate::read(der)?;
    let key = key::PublicKey::read(certificate.key);
    if let (Ok(key), Some(signature)) = (&key, certificate.signature) {
        // The result is of no interest, because the issuer is not known.
        let _ = key.verify_certificate(certificate.algorithm, certificate.signed, signature);
    }
    let validity = certificate.validity();
    let dates = validity.map(|(first, last)| format!("{first} to {last}"));
    let flags = [
        certificate.may_issue(),
        certificate.is_for_servers(),
        certificate.has_unknown_limits(),
        certificate.is_self_issued(),
    ];
    let kind = key.map_or_else(|kind| kind.to_string(), |key| format!("{} bits", key.size()));
    Some(format!("{:?}, {dates:?}, {kind}, {flags:?}", certificate.names()))
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
fn by_file(path: &Path) -> Result<Verification, Failure> {
    let refuse = |cause: String| Failure::Tls(format!("option ca_file: {}: {cause}", path.display()));
    let about = path.metadata().map_err(|cause| refuse(cause.to_string()))?;
    if !about.is_file() || about.len() > FILE_LIMIT {
        return Err(refuse("it is not a file of at most 1 MiB".to_owned()));
    }
    let pem = std::fs::read(path).map_err(|cause| refuse(cause.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|cause| refuse(malformed(&cause)))?;
    if certificates.is_empty() {
        return Err(refuse(
            "it contains no certificate; it must begin with -----BEGIN CERTIFICATE-----".to_owned(),
        ));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        // The key of one device must not issue a certificate for another one. The library would
        // accept each of them as an authority.
        if Certificate::read(certificate).is_some_and(|certificate| certificate.may_issue()) {
            // What the library cannot read is left to `issued`.
            let _ = roots.add(certificate.clone());
        }
    }
    Ok(Verification::File {
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
    let unreadable = |cause: pem::Error| {
        Failure::Tls(format!(
            "certificate bundle {}: {}",
            bundle.display(),
            malformed(&cause)
        ))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(bundle).map_err(unreadable)? {
        // A root that rustls cannot read is not trusted. It is not an error.
        let _ = roots.add(certificate.map_err(unreadable)?);
    }
    Ok(roots)
}

/// An error of the reader of PEM files in words. Its own texts show lines of the file as numbers.
fn malformed(cause: &pem::Error) -> String {
    match cause {
        pem::Error::MissingSectionEnd { .. } => "a certificate has no line -----END CERTIFICATE-----".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a line with -----BEGIN is malformed".to_owned(),
        pem::Error::Base64Decode(_) => "a certificate is not valid base64".to_owned(),
        pem::Error::Io(cause) => cause.to_string(),
        _ => "it contains no certificate".to_owned(),
    }
}
