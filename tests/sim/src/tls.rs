//! A certificate for the loopback addresses, new for each simulator.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, SupportedCipherSuite, crypto};
use tokio_rustls::TlsAcceptor;

/// The names in the certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// `localhost`, `127.0.0.1` and each address that the simulator listens on.
    #[default]
    Named,
    /// A common name that is not the address, and no alternative names, like the certificate that a hypervisor makes
    /// when it is installed. A client that checks names does not trust it.
    CommonNameOnly,
}

/// What a listener needs for TLS, and what a client needs to trust it.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate, in PEM form; it is its own authority.
    pub(crate) pem: String,
    /// The SHA-256 of the certificate's DER form.
    pub(crate) fingerprint: String,
}

/// Makes a key and a self-signed certificate for these addresses.
pub(crate) fn self_signed(certificate: Certificate, addresses: &[IpAddr]) -> Result<Tls> {
    let mut names = Vec::new();
    if certificate == Certificate::Named {
        names.extend(["localhost".to_owned(), "127.0.0.1".to_owned()]);
        names.extend(addresses.iter().map(IpAddr::to_string));
        names.sort();
        names.dedup();
    }
    let mut parameters = CertificateParams::new(names).context("cannot make a certificate")?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "xenserver.simulated.example");
    let key = KeyPair::generate().context("cannot make a key")?;
    let made = parameters.self_signed(&key).context("cannot make a certificate")?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    // The provider is given explicitly, because the process has no default provider here.
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], private)
        .context("cannot use the certificate")?;
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        pem: made.pem(),
        fingerprint: sha256(made.der()),
    })
}

/// The SHA-256 of these bytes, as 64 hexadecimal digits in lower case.
fn sha256(bytes: &[u8]) -> String {
    // The hash at the end of the suite's name.
    let SupportedCipherSuite::Tls13(suite) = crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256 else {
        return String::new();
    };
    let digest = suite.common.hash_provider.hash(bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn the_fingerprint_is_a_sha_256() {
        // The digest of "abc" in FIPS 180-2, appendix B.1.
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), known);
    }
}
