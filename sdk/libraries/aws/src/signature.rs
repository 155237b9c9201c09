//! Signature Version 4. Source: "AWS Signature Version 4 for API requests" in the user guide of AWS IAM.

use std::fmt;

use fencebox_sdk::{digest, encoding, time};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The end of each scope.
const TERMINATOR: &str = "aws4_request";

/// Who signs.
///
/// `Debug` shows only the access key, which is not a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
}

impl Credentials {
    /// The keys of a user.
    #[must_use]
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            session_token: None,
        }
    }

    /// The same keys with the token of a session: keys of a role are valid only with it, and only for some hours.
    #[must_use]
    pub fn with_session_token(self, token: impl Into<String>) -> Self {
        Self {
            session_token: Some(token.into()),
            ..self
        }
    }

    /// Whether they belong to a session, which ends by itself.
    #[must_use]
    pub fn are_temporary(&self) -> bool {
        self.session_token.is_some()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credentials({})", self.access_key)
    }
}

/// Where a signature is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// `eu-central-1`
    pub region: &'a str,
    /// `ec2`
    pub service: &'a str,
}

/// The request to sign.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// In upper case.
    pub method: &'a str,
    /// As in the header field `host`: with the port, unless it is the default port of the scheme.
    pub host: &'a str,
    /// The path as it is sent, without the query. It must not have segments `.` and `..`, and no empty ones.
    pub path: &'a str,
    /// Names and values of the query, before their percent-encoding.
    pub query: &'a [(&'a str, &'a str)],
    /// Further header fields that are sent and signed, such as `content-type`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body as it is sent.
    pub body: &'a [u8],
}

/// The host of a URL, as the header field `host` has it.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let port = if scheme.eq_ignore_ascii_case("http") {
        ":80"
    } else {
        ":443"
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// The header fields that sign a request at this time, in seconds since 1970: `x-amz-date`, the token of a session if
/// there is one, and `authorization`.
#[must_use]
pub fn sign(
    credentials: &Credentials,
    scope: &Scope<'_>,
    request: &Request<'_>,
    seconds: i64,
) -> Vec<(&'static str, String)> {
    let moment = time::rfc3339(seconds).replace(['-', ':'], "");
    let date = moment.get(..8).unwrap_or_default();
    let mut fields = vec![("x-amz-date", moment.clone())];
    if let Some(token) = &credentials.session_token {
        fields.push(("x-amz-security-token", token.clone()));
    }
    let own = fields.iter().map(|(name, value)| (*name, value.as_str()));
    let (names, canonical) = canonical(request, own);
    let scope_text = format!("{date}/{}/{}/{TERMINATOR}", scope.region, scope.service);
    let hash = encoding::to_hex(digest::sha256(canonical));
    let to_sign = format!("{ALGORITHM}\n{moment}\n{scope_text}\n{hash}");
    let first = format!("AWS4{}", credentials.secret_key).into_bytes();
    let key = [date, scope.region, scope.service, TERMINATOR]
        .into_iter()
        .fold(first, |key, part| digest::hmac_sha256(key, part).to_vec());
    let signature = encoding::to_hex(digest::hmac_sha256(key, to_sign));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope_text}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key
    );
    fields.push(("authorization", authorization));
    fields
}

/// The names of the signed header fields, and the request in its canonical form.
fn canonical<'a>(request: &Request<'a>, own: impl Iterator<Item = (&'a str, &'a str)>) -> (String, String) {
    let given = request.headers.iter().copied();
    let all = given.chain([("host", request.host)]).chain(own);
    let mut fields: Vec<(String, String)> = all
        .map(|(name, value)| (name.to_ascii_lowercase(), single_spaced(value)))
        .collect();
    // Stable: fields with the same name keep their order, and become one with all values.
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    fields.dedup_by(|next, first| {
        let is_same = next.0 == first.0;
        if is_same {
            first.1 = format!("{},{}", first.1, next.1);
        }
        is_same
    });
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = fields.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let path: Vec<String> = request.path.split('/').map(escaped).collect();
    let query = request
        .query
        .iter()
        .map(|(name, value)| (escaped(name), escaped(value)));
    let mut query: Vec<(String, String)> = query.collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method,
        path.join("/"),
        query.join("&"),
        encoding::to_hex(digest::sha256(request.body)),
    );
    (names, text)
}

/// Percent-encoded except the unreserved characters of RFC 3986.
fn escaped(text: &str) -> String {
    let form = encoding::form([("", text)]);
    form.strip_prefix('=').map_or(form.clone(), str::to_owned)
}

/// A value without blanks around it, and with single blanks in it.
fn single_spaced(value: &str) -> String {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;
