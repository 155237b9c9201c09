//! Verification of certificates: the servers to which the password is sent.

use fencebox_sim::xenapi::Settings;
use fencebox_sim::{Certificate, Config, Simulator};

use super::{AGENT, LOGIN, fence, fence_at, support::call};

const STATUS: &str = "plug=db01\naction=status\n";

fn pool(certificate: Certificate) -> Simulator {
    Simulator::start(Config {
        tls: true,
        certificate,
        ..Settings::default().config()
    })
    .unwrap()
}

/// `AB:CD:…`, the notation of openssl.
fn with_colons(digits: &str) -> String {
    let pairs: Vec<&str> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap())
        .collect();
    pairs.join(":").to_uppercase()
}

/// Asserts that the action failed and nothing was sent.
#[track_caller]
fn assert_not_sent(pool: &Simulator, lines: &str, words: &[&str]) {
    fence(pool, &format!("{STATUS}{lines}")).assert_refused(words);
    assert!(pool.requests().is_empty(), "something was sent");
}

#[test]
fn an_untrusted_certificate_is_rejected() {
    for certificate in [Certificate::Named, Certificate::CommonNameOnly] {
        let pool = pool(certificate);
        let remedy = "set ssl_fingerprint to it";
        let shown = [
            pool.fingerprint().unwrap().to_owned(),
            with_colons(pool.fingerprint().unwrap()),
        ];
        let outcome = fence(&pool, STATUS);
        outcome.assert_refused(&["certificate", "SHA-256 fingerprint", remedy]);
        assert!(shown.iter().any(|shown| outcome.stderr.contains(shown)), "{outcome:?}");
        assert!(pool.requests().is_empty());
        assert_not_sent(&pool, "ssl_secure=1\n", &["certificate"]);
    }
}

#[test]
fn a_certificate_is_accepted_with_each_option_for_trust() {
    let folder = tempfile::tempdir().unwrap();
    for certificate in [Certificate::Named, Certificate::CommonNameOnly] {
        let pool = pool(certificate);
        let file = folder.path().join("pool.pem");
        std::fs::write(&file, pool.certificate().unwrap()).unwrap();
        let fingerprint = pool.fingerprint().unwrap();
        let colons = with_colons(fingerprint);
        let other = "0".repeat(64);
        for lines in [
            format!("ssl_fingerprint={fingerprint}\n"),
            format!("ssl_fingerprint={colons}\n"),
            format!("ssl_fingerprint={other},{fingerprint}\n"),
            format!("ca_file={}\n", file.display()),
            "ssl_insecure=1\n".to_owned(),
        ] {
            fence(&pool, &format!("{STATUS}{lines}")).assert_done("Status: ON\n");
        }
    }
}

/// The option accepts the fingerprint in the notation of the error message.
#[test]
fn fingerprints_in_messages_can_be_copied() {
    let pool = pool(Certificate::CommonNameOnly);
    let message = fence(&pool, STATUS).stderr;
    let is_digest = |word: &&str| word.replace(':', "").len() == 64;
    let shown = message.split([' ', ',', ';']).find(is_digest).unwrap();
    fence(&pool, &format!("{STATUS}ssl_fingerprint={shown}\n")).assert_done("Status: ON\n");
}

#[test]
fn a_wrong_certificate_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let other = pool(Certificate::Named);
    let file = folder.path().join("other.pem");
    std::fs::write(&file, other.certificate().unwrap()).unwrap();
    for certificate in [Certificate::Named, Certificate::CommonNameOnly] {
        let pool = pool(certificate);
        let fingerprint = other.fingerprint().unwrap();
        assert_not_sent(&pool, &format!("ssl_fingerprint={fingerprint}\n"), &["ssl_fingerprint"]);
        assert_not_sent(&pool, &format!("ca_file={}\n", file.display()), &["ca_file"]);
    }
    assert!(other.requests().is_empty());
}

#[test]
fn contradictory_options_for_trust_are_refused() {
    let pool = pool(Certificate::Named);
    let fingerprint = format!("ssl_fingerprint={}\n", pool.fingerprint().unwrap());
    let file = "ca_file=/etc/ssl/pool.pem\n";
    let insecure = "ssl_insecure=1\n";
    for (one, other) in [(&*fingerprint, file), (&*fingerprint, insecure), (file, insecure)] {
        assert_not_sent(&pool, &format!("{one}{other}"), &["give one of them"]);
    }
    assert_not_sent(&pool, "ssl_fingerprint=AB:CD\n", &["ssl_fingerprint", "openssl x509"]);
    assert_not_sent(&pool, "ca_file=pool.pem\n", &["ca_file", "absolute path"]);
}

#[test]
fn a_host_without_tls_is_not_reported_as_untrusted() {
    let plain = super::pool();
    let url = plain.url().replace("http://", "https://");
    let outcome = fence_at(&plain, &url, STATUS);
    outcome.assert_refused(&["no TLS server at this address", "http://", &url]);
    assert!(plain.requests().is_empty());
}

#[test]
fn requests_without_tls_go_to_loopback_only() {
    let lines = format!("{LOGIN}{STATUS}session_url=http://192.0.2.1\n");
    call(AGENT, &lines).assert_refused(&["in clear text", "192.0.2.1", "https://"]);
}

#[test]
fn a_url_can_only_contain_a_host() {
    for url in [
        "xen1.example",
        "ftp://127.0.0.1",
        "http://root:s3cret@127.0.0.1",
        "http://127.0.0.1/RPC2/x",
        "http://127.0.0.1/?x=1",
        ",",
        "http://127.0.0.1,http://127.0.0.1/x",
    ] {
        let outcome = call(AGENT, &format!("{LOGIN}{STATUS}session_url={url}\n"));
        outcome.assert_refused(&["session_url"]);
        assert!(!outcome.stderr.contains("s3cret"), "{outcome:?}");
    }
}
