//! The file with the certificates of the system.

use std::path::PathBuf;

use super::roots;
use crate::http::Failure;

fn pem() -> String {
    rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.pem()
}

/// The result of reading a bundle with this text.
fn read(text: &str) -> Result<usize, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle.pem");
    std::fs::write(&bundle, text).unwrap();
    roots(&[bundle]).map(|roots| roots.len())
}

#[test]
fn every_certificate_is_trusted() {
    assert_eq!(read(&(pem() + "# a comment\n" + &pem())).unwrap(), 2);
    assert_eq!(read("").unwrap(), 0);
}

#[test]
fn an_invalid_certificate_is_skipped() {
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(read(&(odd.to_owned() + &pem())).unwrap(), 1);
}

#[test]
fn a_broken_bundle_is_named() {
    let failure = read(&pem().replace("-----END CERTIFICATE-----", "")).unwrap_err();
    let Failure::Tls(text) = &failure else {
        panic!("{failure:?}")
    };
    assert!(
        text.starts_with("certificate bundle /")
            && text.ends_with("bundle.pem: a certificate has no line -----END CERTIFICATE-----"),
        "{text}"
    );
}

#[test]
fn a_missing_bundle_names_the_remedy() {
    let failure = roots(&[PathBuf::from("/nonexistent/bundle.pem")]).unwrap_err();
    let remedy = "this system has no certificate bundle; install the package ca-certificates";
    assert_eq!(failure, Failure::Tls(remedy.to_owned()));
}

#[test]
fn the_first_existing_bundle_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (none, one, two) = (
        folder.path().join("0"),
        folder.path().join("1"),
        folder.path().join("2"),
    );
    std::fs::write(&one, pem()).unwrap();
    std::fs::write(&two, pem() + &pem()).unwrap();
    assert_eq!(roots(&[none, one, two]).unwrap().len(), 1);
}
