//! Verifies that an authority in a file issued a certificate, also if the library for certificates
//! cannot parse one of the two: both may be of version 1, without extensions, or have an RSA key of
//! 1024 bits.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::Certificate;
use super::key::PublicKey;

/// Whether one of these authorities issued the certificate directly, for this host and this time.
/// A name of the subject counts only if there are no alternative names.
pub(super) fn is_issued(
    certificate: &Certificate<'_>,
    authorities: &[CertificateDer<'_>],
    host: &ServerName<'_>,
    now: UnixTime,
) -> bool {
    let suitable = certificate.is_for_servers() && !certificate.has_unknown_limits();
    suitable
        && is_current(certificate, now)
        && certificate.is_for(host)
        && authorities
            .iter()
            .filter_map(|authority| Certificate::read(authority))
            .any(|authority| is_current(&authority, now) && issued(&authority, certificate))
}

fn issued(authority: &Certificate<'_>, certificate: &Certificate<'_>) -> bool {
    let named = authority.subject.whole == certificate.issuer;
    if !named || !authority.may_issue() || authority.has_unknown_limits() {
        return false;
    }
    let (Ok(key), Some(signature)) = (PublicKey::read(authority.key), certificate.signature) else {
        return false;
    };
    key.verify_certificate(certificate.algorithm, certificate.signed, signature)
        .is_ok()
}

/// Whether it is valid at this time. A time that cannot be read is not.
pub(super) fn is_current(certificate: &Certificate<'_>, now: UnixTime) -> bool {
    certificate
        .validity()
        .is_some_and(|(first, last)| (first..=last).contains(&now.into()))
}
