//! What a plugin may write into a request.

use super::Denied;

#[path = "../../../sdk/src/http/path/rule.rs"]
mod path_rule;
#[cfg(test)]
mod tests;

/// Most header fields of one request.
const HEADER_LIMIT: usize = 64;
/// Longest value of a header field, in bytes.
const VALUE_LIMIT: usize = 16 * 1024;

/// Fields that say where a request goes, what it asks for, who sends it, how
/// long it is, or what becomes of the connection: the host's to set. A plugin
/// could use them to reach another server or resource than its path names, to
/// speak for somebody else, or to hide a second request in the first.
const HOST_FIELDS: &[&str] = &[
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "content-length",
    "early-data",
    "expect",
    "forwarded",
    "front-end-https",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "remote-user",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forward-for",
    "x-forwarded",
    "x-host",
    "x-originating-ip",
    "x-override-url",
    "x-real-ip",
    "x-url-scheme",
    "x-webauth-user",
];

/// The same for each field whose name begins so.
const HOST_PREFIXES: &[&str] = &[
    "proxy-",
    "x-accel-",
    "x-envoy-",
    "x-forwarded-",
    "x-http-host",
    "x-http-method",
    "x-method",
    "x-original-",
    "x-proxy-",
    "x-remote-",
    "x-rewrite-",
];

/// Refuses a path that is malformed, that is a URL in disguise, or that
/// climbs out of the endpoint's base path.
pub fn check_path(path: &str) -> Result<(), Denied> {
    path_rule::check(path).map_err(|rule| Denied::new(format!("path {:?} {rule}", shortened(path))))
}

/// Refuses header fields that are malformed or the host's own.
pub fn check_headers(headers: &[(String, String)]) -> Result<(), Denied> {
    if headers.len() > HEADER_LIMIT {
        return Err(Denied::new(format!("more than {HEADER_LIMIT} header fields")));
    }
    for (name, value) in headers {
        let refuse = |rule: &str| Err(Denied::new(format!("header field {:?} {rule}", shortened(name))));
        if is_the_hosts(name) {
            return refuse("is the host's to set");
        }
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return refuse("has a malformed name");
        }
        if value.len() > VALUE_LIMIT
            || value
                .chars()
                .any(|character| character.is_control() && character != '\t')
        {
            return refuse("has a malformed value");
        }
    }
    Ok(())
}

/// Servers that hand fields on as variables (CGI, WSGI) take an underscore for
/// a hyphen.
fn is_the_hosts(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    HOST_FIELDS.contains(&plain.as_str()) || HOST_PREFIXES.iter().any(|prefix| plain.starts_with(prefix))
}

/// Enough of a hostile text to recognise it.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
