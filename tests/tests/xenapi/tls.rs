//! Whom the password is sent to.

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

/// `AB:CD:…`, as openssl prints it.
fn with_colons(digits: &str) -> String {
    let pairs: Vec<&str> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap())
        .collect();
    pairs.join(":").to_uppercase()
}

/// It failed, and nothing was sent.
#[track_caller]
fn assert_not_sent(pool: &Simulator, lines: &str, words: &[&str]) {
    fence(pool, &format!("{STATUS}{lines}")).assert_refused(words);
    assert!(pool.requests().is_empty(), "something was sent");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
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
fn what_makes_a_certificate_believed() {
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

/// What the message of a first try shows is what the option takes.
#[test]
fn the_fingerprint_that_is_shown_can_be_copied() {
    let pool = pool(Certificate::CommonNameOnly);
    let told = fence(&pool, STATUS).stderr;
    let is_digest = |word: &&str| word.replace(':', "").len() == 64;
    let shown = told.split([' ', ',', ';']).find(is_digest).unwrap();
    fence(&pool, &format!("{STATUS}ssl_fingerprint={shown}\n")).assert_done("Status: ON\n");
}

#[test]
fn another_certificate_is_refused() {
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
fn two_opinions_about_a_certificate_are_refused() {
    let pool = pool(Certificate::Named);
    let fingerprint = format!("ssl_fingerprint={}\n", pool.fingerprint().unwrap());
    let file = "ca_file=/etc/ssl/pool.pem\n";
    let insecure = "ssl_insecure=1\n";
    for (one, other) in [(&*fingerprint, file), (&*fingerprint, insecure), (file, insecure)] {
        assert_not_sent(&pool, &format!("{one}{other}"), &["give one of them"]);
    }
    assert_not_sent(&pool, "ssl_fingerprint=AB:CD\n", &["ssl_fingerprint", "openssl x509"]);
    assert_not_sent(&pool, "ca_file=pool.pem\n", &["ca_file", "whole path"]);
}

#[test]
fn a_host_that_speaks_no_tls_is_told_from_one_that_is_not_believed() {
    let plain = super::pool();
    let url = plain.url().replace("http://", "https://");
    let outcome = fence_at(&plain, &url, STATUS);
    outcome.assert_refused(&["nobody speaks TLS there", "http://", &url]);
    assert!(plain.requests().is_empty());
}

#[test]
fn without_tls_it_goes_to_loopback_only() {
    let lines = format!("{LOGIN}{STATUS}session_url=http://192.0.2.1\n");
    call(AGENT, &lines).assert_refused(&["in the clear", "192.0.2.1", "https://"]);
}

#[test]
fn a_url_is_a_host_and_nothing_else() {
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
