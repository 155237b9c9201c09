//! Errors of the TLS library in words. Its own texts are for programmers: most are the names of its
//! types.

use std::fmt;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved};

use super::certificate::Certificate;
use super::certificate::date::Date;
use super::key::PublicKey;

/// What a device must offer.
pub(in super::super) const OFFER: &str =
    "the device must offer TLS 1.3, or TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305 (docs/tls.md)";

/// Names of a certificate in a message at most.
const MOST_NAMES: usize = 5;
/// Characters of one of these names at most.
const LONGEST_NAME: usize = 100;

/// What is wrong with a certificate.
#[derive(Debug)]
pub(super) struct Problem {
    text: String,
    /// Whether the certificate would be accepted if its issuer were trusted.
    pub(super) is_issuer: bool,
    /// The size of an RSA key that is verified only in TLS 1.2.
    pub(super) small_key: Option<usize>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Problem {
    /// The issuer is trusted, but the key is too small for the default verification.
    pub(super) fn small_key(key: &PublicKey<'_>) -> Self {
        Self {
            text: format!("the certificate has an RSA key of only {} bits", key.size()),
            is_issuer: false,
            small_key: Some(key.size()),
        }
    }

    /// From the verdict of the library.
    pub(super) fn new(cause: &Error, der: &CertificateDer<'_>, host: &ServerName<'_>, now: UnixTime) -> Self {
        let certificate = Certificate::read(der);
        let certificate = certificate.as_ref();
        let unknown = matches!(
            cause,
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
        );
        let key = certificate.and_then(|certificate| PublicKey::read(certificate.key).ok());
        let small_key = key.filter(PublicKey::is_small).map(|key| key.size());
        Self {
            text: match cause {
                Error::InvalidCertificate(cause) => rejected(cause, certificate, host, now),
                other => reason(other),
            },
            is_issuer: unknown
                && small_key.is_none()
                && certificate.is_some_and(|certificate| {
                    certificate.has_alternative_names() && certificate.is_for(host) && certificate.is_for_servers()
                }),
            small_key,
        }
    }
}

fn rejected(
    cause: &CertificateError,
    certificate: Option<&Certificate<'_>>,
    host: &ServerName<'_>,
    now: UnixTime,
) -> String {
    let validity = certificate.and_then(Certificate::validity);
    let is_self_issued = certificate.is_some_and(Certificate::is_self_issued);
    let own = if is_self_issued {
        " (the device issued it itself)"
    } else {
        ""
    };
    match cause {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match validity {
            Some((_, last)) if last < now.into() => format!("the certificate expired on {last}"),
            _ => "the certificate, or one of its issuers, has expired".to_owned(),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => match validity {
            Some((first, _)) => format!(
                "the certificate is not valid before {first}, and the clock of this machine says {}",
                Date::from(now)
            ),
            None => "the certificate is not valid yet".to_owned(),
        },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            wrong_name(certificate, host)
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature if is_self_issued => {
            "the device issued its certificate itself, so no trusted authority vouches for it".to_owned()
        }
        CertificateError::UnknownIssuer => "the issuer of the certificate is not trusted".to_owned(),
        CertificateError::Revoked => "the certificate is revoked".to_owned(),
        CertificateError::BadSignature => {
            "the issuer of the certificate is not trusted: the trusted authority of this name has another key"
                .to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for TLS servers".to_owned()
        }
        CertificateError::UnhandledCriticalExtension => {
            "the certificate has a critical extension that fencebox cannot verify".to_owned()
        }
        #[expect(deprecated, reason = "older versions of the library report it")]
        CertificateError::UnsupportedSignatureAlgorithm
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            format!("the certificate is signed with an algorithm that is not accepted, such as SHA-1{own}")
        }
        CertificateError::BadEncoding => format!("the certificate is not encoded as X.509 requires{own}"),
        CertificateError::Other(cause) => format!("{}{own}", unreadable(cause)),
        _ => format!("the certificate is not valid{own}"),
    }
}

/// The errors that the TLS library passes on from the library for certificates.
fn unreadable(cause: &OtherError) -> &'static str {
    match cause.0.downcast_ref() {
        Some(webpki::Error::CaUsedAsEndEntity) => {
            "the certificate is marked as an authority, which the certificate of a server must not be"
        }
        Some(webpki::Error::UnsupportedCertVersion) => "the certificate is older than X.509 version 3",
        Some(webpki::Error::UnsupportedCriticalExtension) => {
            "the certificate has a critical extension that fencebox cannot verify"
        }
        Some(webpki::Error::NameConstraintViolation) => "the issuer of the certificate may not issue for its name",
        Some(webpki::Error::PathLenConstraintViolated) => "there are more issuers than one of them allows",
        Some(webpki::Error::EndEntityUsedAsCa) => "the issuer of the certificate may not issue certificates",
        Some(webpki::Error::InvalidSerialNumber) => "the serial number of the certificate is not valid",
        _ => "the certificate is not what X.509 version 3 requires",
    }
}

fn wrong_name(certificate: Option<&Certificate<'_>>, host: &ServerName<'_>) -> String {
    let host = host.to_str();
    let names = certificate.map(Certificate::names).unwrap_or_default();
    if names.is_empty() {
        return format!("the certificate has no name, so it is not for {host}");
    }
    let start = |name: &String| format!("{:?}", name.chars().take(LONGEST_NAME).collect::<String>());
    let shown: Vec<_> = names.iter().take(MOST_NAMES).map(start).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let shown = shown.join(", ");
    if certificate.is_some_and(Certificate::has_alternative_names) {
        format!("the certificate is not for {host}, but for {shown}{more}")
    } else {
        format!("the certificate is not for {host}: it has no alternative name, only {shown} as its subject")
    }
}

/// The reason why a handshake failed.
pub(in super::super) fn reason(error: &Error) -> String {
    match error {
        Error::General(verdict) => verdict.clone(),
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            "the device could not prove that it has the private key of its certificate".to_owned()
        }
        Error::InvalidCertificate(_) => "the certificate is not valid".to_owned(),
        Error::AlertReceived(alert) => refused(*alert),
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            format!("the device offers no version of TLS that is secure; {OFFER}")
        }
        Error::PeerIncompatible(_) => format!("the device and fencebox have no common parameters of TLS; {OFFER}"),
        Error::PeerMisbehaved(
            PeerMisbehaved::SignedKxWithWrongAlgorithm | PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme,
        ) => "the device signs the handshake with an algorithm that is not secure, such as SHA-1; it must sign with \
              SHA-256 or better"
            .to_owned(),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => {
            format!("the device chose a cipher suite that fencebox did not offer; {OFFER}")
        }
        Error::PeerMisbehaved(_) => "the device breaks the rules of TLS".to_owned(),
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => {
            format!("the device answered in a version of TLS that is not secure; {OFFER}")
        }
        Error::InvalidMessage(_) => {
            "no TLS server at this address; check the address and the port, or use http://".to_owned()
        }
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the device sent a message of TLS at the wrong time".to_owned()
        }
        Error::NoCertificatesPresented => "the device sent no certificate".to_owned(),
        Error::DecryptError => "a TLS record is damaged".to_owned(),
        Error::PeerSentOversizedRecord => "the device sent a TLS record that is too large".to_owned(),
        Error::FailedToGetCurrentTime => "this machine has no valid time of day".to_owned(),
        Error::FailedToGetRandomBytes => "this machine has no random numbers".to_owned(),
        _ => "the TLS library reported an error without words".to_owned(),
    }
}

/// The reason in an alert of the device.
fn refused(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => format!(
            "the device refused the handshake: it has no cipher suite in common with fencebox, or wants a client \
             certificate; {OFFER}"
        ),
        AlertDescription::ProtocolVersion => {
            format!("the device refused the handshake: it offers neither TLS 1.2 nor TLS 1.3; {OFFER}")
        }
        AlertDescription::UnrecognisedName => {
            "the device refused the handshake: it does not serve this host name".to_owned()
        }
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "the device refused the handshake: it requires a client certificate; set option client_cert, if the agent has \
             it"
            .to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => {
            "the device does not trust the certificate of this client (option client_cert)".to_owned()
        }
        AlertDescription::CertificateExpired | AlertDescription::CertificateRevoked => {
            "the certificate of this client has expired or is revoked (option client_cert)".to_owned()
        }
        AlertDescription::DecryptError => {
            "the device could not verify the handshake, or the certificate of this client (option client_cert)".to_owned()
        }
        AlertDescription::InternalError => "the device ended the handshake with an internal error".to_owned(),
        other => format!(
            "the device ended the handshake with alert {} of TLS; {OFFER}",
            u8::from(other)
        ),
    }
}

#[cfg(test)]
mod tests;
