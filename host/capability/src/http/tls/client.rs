//! The certificate that proves to a device who this client is.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder};

use super::{FILE_LIMIT, malformed, reason};
use crate::http::Failure;
use fencebox_policy::ClientCertificate;

/// A certificate with its issuers, and its key.
pub(super) struct Client {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl Client {
    /// Reads the files of the options.
    pub(super) fn read(files: &ClientCertificate) -> Result<Self, Failure> {
        let path = &files.certificate;
        let refuse = |cause: &str| refused("client_cert", path, cause);
        let pem = content("client_cert", path)?;
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|cause| refuse(&malformed(&cause)))?;
        if chain.is_empty() {
            return Err(refuse(
                "it contains no certificate; it must begin with -----BEGIN CERTIFICATE-----",
            ));
        }
        Ok(Self {
            chain,
            key: Arc::new(key(&files.key)?),
        })
    }

    /// The rest of the settings of a connection that presents this certificate if the device asks for it.
    pub(super) fn presented(
        &self,
        config: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, Failure> {
        let config = config.with_client_auth_cert(self.chain.clone(), self.key.clone_key());
        config.map_err(|cause| {
            let cause = match cause {
                rustls::Error::InconsistentKeys(_) => "it does not belong to the certificate in client_cert".to_owned(),
                other => reason(&other),
            };
            Failure::Tls(format!(
                "option client_key: {cause}; set it to the file with the certificate's key"
            ))
        })
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let refuse = |cause: &str| refused("client_key", path, cause);
    let pem = content("client_key", path)?;
    if is_encrypted(&pem) {
        return Err(refuse(
            "the key is encrypted, and no passphrase can be given; store it without one, readable only by root",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|cause| match cause {
        pem::Error::NoItemsFound => {
            refuse("it contains no private key; it must have a line -----BEGIN PRIVATE KEY-----")
        }
        cause => refuse(&malformed(&cause)),
    })?;
    // A key that cannot be used gets another message than one of another certificate.
    ring::sign::any_supported_type(&key).map_err(|_| {
        refuse("the key is of a kind that cannot sign here; use ECDSA, Ed25519, or RSA with at least 2048 bits")
    })?;
    Ok(key)
}

/// In the form of PKCS #8, or in the old one, whose first line is that of a plain key.
fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn content(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let about = path
        .metadata()
        .map_err(|cause| refused(option, path, &cause.to_string()))?;
    if !about.is_file() || about.len() > FILE_LIMIT {
        return Err(refused(option, path, "it is not a file of at most 1 MiB"));
    }
    std::fs::read(path).map_err(|cause| refused(option, path, &cause.to_string()))
}

fn refused(option: &str, path: &Path, cause: &str) -> Failure {
    Failure::Tls(format!("option {option}: {}: {cause}", path.display()))
}
