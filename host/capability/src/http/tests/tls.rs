//! Certificates, and servers without TLS.

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use super::*;
use crate::http::tls::trusting as settings_trusting;
use fencebox_policy::Fingerprint;

pub(super) fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed([name.to_owned()]).unwrap()
}

pub(super) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A TLS server that reads a request and sends `answer`. If `cut`, it closes the
/// connection without the close message of TLS.
fn server(own: &CertifiedKey<KeyPair>, answer: &'static [u8], cut: bool) -> Server {
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    Server::start(move |mut stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        let request = read_request(&mut tls);
        let _ = tls.write_all(answer);
        if !cut {
            connection.send_close_notify();
        }
        while connection.wants_write() && connection.write_tls(&mut stream).is_ok() {}
        request
    })
}

fn secure(server: &Server) -> Origin {
    Origin {
        tls: true,
        ..server.origin()
    }
}

/// The capability on a system that trusts only this certificate.
fn trusting(own: &CertifiedKey<KeyPair>, origin: Origin) -> Http {
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let remedies = Remedies {
        insecure: true,
        ..Remedies::default()
    };
    let settings = settings_trusting(roots, remedies).unwrap();
    let mut http = http(origin);
    http.tls.insert(Trust::System, settings);
    http
}

/// The capability with this trust.
fn client_with(trust: Trust, server: &Server) -> Http {
    http(Origin {
        trust,
        ..secure(server)
    })
}

pub(super) fn fingerprint(own: &CertifiedKey<KeyPair>) -> Fingerprint {
    let digest = ring::digest::digest(&ring::digest::SHA256, own.cert.der());
    Fingerprint(digest.as_ref().try_into().unwrap())
}

#[test]
fn a_pinned_certificate_is_trusted_with_any_content() {
    let own = certificate("some other name");
    let server = server(&own, EMPTY, false);
    let known = vec![Fingerprint([0; 32]), fingerprint(&own)];
    let mut http = client_with(Trust::Fingerprints(known), &server);
    assert_eq!(http.send(get("/")).unwrap().status, 200);
    assert!(server.request().starts_with("GET / "));
}

#[test]
fn a_certificate_without_a_pin_is_refused_with_its_fingerprint() {
    let own = certificate("127.0.0.1");
    let server = server(&own, EMPTY, false);
    let mut http = client_with(Trust::Fingerprints(vec![Fingerprint([7; 32])]), &server);
    let failure = http.send(get("/")).unwrap_err();
    let shown = fingerprint(&own).to_string();
    assert!(matches!(&failure, Failure::Tls(_)), "{failure:?}");
    assert!(
        failure
            .to_string()
            .ends_with(&format!("its SHA-256 fingerprint is {shown}")),
        "{failure}"
    );
    assert!(failure.to_string().contains("option ssl_fingerprint"), "{failure}");
    assert_eq!(server.request(), "", "no password to an unknown server");
}

#[test]
fn a_file_contains_the_device_or_its_authority() {
    let (own, unrelated) = (certificate("some other name"), certificate("127.0.0.1"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("xen.pem");
    for (pem, is_trusted) in [
        (own.cert.pem(), true),
        (format!("# pool\n{}{}", unrelated.cert.pem(), own.cert.pem()), true),
        (unrelated.cert.pem(), false),
        (String::new(), false),
        (own.cert.pem().replace("-----END", ""), false),
    ] {
        std::fs::write(&file, pem).unwrap();
        let server = server(&own, EMPTY, false);
        let outcome = client_with(Trust::File(file.clone()), &server).send(get("/"));
        if is_trusted {
            assert_eq!(outcome.unwrap().status, 200)
        } else {
            assert_fails!(outcome, Tls, "option ca_file");
        }
    }
    std::fs::remove_file(&file).unwrap();
    let server = server(&own, EMPTY, false);
    assert_fails!(
        client_with(Trust::File(file), &server).send(get("/")),
        Tls,
        "No such file"
    );
    assert_fails!(
        client_with(Trust::File(folder.path().to_owned()), &server).send(get("/")),
        Tls,
        "not a file of at most 1 MiB"
    );
}

#[test]
fn an_authority_in_a_file_issues_for_its_names_only() {
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::from_params(&authority, key);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).unwrap();
    for (name, is_trusted) in [("127.0.0.1", true), ("other.example", false)] {
        let signing_key = KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        let cert = params.signed_by(&signing_key, &issuer).unwrap();
        let server = server(&CertifiedKey { cert, signing_key }, EMPTY, false);
        let outcome = client_with(Trust::File(file.clone()), &server).send(get("/"));
        assert_eq!(outcome.is_ok(), is_trusted, "{name}: {outcome:?}");
    }
}

#[test]
fn the_message_names_the_fingerprint_if_a_certificate_can_be_pinned() {
    let own = certificate("127.0.0.1");
    let server = server(&own, EMPTY, false);
    let mut http = http(secure(&server));
    let remedies = Remedies {
        fingerprint: true,
        file: false,
        insecure: true,
    };
    let settings = settings_trusting(RootCertStore::empty(), remedies).unwrap();
    http.tls.insert(Trust::System, settings);
    let failure = http.send(get("/")).unwrap_err().to_string();
    for word in [fingerprint(&own).to_string().as_str(), "set ssl_fingerprint to it"] {
        assert!(failure.contains(word), "{failure}");
    }
    assert!(!failure.contains("ssl_insecure"), "{failure}");
}

#[test]
fn a_trusted_certificate_is_accepted() {
    let own = certificate("127.0.0.1");
    let server = server(&own, EMPTY, false);
    let response = trusting(&own, secure(&server)).send(get("/")).unwrap();
    assert_eq!(response.status, 200);
    assert!(server.request().starts_with("GET / HTTP/1.1\r\n"));
}

#[test]
fn an_unknown_certificate_is_refused_with_the_remedy() {
    let server = server(&certificate("127.0.0.1"), EMPTY, false);
    let mut http = trusting(&certificate("127.0.0.1"), secure(&server));
    let failure = http.send(get("/")).unwrap_err();
    let Failure::Tls(text) = &failure else {
        panic!("{failure:?}")
    };
    assert!(
        text.starts_with(&format!(
            "https://{0}: TLS handshake with {0} failed after 0.0 s: the device issued its certificate itself, so no \
             trusted authority vouches for it; ",
            server.address
        )),
        "{text}"
    );
    assert!(text.ends_with(
        "; add its issuer to the certificates that this system trusts; or set ssl_insecure=1 to skip verification"
    ));
    assert_eq!(server.request(), "");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let own = certificate("other.example");
    let server = server(&own, EMPTY, false);
    assert_fails!(
        trusting(&own, secure(&server)).send(get("/")),
        Tls,
        "set ssl_insecure=1"
    );
    assert_eq!(server.request(), "");
}

#[test]
fn any_certificate_is_accepted_without_verification() {
    let server = server(&certificate("other.example"), EMPTY, false);
    let origin = Origin {
        trust: Trust::Anything,
        ..secure(&server)
    };
    assert_eq!(http(origin).send(get("/")).unwrap().status, 200);
    assert!(server.request().starts_with("GET / "));
}

#[test]
fn a_connection_cut_without_close_message_is_broken() {
    let own = certificate("127.0.0.1");
    let fine = server(&own, EMPTY, true);
    assert!(trusting(&own, secure(&fine)).send(get("/")).is_ok());
    // If only the end of the connection ends the body, an attacker could have cut it.
    let open = server(&own, b"HTTP/1.1 200 OK\r\n\r\nabc", true);
    assert_fails!(
        trusting(&own, secure(&open)).send(get("/")),
        Broken,
        "https://127.0.0.1:"
    );
    let closed = server(&own, b"HTTP/1.1 200 OK\r\n\r\nabc", false);
    assert_eq!(trusting(&own, secure(&closed)).send(get("/")).unwrap().body, b"abc");
}

/// A corrupt record after the handshake does not mean that nothing was sent.
#[test]
fn corruption_after_the_request_is_not_a_handshake_failure() {
    let own = certificate("127.0.0.1");
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let server = Server::start(move |mut stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let request = read_request(&mut rustls::Stream::new(&mut connection, &mut stream));
        let _ = stream.write_all(b"\x17\x03\x03\x00\x20this record was never encrypted!");
        drain(&mut stream);
        request
    });
    assert_fails!(
        trusting(&own, secure(&server)).send(get("/")),
        Broken,
        "https://127.0.0.1:"
    );
    assert!(server.request().starts_with("GET / "));
}

#[test]
fn a_server_without_tls_is_an_error() {
    let server = Server::start(|mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        drain(&mut stream);
        Vec::new()
    });
    for trust in [Trust::System, Trust::Anything] {
        let origin = Origin {
            trust,
            ..secure(&server)
        };
        assert_fails!(
            trusting(&certificate("127.0.0.1"), origin).send(get("/")),
            Tls,
            "failed after 0.0 s: no TLS server at this address; check the address and the port, or use http://"
        );
    }
}

#[test]
fn a_handshake_cut_short_sends_nothing() {
    let server = Server::start(|mut stream| {
        // Reads everything, because a reset would be another case.
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        drain(&mut stream);
        Vec::new()
    });
    let origin = Origin {
        trust: Trust::Anything,
        ..secure(&server)
    };
    assert_fails!(http(origin).send(get("/")), Unreachable, "https://127.0.0.1:");
}

#[test]
fn a_handshake_without_end_times_out() {
    let server = Server::start(|mut stream| {
        drain(&mut stream);
        Vec::new()
    });
    let mut http = http(Origin {
        trust: Trust::Anything,
        ..secure(&server)
    });
    http.set_timeout(Timeout {
        limit: SHORT,
        option: "login_timeout",
    });
    assert_fails!(
        http.send(get("/")),
        TimedOut,
        "timed out after 0.3 s (option login_timeout)"
    );
}

#[test]
fn plain_text_to_a_tls_server_is_broken() {
    let server = server(&certificate("127.0.0.1"), EMPTY, false);
    let failure = http(server.origin()).send(get("/")).unwrap_err();
    assert!(matches!(&failure, Failure::Broken(_)), "{failure:?}");
    for part in [
        "the device speaks TLS on this port",
        "option ssl, or https:// in the URL",
    ] {
        assert!(failure.to_string().contains(part), "{failure}");
    }
}

#[test]
fn settings_are_made_once_and_only_when_needed() {
    let server = Server::answering(EMPTY);
    let mut http = http(server.origin());
    assert!(http.runtime.is_none() && http.tls.is_empty());
    http.send(get("/")).unwrap();
    http.send(get("/")).unwrap();
    assert!(http.runtime.is_some() && http.tls.is_empty());
    let own = certificate("127.0.0.1");
    let secured = self::server(&own, EMPTY, false);
    let mut http = client_with(Trust::Anything, &secured);
    http.send(get("/")).unwrap();
    http.send(get("/")).unwrap();
    assert_eq!(http.tls.keys().collect::<Vec<_>>(), [&Trust::Anything]);
}
