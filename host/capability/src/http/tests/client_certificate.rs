//! Devices that ask for the certificate of the client.

use std::path::{Path, PathBuf};

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::tls::{certificate, fingerprint, provider};
use super::*;
use fencebox_policy::ClientCertificate;

/// A TLS server. With an authority, it accepts only clients with a certificate which that authority issued.
struct Device {
    own: CertifiedKey<KeyPair>,
    server: Server,
}

impl Device {
    fn start(authority: Option<&Authority>, version: &'static SupportedProtocolVersion) -> Self {
        let own = certificate("127.0.0.1");
        let verifier = match authority {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                verifier.build().unwrap()
            }
        };
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let server = Server::start(move |mut stream| {
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let request = read_request(&mut tls);
            let _ = tls.write_all(EMPTY);
            let mut shown = format!("{}\n", connection.peer_certificates().map_or(0, <[_]>::len)).into_bytes();
            connection.send_close_notify();
            while connection.wants_write() && connection.write_tls(&mut stream).is_ok() {}
            shown.extend(request);
            shown
        });
        Self { own, server }
    }

    /// A client that presents these files.
    fn client(&self, files: Option<ClientCertificate>) -> Http {
        let origin = Origin {
            tls: true,
            trust: Trust::Fingerprints(vec![fingerprint(&self.own)]),
            ..self.server.origin()
        };
        let mut parts = parts(Arc::new(VirtualClock::default()), origin, Auth::Plugin);
        parts.client_certificate = files;
        Http::new(parts)
    }
}

struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: parameters.self_signed(&key).unwrap(),
            issuer: rcgen::Issuer::new(parameters, key),
        }
    }

    /// The PEM texts of a certificate for `fencing`, and of its key.
    fn issue(&self) -> (String, String) {
        let mut parameters = rcgen::CertificateParams::new(vec!["fencing".to_owned()]).unwrap();
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[test]
fn a_device_gets_the_certificate_that_it_requires() {
    let (authority, folder) = (Authority::new("ours"), tempfile::tempdir().unwrap());
    let (certificate, key) = authority.issue();
    let apart = ClientCertificate {
        certificate: write(folder.path(), "cert.pem", &certificate),
        key: write(folder.path(), "key.pem", &key),
    };
    let both = write(folder.path(), "both.pem", &format!("{key}{certificate}"));
    let together = ClientCertificate {
        certificate: both.clone(),
        key: both,
    };
    for version in VERSIONS {
        for files in [&apart, &together] {
            let device = Device::start(Some(&authority), version);
            assert_eq!(device.client(Some(files.clone())).send(get("/")).unwrap().status, 200);
            assert!(device.server.request().starts_with("1\nGET / "));
        }
    }
}

#[test]
fn a_device_that_requires_one_refuses_others_with_a_reason() {
    let (authority, folder) = (Authority::new("ours"), tempfile::tempdir().unwrap());
    let (certificate, key) = Authority::new("theirs").issue();
    let foreign = ClientCertificate {
        certificate: write(folder.path(), "cert.pem", &certificate),
        key: write(folder.path(), "key.pem", &key),
    };
    for version in VERSIONS {
        let device = Device::start(Some(&authority), version);
        let failure = device.client(None).send(get("/")).unwrap_err().to_string();
        assert!(failure.contains("client certificate"), "{failure}");
        // The device names the authorities that it trusts, and the library presents its certificate all the same.
        let device = Device::start(Some(&authority), version);
        let failure = device
            .client(Some(foreign.clone()))
            .send(get("/"))
            .unwrap_err()
            .to_string();
        assert!(
            failure.contains("does not trust the certificate of this client (option client_cert)"),
            "{failure}"
        );
    }
}

#[test]
fn a_device_that_asks_for_none_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = Authority::new("theirs").issue();
    let files = ClientCertificate {
        certificate: write(folder.path(), "cert.pem", &certificate),
        key: write(folder.path(), "key.pem", &key),
    };
    let device = Device::start(None, VERSIONS[1]);
    assert_eq!(device.client(Some(files)).send(get("/")).unwrap().status, 200);
    assert!(device.server.request().starts_with("0\nGET / "));
}

#[test]
fn files_that_cannot_be_used_are_refused_by_option() {
    let (authority, folder) = (Authority::new("ours"), tempfile::tempdir().unwrap());
    let (certificate, key) = authority.issue();
    let (_, other) = authority.issue();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    for (certificate, key, words) in [
        (
            "",
            key.as_str(),
            "option client_cert: {}/cert.pem: it contains no certificate",
        ),
        (
            certificate.as_str(),
            "",
            "option client_key: {}/key.pem: it contains no private key",
        ),
        (
            &certificate,
            &other,
            "option client_key: it does not belong to the certificate in client_cert",
        ),
        (
            &certificate,
            encrypted,
            "option client_key: {}/key.pem: the key is encrypted",
        ),
        (&certificate, old, "option client_key: {}/key.pem: the key is encrypted"),
        (
            &certificate,
            &key.replace("-----END", ""),
            "option client_key: {}/key.pem: ",
        ),
    ] {
        let files = ClientCertificate {
            certificate: write(folder.path(), "cert.pem", certificate),
            key: write(folder.path(), "key.pem", key),
        };
        let device = Device::start(Some(&authority), VERSIONS[0]);
        let failure = device.client(Some(files)).send(get("/")).unwrap_err();
        let words = words.replace("{}", folder.path().to_str().unwrap());
        assert!(failure.to_string().contains(&words), "{failure}");
    }
    let missing = ClientCertificate {
        certificate: folder.path().join("absent"),
        key: folder.path().join("key.pem"),
    };
    let device = Device::start(Some(&authority), VERSIONS[0]);
    assert_fails!(device.client(Some(missing)).send(get("/")), Tls, "No such file");
}
