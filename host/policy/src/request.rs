//! What a plugin may write into a request.

use super::Denied;

#[path = "../../../sdk/src/http/path/rule.rs"]
mod path_rule;
#[cfg(test)]
mod tests;

/// Maximum number of header fields of one request.
const HEADER_LIMIT: usize = 64;
/// Maximum length of the value of a header field, in bytes.
const VALUE_LIMIT: usize = 16 * 1024;

/// Fields that only the host sets, because they determine the destination, the resource, the
/// sender, the length, or the handling of the connection. A plugin could use them to reach another
/// server or resource than its path names, to impersonate another client, or to hide a second
/// request in the first.
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

/// The same for each field whose name begins with one of these.
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

/// Refuses a path that is malformed, that servers could read as a URL, or that leaves the
/// endpoint's base path.
pub fn check_path(path: &str) -> Result<(), Denied> {
    path_rule::check(path).map_err(|rule| Denied::new(format!("path {:?} {rule}", shortened(path))))
}

/// Refuses header fields that are malformed or that only the host sets.
pub fn check_headers(headers: &[(String, String)]) -> Result<(), Denied> {
    if headers.len() > HEADER_LIMIT {
        return Err(Denied::new(format!("more than {HEADER_LIMIT} header fields")));
    }
    for (name, value) in headers {
        let refuse = |rule: &str| Err(Denied::new(format!("header field {:?} {rule}", shortened(name))));
        if is_the_hosts(name) {
            return refuse("can only be set by the host");
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

/// Servers that pass fields on as variables (CGI, WSGI) do not distinguish an underscore from a
/// hyphen.
fn is_the_hosts(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    HOST_FIELDS.contains(&plain.as_str()) || HOST_PREFIXES.iter().any(|prefix| plain.starts_with(prefix))
}

/// The start of an untrusted text, enough to recognize it.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
