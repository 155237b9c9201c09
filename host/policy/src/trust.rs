//! Which certificates are trusted.

use std::path::PathBuf;

use super::request::shortened;
use super::{Denied, Malformed};

#[cfg(test)]
mod tests;

/// How the certificate of a device is verified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// An authority that the system trusts issued it for the host's name.
    System,
    /// It is in this PEM file, or a certificate in the file issued it for the host's name: the
    /// option `ca_file`.
    File(PathBuf),
    /// It has one of these fingerprints, with any content: the option `ssl_fingerprint`.
    Fingerprints(Vec<Fingerprint>),
    /// It is not verified: the option `ssl_insecure`.
    Anything,
}

/// A SHA-256 digest: of a certificate in its binary form, or of a plugin file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// The files that prove to a device who this client is: the options `client_cert` and `client_key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and the certificates of its issuers.
    pub certificate: PathBuf,
    /// Its private key. It may be in the same file.
    pub key: PathBuf,
}

impl ClientCertificate {
    /// The setting of the options.
    ///
    /// # Errors
    /// If a path is not absolute, or only the key is given.
    pub fn by_options<'o>(option: impl Fn(&str) -> Option<&'o str>) -> Result<Option<Self>, Denied> {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let path = |name: &str, value: &str| absolute(value).map_err(|rule| Denied::option(name, rule));
        match (given("client_cert"), given("client_key")) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Denied::option(
                "client_key",
                "it needs the option client_cert; set both",
            )),
            (Some(certificate), key) => Ok(Some(Self {
                certificate: path("client_cert", certificate)?,
                key: path("client_key", key.unwrap_or(certificate))?,
            })),
        }
    }
}

impl Trust {
    /// The setting of the options. Only one of them may be set.
    pub(super) fn by_options<'o>(given: &dyn Fn(&str) -> Option<&'o str>) -> Result<Self, Denied> {
        let insecure = given("ssl_insecure").filter(|value| *value != "0");
        let options = [
            ("ssl_insecure", insecure),
            ("ca_file", given("ca_file")),
            ("ssl_fingerprint", given("ssl_fingerprint")),
        ];
        let mut said = options
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)));
        let Some((name, value)) = said.next() else {
            return Ok(Self::System);
        };
        if let Some((other, _)) = said.next() {
            return Err(Denied::option(
                name,
                format!("conflicts with {other}; give one of them"),
            ));
        }
        match name {
            "ca_file" => absolute(value).map(Self::File),
            "ssl_fingerprint" => fingerprints(value),
            _ => Ok(Self::Anything),
        }
        .map_err(|rule| Denied::option(name, rule))
    }
}

fn absolute(path: &str) -> Result<PathBuf, Malformed> {
    // A relative path would depend on the folder in which the cluster starts the agent.
    if path.starts_with('/') {
        Ok(path.into())
    } else {
        Err(Malformed::new(format!(
            "{:?} does not start with a slash; give the absolute path",
            shortened(path)
        )))
    }
}

fn fingerprints(text: &str) -> Result<Trust, Malformed> {
    let all = text.split([',', ' ', '\t']).filter(|text| !text.is_empty());
    let all = all.map(Fingerprint::parse).collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        Err(Malformed::new("it contains no fingerprint"))
    } else {
        Ok(Trust::Fingerprints(all))
    }
}

impl Fingerprint {
    /// 64 hexadecimal digits in any case, with or without colons between the
    /// bytes, and with or without `sha256:` before them.
    pub(super) fn of_digits(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let digits = lower.strip_prefix("sha256:").unwrap_or(&lower).replace(':', "");
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * index..2 * index + 2)?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As sha256sum prints it.
    pub fn digits(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn parse(text: &str) -> Result<Self, Malformed> {
        Self::of_digits(text).ok_or_else(|| {
            Malformed::new(format!(
                "{:?} is not a SHA-256 fingerprint; \
                 give the 64 digits that `openssl x509 -noout -fingerprint -sha256` prints",
                shortened(text)
            ))
        })
    }
}

/// As openssl prints it.
impl std::fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(formatter, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{self}")
    }
}
