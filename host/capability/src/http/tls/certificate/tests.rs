//! Certificates that are read leniently.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::ServerName;

use super::{Certificate, matches};

fn der(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::new(["*.example.org".to_owned(), "192.0.2.7".to_owned()]).unwrap();
    change(&mut params);
    let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    own.der().to_vec()
}

#[test]
fn names_match_as_in_rfc_6125() {
    for (name, host, expected) in [
        ("a.example", "A.Example", true),
        ("a.example", "a.example.", true),
        ("*.example.org", "a.example.org", true),
        ("*.example.org", "example.org", false),
        ("*.example.org", "a.b.example.org", false),
        ("*.org", "example.org", false),
        ("*", "example", false),
        ("a*.example.org", "ab.example.org", false),
        ("", "", true),
    ] {
        assert_eq!(matches(name, host), expected, "{name} {host}");
    }
    let der = der(|_| {});
    let own = Certificate::read(&der).unwrap();
    for (host, expected) in [
        ("a.example.org", true),
        ("a.example.net", false),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("2001:db8::7", false),
    ] {
        assert_eq!(own.is_for(&ServerName::try_from(host).unwrap()), expected, "{host}");
    }
}

#[test]
fn only_authorities_may_issue() {
    let may_issue = |der: &[u8]| Certificate::read(der).unwrap().may_issue();
    assert!(!may_issue(&der(|_| {})));
    assert!(!may_issue(&der(|params| params.is_ca = IsCa::ExplicitNoCa)));
    assert!(may_issue(&der(|params| {
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    })));
}

#[test]
fn purposes_and_limits_are_read() {
    let plain = der(|_| {});
    let plain = Certificate::read(&plain).unwrap();
    assert!(plain.is_for_servers() && !plain.has_unknown_limits() && plain.is_self_issued());
    let client = der(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    assert!(!Certificate::read(&client).unwrap().is_for_servers());
    let limited = der(|params| {
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("example.org".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    assert!(Certificate::read(&limited).unwrap().has_unknown_limits());
}

/// Every cut and every changed byte is read without a panic.
#[test]
fn damaged_certificates_are_read_or_refused() {
    let whole = der(|_| {});
    assert!(super::super::inspect(&whole).unwrap().contains("*.example.org"));
    for end in 0..whole.len() {
        let _ = super::super::inspect(&whole[..end]);
    }
    assert!(super::super::inspect(&whole[..20]).is_none());
    for place in 0..whole.len() {
        for value in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut changed = whole.clone();
            changed[place] = value;
            let _ = super::super::inspect(&changed);
        }
    }
}
