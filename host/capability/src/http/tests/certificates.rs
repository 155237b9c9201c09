//! Certificates that the library for certificates cannot parse or does not accept, on servers of
//! OpenSSL.

use rustls::RootCertStore;

use super::openssl::{Folder, Identity, Peer};
use super::*;
use crate::http::tls::trusting as settings_trusting;

/// All that makes OpenSSL accept weak keys.
const WEAK: &[&str] = &["-cipher", "DEFAULT@SECLEVEL=0"];
const WEAK_TLS12: &[&str] = &["-cipher", "DEFAULT@SECLEVEL=0", "-tls1_2"];

/// The failure of the default trust, on a system that trusts no authority.
fn by_default(peer: &Peer, remedies: Remedies) -> String {
    let mut http = peer.trusted_by(Trust::System);
    let settings = settings_trusting(RootCertStore::empty(), remedies).unwrap();
    http.tls.insert(Trust::System, settings);
    http.send(get("/")).unwrap_err().to_string()
}

/// Each of the three options, for this certificate.
fn options(own: &Identity) -> [Trust; 3] {
    [
        Trust::Anything,
        Trust::Fingerprints(vec![own.fingerprint()]),
        Trust::File(own.certificate.clone()),
    ]
}

/// Asserts that each option reaches the peer, and that the default does not, and advises one of them.
fn assert_reached(name: &str, own: &Identity, more: &[&str]) {
    let peer = Peer::start(own, more);
    for trust in options(own) {
        let outcome = peer.trusted_by(trust.clone()).send(get("/"));
        assert_eq!(outcome.map(|answer| answer.status), Ok(200), "{name}: {trust:?}");
    }
    let all = Remedies {
        fingerprint: true,
        file: true,
        insecure: true,
    };
    let text = by_default(&peer, all);
    assert!(
        text.contains("set ssl_fingerprint to it, or ca_file to a file with the certificate"),
        "{name}: {text}"
    );
    assert_plain(&text);
}

/// Asserts that a message has no names of types.
fn assert_plain(text: &str) {
    let word = |word: &str| {
        let inner = word.trim_matches(|character: char| !character.is_alphanumeric());
        inner.chars().skip(1).any(char::is_uppercase) && inner.chars().any(char::is_lowercase)
    };
    let odd: Vec<_> = text
        .split_whitespace()
        .filter(|text| word(text) && !["ChaCha20-Poly1305", "AES-GCM", "\"OpenSSL\""].contains(text))
        .collect();
    assert!(odd.is_empty(), "{odd:?} in {text}");
    assert!(!text.contains("Other(") && !text.contains("Error("), "{text}");
}

#[test]
fn odd_certificates_are_reached_by_each_option() {
    let folder = Folder::new();
    let key = folder.rsa(2048);
    assert_reached("version 1", &folder.version_1("127.0.0.1", &key, None, &[]), &[]);
    for serial in ["0", "-5", "0x00112233445566778899aabbccddeeff00112233445566778899"] {
        let own = folder.version_1("serial", &key, None, &["-set_serial", serial]);
        assert_reached(serial, &own, &[]);
    }
    let own = folder.version_3("authority", &key, &["-subj", "/CN=127.0.0.1"]);
    assert_reached("authority", &own, &[]);
    let own = folder.version_3("empty", &key, &["-subj", "/"]);
    assert_reached("empty subject", &own, &[]);
    let own = folder.version_3(
        "critical",
        &key,
        &["-subj", "/CN=x", "-addext", "1.2.3.4=critical,DER:0500"],
    );
    assert_reached("critical extension", &own, &[]);
    let own = folder.version_3("sha1", &key, &["-subj", "/CN=x", "-sha1"]);
    assert_reached("sha1", &own, WEAK);
    let p384 = folder.key("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    assert_reached("P-384", &folder.version_1("p384", &p384, None, &[]), &[]);
    assert_reached(
        "P-384, TLS 1.2",
        &folder.version_1("p384", &p384, None, &[]),
        &["-tls1_2"],
    );
}

#[test]
fn a_version_that_does_not_exist_is_reached() {
    let folder = Folder::new();
    let own = folder.version_3("version", &folder.rsa(2048), &["-subj", "/CN=x"]);
    let mut der = own.der();
    let version = [0xa0, 3, 2, 1, 2];
    let place = der.windows(5).position(|window| window == version).unwrap();
    der[place + 4] = 5;
    std::fs::write(folder.file("odd.der"), der).unwrap();
    let status = std::process::Command::new("openssl")
        .args(["x509", "-inform", "DER", "-in"])
        .arg(folder.file("odd.der"))
        .arg("-out")
        .arg(&own.certificate)
        .status()
        .unwrap();
    assert!(status.success());
    assert_reached("version 6", &own, &[]);
}

/// An RSA key of 1024 bits needs a signature that TLS 1.3 does not have.
#[test]
fn small_rsa_keys_are_reached_by_tls_1_2() {
    let folder = Folder::new();
    let key = folder.rsa(1024);
    let own = folder.version_1("127.0.0.1", &key, None, &[]);
    assert_reached("TLS 1.2", &own, WEAK_TLS12);
    // The server would prefer TLS 1.3.
    assert_reached("TLS 1.2 or 1.3", &own, WEAK);
    let peer = Peer::start(&own, &["-cipher", "DEFAULT@SECLEVEL=0", "-tls1_3"]);
    for trust in options(&own) {
        let text = peer.trusted_by(trust).send(get("/")).unwrap_err().to_string();
        assert!(text.contains("tried with TLS 1.2 only, because the RSA key"), "{text}");
        assert!(!text.contains("set ssl_"), "{text}");
        assert_plain(&text);
    }
}

#[test]
fn a_key_that_cannot_be_verified_is_out_of_reach() {
    let folder = Folder::new();
    let key = folder.rsa(768);
    let own = folder.version_1("small", &key, None, &[]);
    let peer = Peer::start(&own, WEAK_TLS12);
    let mut texts: Vec<_> = options(&own)
        .into_iter()
        .map(|trust| peer.trusted_by(trust).send(get("/")).unwrap_err().to_string())
        .collect();
    let all = Remedies {
        fingerprint: true,
        file: true,
        insecure: true,
    };
    texts.push(by_default(&peer, all));
    for text in texts {
        assert!(
            text.contains("its certificate has an RSA key of 768 bits, and no option makes fencebox accept that"),
            "{text}"
        );
        assert!(!text.contains("set ssl_"), "{text}");
    }
}

#[test]
fn a_host_without_common_ciphers_gets_a_list_of_what_it_must_offer() {
    let folder = Folder::new();
    let own = folder.version_1("127.0.0.1", &folder.rsa(2048), None, &[]);
    let cases: [(&[&str], &str); 3] = [
        (
            &["-tls1_2", "-cipher", "AES128-SHA256"],
            "the device refused the handshake: it has no cipher suite in common with fencebox",
        ),
        (
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"],
            "the device refused the handshake: it has no cipher suite in common with fencebox",
        ),
        (
            &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
            "the device refused the handshake: it offers neither TLS 1.2 nor TLS 1.3",
        ),
    ];
    for (arguments, reason) in cases {
        let peer = Peer::start(&own, arguments);
        let failure = peer.trusted_by(Trust::Anything).send(get("/")).unwrap_err();
        let Failure::Tls(text) = &failure else {
            panic!("{failure:?}")
        };
        let start = format!(
            "https://{0}: TLS handshake with {0} failed after 0.0 s: {reason}",
            peer.address
        );
        assert!(text.starts_with(&start), "{text}");
        assert!(
            text.contains("must offer TLS 1.3, or TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305"),
            "{text}"
        );
        assert_plain(text);
    }
}

#[test]
fn an_authority_in_a_file_may_issue_odd_certificates() {
    let folder = Folder::new();
    let weak = folder.rsa(1024);
    let key = folder.rsa(2048);
    let authorities = [
        folder.version_3("v3", &key, &["-subj", "/CN=authority 3"]),
        folder.version_1("authority 1", &key, None, &[]),
        folder.version_1("weak authority", &weak, None, &[]),
    ];
    for authority in &authorities {
        for (name, is_reached) in [("127.0.0.1", true), ("other.example", false)] {
            let own = folder.version_1(name, &key, Some(authority), &[]);
            let peer = Peer::start(&own, WEAK);
            let outcome = peer
                .trusted_by(Trust::File(authority.certificate.clone()))
                .send(get("/"));
            assert_eq!(outcome.is_ok(), is_reached, "{name}: {outcome:?}");
        }
    }
    // The issuer has the right name, but another key.
    let own = folder.version_1("127.0.0.1", &key, Some(&authorities[1]), &[]);
    let unrelated = folder.version_1("authority 1", &folder.key("p", &["-algorithm", "ED25519"]), None, &[]);
    let peer = Peer::start(&own, &[]);
    assert_fails!(
        peer.trusted_by(Trust::File(unrelated.certificate.clone()))
            .send(get("/")),
        Tls,
        "(option ca_file)"
    );
}

/// Anyone who has the key of one device in the file must not be able to pass for another device.
#[test]
fn a_device_in_a_file_issues_for_no_other() {
    let folder = Folder::new();
    let key = folder.rsa(2048);
    let no_authority = ["-subj", "/CN=device", "-addext", "basicConstraints=critical,CA:FALSE"];
    let device = folder.version_3("device", &key, &no_authority);
    let own = folder.file("own.ext");
    std::fs::write(&own, "subjectAltName=IP:127.0.0.1\n").unwrap();
    for more in [&["-extfile", own.to_str().unwrap()][..], &[]] {
        let forged = folder.version_1("127.0.0.1", &key, Some(&device), more);
        let peer = Peer::start(&forged, &[]);
        assert_fails!(
            peer.trusted_by(Trust::File(device.certificate.clone())).send(get("/")),
            Tls,
            "it is not in /"
        );
    }
}

/// A handshake takes seconds on small devices. The later ones of an action are short.
#[test]
fn a_session_is_resumed() {
    let folder = Folder::new();
    let own = folder.version_1("127.0.0.1", &folder.rsa(2048), None, &[]);
    for version in ["-tls1_2", "-tls1_3"] {
        let peer = Peer::start(&own, &[version]);
        let mut http = peer.trusted_by(Trust::Anything);
        let starts = ["New, TLSv1", "Reused, TLSv1"].map(|start| {
            let body = http.send(get("/")).unwrap().body;
            let page = String::from_utf8(body).unwrap();
            (page.contains(start), page)
        });
        assert!(starts.iter().all(|(matches, _)| *matches), "{version}: {starts:?}");
    }
}
