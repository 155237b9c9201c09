//! What a plugin may write into a request.

use super::Refusal;

#[cfg(test)]
mod tests;

/// Longest path with query, in bytes.
const PATH_LIMIT: usize = 8 * 1024;
/// Most header fields of one request.
const HEADER_LIMIT: usize = 64;
/// Longest value of a header field, in bytes.
const VALUE_LIMIT: usize = 16 * 1024;

/// Fields that say where a request goes, how long it is, or what becomes of
/// the connection: the host's to set, for a plugin could use them to reach
/// another server or to hide a second request in the first.
const HOST_FIELDS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Refuses a path that is malformed, that is a URL in disguise, or that
/// climbs out of the endpoint's base path.
pub fn check_path(path: &str) -> Result<(), Refusal> {
    let refuse = |rule: &str| Err(Refusal::new(format!("path {:?} {rule}", shortened(path))));
    if !path.starts_with('/') || path.starts_with("//") {
        return refuse("does not start with one slash");
    }
    if path.len() > PATH_LIMIT {
        return refuse("is longer than 8 KiB");
    }
    if path
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b'#'))
    {
        return refuse("has characters that need percent-encoding");
    }
    if climbs(path.split('?').next().unwrap_or_default()) {
        return refuse("has a segment that climbs");
    }
    Ok(())
}

/// Whether some server may read `.` or `..` out of one of the segments. Many
/// decode slashes before they look for dots, and some drop what follows a
/// semicolon.
fn climbs(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".");
    let plain = plain.replace("%2f", "/").replace("%5c", "/").replace("%3b", ";");
    plain
        .split('/')
        .filter_map(|segment| segment.split(';').next())
        .any(|segment| matches!(segment, "." | ".."))
}

/// Refuses header fields that are malformed or the host's own.
pub fn check_headers(headers: &[(String, String)]) -> Result<(), Refusal> {
    if headers.len() > HEADER_LIMIT {
        return Err(Refusal::new(format!("more than {HEADER_LIMIT} header fields")));
    }
    for (name, value) in headers {
        let refuse = |rule: &str| Err(Refusal::new(format!("header field {:?} {rule}", shortened(name))));
        let lower = name.to_ascii_lowercase();
        if HOST_FIELDS.contains(&lower.as_str()) || lower.starts_with("proxy-") {
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

/// Enough of a hostile text to recognise it.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
