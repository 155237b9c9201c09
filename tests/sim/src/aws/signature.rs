//! Verifies Signature Version 4, independent of the plugin's own code: with ring's HMAC and SHA-256.

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ring::{digest, hmac};

use super::answer::Refusal;
use crate::protocol::Request;

/// Keys that may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The access key.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
    /// The session token of temporary keys.
    pub token: Option<String>,
}

/// What a request states about its signature.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) service: String,
    date: String,
    names: Vec<String>,
    signature: String,
    moment: String,
}

impl Signed {
    /// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=A;B, Signature=HEX`.
    pub(super) fn read(request: &Request) -> Option<Signed> {
        let field = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| field.split(',').find_map(|part| part.trim().strip_prefix(name));
        let scope: Vec<&str> = part("Credential=")?.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        Some(Signed {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            date: date.to_owned(),
            names: part("SignedHeaders=")?.split(';').map(str::to_owned).collect(),
            signature: part("Signature=")?.to_owned(),
            moment: request.header("x-amz-date")?.to_owned(),
        })
    }

    /// The time of the signature, in seconds since 1970.
    pub(super) fn time(&self) -> Option<i64> {
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", &self.moment).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
    }

    pub(super) fn verify(&self, request: &Request, secret_key: &str) -> Result<(), Refusal> {
        // Without these, somebody could use the signature elsewhere.
        let required = request.headers.iter().map(|(name, _)| name.as_str());
        let required = required.filter(|name| *name == "host" || *name == "content-type" || name.starts_with("x-amz-"));
        if required
            .into_iter()
            .any(|name| !self.names.iter().any(|own| own == name))
            || !self.moment.starts_with(&self.date)
        {
            return Err(mismatch());
        }
        let fields: String = self
            .names
            .iter()
            .map(|name| {
                let words = request.header(name).unwrap_or_default().split_whitespace();
                format!("{name}:{}\n", words.collect::<Vec<_>>().join(" "))
            })
            .collect();
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let canonical = format!(
            "{}\n{}\n{query}\n{fields}\n{}\n{}",
            request.method,
            request.path(),
            self.names.join(";"),
            hex(digest::digest(&digest::SHA256, request.body.as_bytes()).as_ref()),
        );
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", self.moment);
        let mut key = format!("AWS4{secret_key}").into_bytes();
        for part in scope.split('/') {
            key = tag(&key, part);
        }
        if hex(&tag(&key, &to_sign)) == self.signature {
            Ok(())
        } else {
            Err(mismatch())
        }
    }
}

fn tag(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time as in the header field `Date`.
pub(super) fn http_date(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let time = Timestamp::try_from(UNIX_EPOCH + since).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub(super) fn auth_failure() -> Refusal {
    let message = "AWS was not able to validate the provided access credentials";
    Refusal::new(401, "AuthFailure", message)
}

pub(super) fn mismatch() -> Refusal {
    let message = "The request signature we calculated does not match the signature you provided.";
    Refusal::new(403, "SignatureDoesNotMatch", message)
}

pub(super) fn missing() -> Refusal {
    let message = "Request is missing Authentication Token";
    Refusal::new(403, "MissingAuthenticationToken", message)
}

pub(super) fn expired_token() -> Refusal {
    Refusal::new(400, "ExpiredToken", "The provided token has expired.")
}
