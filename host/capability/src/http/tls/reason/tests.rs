//! Words for the errors of the library.

use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, ContentType, Error, PeerIncompatible, PeerMisbehaved, RootCertStore};

use super::{Problem, reason};

/// 2026-01-01
const NOW: u64 = 1_767_225_600;

/// What the library says about this certificate on a system that trusts it, in words.
fn problem(params: CertificateParams) -> String {
    let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let der: &CertificateDer<'_> = own.der();
    let mut roots = RootCertStore::empty();
    roots.add(der.clone()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), default_provider().into())
        .build()
        .unwrap();
    let host = ServerName::try_from("device.example").unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    let cause = verifier.verify_server_cert(der, &[], &host, &[], now).unwrap_err();
    Problem::new(&cause, der, &host, now).to_string()
}

fn params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "device");
    params
}

#[test]
fn problems_of_certificates_are_explained() {
    let mut expired = params(&["device.example"]);
    expired.not_after = date_time_ymd(2020, 2, 29);
    assert_eq!(problem(expired), "the certificate expired on 2020-02-29");
    let mut early = params(&["device.example"]);
    early.not_before = date_time_ymd(2031, 3, 4);
    assert_eq!(
        problem(early),
        "the certificate is not valid before 2031-03-04, and the clock of this machine says 2026-01-01"
    );
    assert_eq!(
        problem(params(&["a.example", "192.0.2.7"])),
        "the certificate is not for device.example, but for \"a.example\", \"192.0.2.7\""
    );
    let many: Vec<String> = (0..9).map(|number| format!("h{number}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(problem(params(&many)).ends_with("\"h4.example\" and 4 more"));
    assert_eq!(
        problem(params(&[])),
        "the certificate is not for device.example: it has no alternative name, only \"device\" as its subject"
    );
    let mut authority = params(&["device.example"]);
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    assert_eq!(
        problem(authority),
        "the certificate is marked as an authority, which the certificate of a server must not be (the device issued \
         it itself)"
    );
    let mut client = params(&["device.example"]);
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(problem(client), "the certificate is not for TLS servers");
}

/// The names of types are in no text, whatever the error.
#[test]
fn no_error_is_shown_in_the_words_of_the_library() {
    let errors = [
        Error::AlertReceived(AlertDescription::HandshakeFailure),
        Error::AlertReceived(AlertDescription::ProtocolVersion),
        Error::AlertReceived(AlertDescription::UnknownCA),
        Error::AlertReceived(AlertDescription::CertificateRequired),
        Error::AlertReceived(AlertDescription::Unknown(200)),
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
        Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon),
        Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite),
        Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare),
        Error::InappropriateMessage {
            expect_types: vec![ContentType::Handshake],
            got_type: ContentType::ApplicationData,
        },
        Error::NoCertificatesPresented,
        Error::DecryptError,
        Error::EncryptError,
        Error::BadMaxFragmentSize,
    ];
    for error in errors {
        let name = format!("{error:?}");
        let name = name.split(['(', ' ', ')']).filter(|part| part.len() > 8);
        let text = reason(&error);
        assert!(text.contains(' ') && !text.contains("received fatal"), "{text}");
        for part in name {
            assert!(!text.contains(part), "{text}");
        }
    }
}
