//! Certificates, and servers that speak no TLS.

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection};

use super::super::TlsKind;
use super::*;

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed([name.to_owned()]).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A TLS server that reads a request and sends `answer`, in full or, where it
/// is `cut`, without the farewell of TLS.
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

/// The capability on a system that trusts this certificate alone.
fn trusting(own: &CertifiedKey<KeyPair>, origin: Origin) -> Http {
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = http(origin);
    http.tls.insert(TlsKind::Verifying, config);
    http
}

#[test]
fn a_trusted_certificate() {
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
        text.starts_with(&format!("https://{}: invalid peer certificate: ", server.address)),
        "{text}"
    );
    assert!(
        text.ends_with("; have its issuer trusted by this system, or set ssl_insecure=1 to go without verification")
    );
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
fn without_verification_any_certificate_will_do() {
    let server = server(&certificate("other.example"), EMPTY, false);
    let origin = Origin {
        verify: false,
        ..secure(&server)
    };
    assert_eq!(http(origin).send(get("/")).unwrap().status, 200);
    assert!(server.request().starts_with("GET / "));
}

#[test]
fn a_connection_cut_without_farewell() {
    let own = certificate("127.0.0.1");
    let fine = server(&own, EMPTY, true);
    assert!(trusting(&own, secure(&fine)).send(get("/")).is_ok());
    // Where only the end tells how long the body is, anybody could have cut it.
    let open = server(&own, b"HTTP/1.1 200 OK\r\n\r\nabc", true);
    assert_fails!(
        trusting(&own, secure(&open)).send(get("/")),
        Broken,
        "https://127.0.0.1:"
    );
    let closed = server(&own, b"HTTP/1.1 200 OK\r\n\r\nabc", false);
    assert_eq!(trusting(&own, secure(&closed)).send(get("/")).unwrap().body, b"abc");
}

/// What a wrecked record does after the handshake is not "nothing was sent".
#[test]
fn corruption_after_the_request_is_no_handshake_failure() {
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
fn a_server_without_tls() {
    let server = Server::start(|mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        drain(&mut stream);
        Vec::new()
    });
    for verify in [true, false] {
        let origin = Origin {
            verify,
            ..secure(&server)
        };
        assert_fails!(
            trusting(&certificate("127.0.0.1"), origin).send(get("/")),
            Tls,
            "https://127.0.0.1:"
        );
    }
}

#[test]
fn a_handshake_cut_short_sent_nothing() {
    let server = Server::start(|mut stream| {
        // Reads all of it, for a reset would be another case.
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        drain(&mut stream);
        Vec::new()
    });
    let origin = Origin {
        verify: false,
        ..secure(&server)
    };
    assert_fails!(http(origin).send(get("/")), Unreachable, "https://127.0.0.1:");
}

#[test]
fn a_handshake_without_end_runs_into_the_option() {
    let server = Server::start(|mut stream| {
        drain(&mut stream);
        Vec::new()
    });
    let mut http = http(Origin {
        verify: false,
        ..secure(&server)
    });
    http.set_patience(SHORT, "login_timeout");
    assert_fails!(http.send(get("/")), TimedOut, "within 0.3 s (option login_timeout)");
}

#[test]
fn plain_text_to_a_tls_server() {
    let server = server(&certificate("127.0.0.1"), EMPTY, false);
    assert_fails!(http(server.origin()).send(get("/")), Broken, "http://127.0.0.1:");
}

#[test]
fn settings_are_made_once_and_only_when_needed() {
    let server = Server::answering(EMPTY);
    let mut http = http(server.origin());
    assert!(http.runtime.is_none() && http.tls.is_empty());
    http.send(get("/")).unwrap();
    http.send(get("/")).unwrap();
    assert_eq!(http.tls.keys().collect::<Vec<_>>(), [&TlsKind::Unused]);
}
