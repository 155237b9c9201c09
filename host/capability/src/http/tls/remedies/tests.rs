//! Which options are advised.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error};

use super::super::reason::Problem;
use super::{Fingerprint, Remedies};

fn advice(remedies: Remedies, cause: CertificateError, name: &str) -> String {
    let own = rcgen::generate_simple_self_signed(["device.example".to_owned()]).unwrap();
    let host = ServerName::try_from(name).unwrap();
    let der: &CertificateDer<'_> = own.cert.der();
    let problem = Problem::new(&Error::InvalidCertificate(cause), der, &host, UnixTime::now());
    remedies.describe(&problem, Fingerprint([7; 32]))
}

#[test]
fn only_options_of_the_agent_are_advised() {
    let unknown = || CertificateError::UnknownIssuer;
    for (fingerprint, file, insecure) in [(true, true, true), (true, false, false), (false, true, true)] {
        let remedies = Remedies {
            fingerprint,
            file,
            insecure,
        };
        let text = advice(remedies, unknown(), "device.example");
        assert_eq!(text.contains("ssl_fingerprint"), fingerprint, "{text}");
        assert_eq!(text.contains("ca_file"), file, "{text}");
        assert!(!text.contains("ssl_insecure"), "{text}");
    }
    let insecure = Remedies {
        insecure: true,
        ..Remedies::default()
    };
    assert!(advice(insecure, unknown(), "device.example").contains("; or set ssl_insecure=1"));
    assert_eq!(
        advice(Remedies::default(), unknown(), "device.example"),
        "add its issuer to the certificates that this system trusts"
    );
}

#[test]
fn trust_in_the_issuer_is_advised_only_if_it_helps() {
    let issuer = "add its issuer";
    let default = Remedies::default();
    assert!(!advice(default, CertificateError::UnknownIssuer, "other.example").contains(issuer));
    assert!(!advice(default, CertificateError::Expired, "device.example").contains(issuer));
    assert_eq!(
        advice(default, CertificateError::Expired, "device.example"),
        "install a certificate on the device that this system trusts"
    );
}
