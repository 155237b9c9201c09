//! A certificate for loopback, made anew for each simulator.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, crypto};
use tokio_rustls::TlsAcceptor;

/// What a listener needs to speak TLS, and what a client needs to believe it.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate, in PEM form; it is its own authority.
    pub(crate) pem: String,
}

/// Makes a key and a self-signed certificate for `localhost` and `127.0.0.1`.
pub(crate) fn self_signed() -> Result<Tls> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    // Named, because no provider is the process's default here.
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .context("cannot use the certificate")?;
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        pem: made.cert.pem(),
    })
}
