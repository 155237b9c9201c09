//! What a device presents, for the person who decides whether to trust it.

use std::time::SystemTime;

use rustls::pki_types::CertificateDer;

use super::certificate::Certificate;
use super::certificate::date::Date;
use super::verifier::fingerprint;

/// Names of a certificate at most.
const MOST_NAMES: usize = 5;
/// Characters of a name at most.
const LONGEST_NAME: usize = 100;

/// The certificate of a device. The device has chosen the texts, so they must be masked before a person sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedCertificate {
    /// The first names that it is for.
    pub names: Vec<String>,
    /// The name of its issuer; none if it has issued itself, or if the issuer has no name.
    pub issuer: Option<String>,
    /// Whether it names itself as its issuer.
    pub is_self_issued: bool,
    /// The last day of its validity, `YYYY-MM-DD`, UTC.
    pub last_day: Option<String>,
    /// The end of its validity.
    pub expires: Option<SystemTime>,
    /// The SHA-256 fingerprint, in the form of option `ssl_fingerprint`.
    pub fingerprint: String,
}

impl PresentedCertificate {
    pub(super) fn new(der: &CertificateDer<'_>) -> Self {
        let fingerprint = fingerprint(der).to_string();
        let Some(certificate) = Certificate::read(der) else {
            return Self {
                names: Vec::new(),
                issuer: None,
                is_self_issued: false,
                last_day: None,
                expires: None,
                fingerprint,
            };
        };
        let short = |name: String| name.chars().take(LONGEST_NAME).collect();
        let is_self_issued = certificate.is_self_issued();
        let end = certificate.validity().map(|(_, last)| last);
        Self {
            names: certificate.names().into_iter().take(MOST_NAMES).map(short).collect(),
            issuer: certificate.issuer_name().filter(|_| !is_self_issued).map(short),
            is_self_issued,
            last_day: end.map(|end| end.to_string()),
            expires: end.and_then(Date::time),
            fingerprint,
        }
    }
}
