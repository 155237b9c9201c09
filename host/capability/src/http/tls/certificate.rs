//! A certificate, read leniently: of any version, with or without extensions, and also if the
//! library for certificates cannot parse it. Reading accepts nothing by itself. The trust
//! ([`super::verifier`]) decides what a certificate must be.

use std::net::IpAddr;

use rustls::pki_types::ServerName;

use super::der::{BOOLEAN, Element, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, SET};
use date::Date;

pub(super) mod date;
#[cfg(test)]
mod tests;

/// `[0]`, the version.
const VERSION: u8 = 0xa0;
/// `[3]`, the extensions.
const EXTENSIONS: u8 = 0xa3;
/// The attribute of a subject with its name (2.5.4.3).
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// The attribute of a subject with its organization (2.5.4.10).
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
/// The extension with alternative names (2.5.29.17).
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
/// The extension that marks an authority (2.5.29.19).
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// The extension with the names that an authority is limited to (2.5.29.30).
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// The extension that limits the purpose of the key (2.5.29.15).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// The extension with the purposes of the certificate (2.5.29.37).
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// The purpose "TLS server" (1.3.6.1.5.5.7.3.1).
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// Any purpose (2.5.29.37.0).
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];

/// The parts of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate<'a> {
    /// The part that the issuer signed.
    pub(super) signed: &'a [u8],
    /// The subject of the issuer, as DER.
    pub(super) issuer: &'a [u8],
    /// The subject, as DER.
    pub(super) subject: Element<'a>,
    /// The public key with its algorithm (`SubjectPublicKeyInfo`).
    pub(super) key: Element<'a>,
    /// The algorithm of the signature.
    pub(super) algorithm: Element<'a>,
    /// The signature of the issuer.
    pub(super) signature: Option<&'a [u8]>,
    validity: Element<'a>,
    extensions: Option<Element<'a>>,
}

impl<'a> Certificate<'a> {
    /// Finds the parts of a certificate. None if it has no key.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader(der).expect(SEQUENCE)?.elements();
        let signed = outer.expect(SEQUENCE)?;
        let mut parts = signed.elements();
        // Without a version, it is version 1. The number is not verified.
        let _ = parts.optional(VERSION);
        // The serial number may be negative, zero or long.
        let _serial = parts.next()?;
        let inner_algorithm = parts.expect(SEQUENCE)?;
        let issuer = parts.expect(SEQUENCE)?.whole;
        let validity = parts.expect(SEQUENCE)?;
        let subject = parts.expect(SEQUENCE)?;
        let key = parts.expect(SEQUENCE)?;
        let extensions = parts.find(|part| part.tag == EXTENSIONS);
        let algorithm = outer.expect(SEQUENCE).unwrap_or(inner_algorithm);
        Some(Self {
            signed: signed.whole,
            issuer,
            subject,
            key,
            algorithm,
            signature: outer.next().and_then(|signature| signature.bits()),
            validity,
            extensions: extensions.and_then(|extensions| extensions.elements().expect(SEQUENCE)),
        })
    }

    /// The first and the last second of its validity.
    pub(super) fn validity(&self) -> Option<(Date, Date)> {
        let mut dates = self.validity.elements();
        Some((Date::read(dates.next()?)?, Date::read(dates.next()?)?))
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject.whole
    }

    /// Whether it may issue others: it is marked as an authority, or it comes from a time without
    /// such marks and names itself as its issuer.
    pub(super) fn may_issue(&self) -> bool {
        match self.extension(BASIC_CONSTRAINTS) {
            Some(constraints) => constraints
                .elements()
                .expect(SEQUENCE)
                .and_then(|fields| fields.elements().expect(BOOLEAN))
                .is_some_and(|authority| authority.content != [0]),
            None => self.extensions.is_none() && self.is_self_issued(),
        }
    }

    /// Whether it may identify a TLS server, by the extension with its purposes.
    pub(super) fn is_for_servers(&self) -> bool {
        self.extension(EXTENDED_KEY_USAGE).is_none_or(|purposes| {
            let all = purposes.elements().expect(SEQUENCE);
            all.is_some_and(|all| {
                all.elements()
                    .any(|purpose| [SERVER, ANY_PURPOSE].contains(&purpose.content))
            })
        })
    }

    /// Whether it has a critical extension that is not verified here, or limits the names that may
    /// be issued.
    pub(super) fn has_unknown_limits(&self) -> bool {
        const KNOWN: [&[u8]; 4] = [ALTERNATIVE_NAMES, BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE];
        self.extensions()
            .any(|(id, critical, _)| id == NAME_CONSTRAINTS || critical && !KNOWN.contains(&id))
    }

    /// The names of the host that it is for. An alternative name replaces the name of the subject.
    pub(super) fn names(&self) -> Vec<String> {
        const DNS_NAME: u8 = 0x82;
        const ADDRESS: u8 = 0x87;
        let Some(names) = self.extension(ALTERNATIVE_NAMES) else {
            return self.common_name().into_iter().collect();
        };
        let names = names.elements().expect(SEQUENCE);
        let name = |name: Element<'_>| match name.tag {
            DNS_NAME => Some(String::from_utf8_lossy(name.content).into_owned()),
            ADDRESS => address(name.content).map(|address| address.to_string()),
            _ => None,
        };
        names.map_or_else(Vec::new, |names| names.elements().filter_map(name).collect())
    }

    /// Whether it is for this host.
    pub(super) fn is_for(&self, host: &ServerName<'_>) -> bool {
        let names = self.names();
        match host {
            ServerName::DnsName(host) => names.iter().any(|name| matches(name, host.as_ref())),
            ServerName::IpAddress(address) => {
                let address = IpAddr::from(*address);
                names.iter().any(|name| name.parse() == Ok(address))
            }
            _ => false,
        }
    }

    /// Whether the names of the host are in the extension for them, which the default verification
    /// requires.
    pub(super) fn has_alternative_names(&self) -> bool {
        self.extension(ALTERNATIVE_NAMES).is_some()
    }

    fn common_name(&self) -> Option<String> {
        attribute(self.subject, COMMON_NAME)
    }

    /// The name of the issuer, or of its organization.
    pub(super) fn issuer_name(&self) -> Option<String> {
        let issuer = Reader(self.issuer).expect(SEQUENCE)?;
        attribute(issuer, COMMON_NAME).or_else(|| attribute(issuer, ORGANIZATION))
    }

    /// Identifier, whether it is critical, and content of each extension.
    fn extensions(&self) -> impl Iterator<Item = (&'a [u8], bool, &'a [u8])> {
        let all = self.extensions.map_or(Reader(&[]), |all| all.elements());
        all.map_while(|extension| {
            let mut parts = extension.elements();
            let id = parts.expect(OBJECT_IDENTIFIER)?.content;
            let critical = parts.optional(BOOLEAN).is_some_and(|critical| critical.content != [0]);
            Some((id, critical, parts.expect(OCTET_STRING)?.content))
        })
    }

    fn extension(&self, wanted: &[u8]) -> Option<Content<'a>> {
        let mut all = self.extensions();
        all.find(|(id, ..)| *id == wanted).map(|(.., content)| Content(content))
    }
}

/// The first attribute of this kind of a subject.
fn attribute(subject: Element<'_>, kind: &[u8]) -> Option<String> {
    let attributes = subject.elements().filter(|set| set.tag == SET);
    let mut attributes = attributes.flat_map(|set| set.elements());
    attributes.find_map(|attribute| {
        let mut parts = attribute.elements();
        let id = parts.expect(OBJECT_IDENTIFIER)?;
        let text = parts.next()?.content;
        (id.content == kind).then(|| String::from_utf8_lossy(text).into_owned())
    })
}

/// The content of an extension.
struct Content<'a>(&'a [u8]);

impl<'a> Content<'a> {
    fn elements(&self) -> Reader<'a> {
        Reader(self.0)
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(bytes.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// Whether the name of a certificate matches a host. `*` stands for the first label, as in
/// RFC 6125, 6.4.3.
fn matches(name: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match name.strip_prefix("*.") {
        // A wildcard below a top-level domain would be for domains of other owners.
        Some(domain) if domain.contains('.') => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain)),
        Some(_) => false,
        None => name.eq_ignore_ascii_case(host),
    }
}
