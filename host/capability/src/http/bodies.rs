//! The bodies of requests and answers in the log, for verbose level 2: cut, and without secrets.
//!
//! The log masks the secrets that it was given. An answer can bring a new one, which the plugin reports or sends only after
//! it has read the answer, so its line waits until then. Besides, the values of members whose names sound secret are
//! left out.

use fencebox_agent::log::Log;
use zeroize::Zeroizing;

/// Bytes of a body at most.
const LENGTH: usize = 1024;
/// A name of a member with one of these in it has a secret value.
const SECRET: [&str; 10] = [
    "assertion",
    "password",
    "passwd",
    "secret",
    "token",
    "ticket",
    "session",
    "credential",
    "cookie",
    "accesskey",
];
/// Replaces a secret value.
const STARS: &str = "********";

/// Bytes of a body that are looked at. The log needs more than it shows, to find a secret at the cut.
const KEPT: usize = 64 * 1024;
/// Bytes in which the log masks the secrets that it was given, before the names are looked at.
const MASKED: usize = 8 * 1024;

/// The answer that waits.
#[derive(Default)]
pub(super) struct Bodies {
    waiting: Option<(Zeroizing<Vec<u8>>, usize)>,
}

impl Bodies {
    /// Logs the body of a request now.
    pub(super) fn sent(log: &Log, agent: &str, body: &[u8]) {
        if log.shows_bodies() && !body.is_empty() {
            log.debug(format!("{agent}: sent: {}", shown(log, start(body), body.len())));
        }
    }

    /// Keeps the body of an answer until the plugin had time to report what is secret in it.
    pub(super) fn received(&mut self, log: &Log, body: &[u8]) {
        if log.shows_bodies() && !body.is_empty() {
            self.waiting = Some((start(body).to_vec().into(), body.len()));
        }
    }

    /// Logs what waits.
    pub(super) fn flush(&mut self, log: &Log, agent: &str) {
        if let Some((body, length)) = self.waiting.take() {
            log.debug(format!("{agent}: received: {}", shown(log, &body, length)));
        }
    }
}

fn start(body: &[u8]) -> &[u8] {
    body.get(..KEPT).unwrap_or(body)
}

/// The start of a body of this length, without secrets and without values whose names sound secret.
fn shown(log: &Log, body: &[u8], length: usize) -> String {
    let text = match str::from_utf8(body) {
        Ok(text) => text,
        // A character is cut.
        Err(cause) if cause.error_len().is_none() => {
            str::from_utf8(body.get(..cause.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return format!("{length} bytes, not text"),
    };
    let text = without_secret_members(&log.excerpt(text.trim(), MASKED));
    if text.len() <= LENGTH {
        return text;
    }
    let end = text.floor_char_boundary(LENGTH);
    format!("{} … ({length} bytes)", text.get(..end).unwrap_or_default())
}

/// Whether the name of a member, an element or a field sounds secret.
fn sounds_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

/// Replaces the texts after names that sound secret: of members in JSON, elements in XML and fields of forms.
fn without_secret_members(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '>', '=']) {
        let (before, mark) = rest.split_at(at);
        clean.push_str(before);
        let kind = mark.as_bytes().first().copied().unwrap_or_default();
        let after = mark.get(1..).unwrap_or_default();
        let (kept, left) = match kind {
            b'"' => member(after),
            b'>' => element(&clean, after),
            _ => field(&clean, after),
        };
        clean.push(char::from(kind));
        clean.push_str(&kept);
        rest = left;
    }
    clean + rest
}

/// After an opening quote: the string, and its value if it is the name of a secret member. Returns what to show, and
/// the rest.
fn member(after: &str) -> (String, &str) {
    let Some(end) = end_of_string(after) else {
        return (String::new(), after);
    };
    let (name, rest) = after.split_at(end);
    let value = rest.get(1..).unwrap_or_default().trim_start().strip_prefix(':');
    let value = value.map(str::trim_start).filter(|_| sounds_secret(name));
    let Some(value) = value else {
        return (format!("{name}\""), rest.get(1..).unwrap_or_default());
    };
    match value.strip_prefix('"') {
        Some(text) => {
            let end = end_of_string(text).map_or(text.len(), |end| end + 1);
            (format!("{name}\":\"{STARS}\""), text.get(end..).unwrap_or_default())
        }
        // Not a text: an object has names of its own.
        None => (format!("{name}\":"), value),
    }
}

/// The index of the quote that ends a string of JSON.
fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' if !is_escaped => return Some(at),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

/// After the end of a tag: the text of the element, if its name sounds secret.
fn element<'t>(before: &str, after: &'t str) -> (String, &'t str) {
    let tag = before.rsplit('<').next().unwrap_or_default();
    let name = tag.split_whitespace().next().unwrap_or_default();
    let is_open = !name.is_empty() && !name.starts_with('/') && !tag.ends_with('/') && before.contains('<');
    if !is_open || !sounds_secret(name) || after.trim_start().starts_with('<') {
        return (String::new(), after);
    }
    let end = after.find('<').unwrap_or(after.len());
    (STARS.to_owned(), after.get(end..).unwrap_or_default())
}

/// After an equals sign: the value of a field of a form, if its name sounds secret.
fn field<'t>(before: &str, after: &'t str) -> (String, &'t str) {
    let name = before.rsplit(['&', '?', ' ', '\n', '<']).next().unwrap_or_default();
    if !sounds_secret(name) || after.starts_with('"') {
        return (String::new(), after);
    }
    let end = after.find(['&', ' ', '\n']).unwrap_or(after.len());
    (STARS.to_owned(), after.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Log {
        Log::new(Box::new(std::io::sink()))
    }

    /// Wherever the text is cut, and however large the body is.
    #[test]
    fn no_part_of_a_secret_stays_at_a_cut() {
        let log = log();
        log.hide("correct-horse-battery");
        for cut in [LENGTH, MASKED, KEPT] {
            for before in (cut - 24)..=cut {
                let body = format!("{}correct-horse-battery{}", "x".repeat(before), "y".repeat(100));
                let text = shown(&log, start(body.as_bytes()), body.len());
                assert!(!text.contains("correct"), "{before}: {text}");
            }
        }
    }

    #[test]
    fn secret_members_are_left_out() {
        for (body, shown) in [
            (
                r#"{"user":"a","password":"p\"w","n":1}"#,
                r#"{"user":"a","password":"********","n":1}"#,
            ),
            (r#"{"bearerToken" : "abc"}"#, r#"{"bearerToken":"********"}"#),
            (
                r#"{"token":{"id":"x","secret":"y"}}"#,
                r#"{"token":{"id":"x","secret":"********"}}"#,
            ),
            (
                "<a><Password x='1'>abc</Password><b>c</b></a>",
                "<a><Password x='1'>********</Password><b>c</b></a>",
            ),
            ("user=a&password=b&x=c", "user=a&password=********&x=c"),
            (r#"{"access_token":"open"#, r#"{"access_token":"********""#),
            ("plain", "plain"),
            ("\"", "\""),
        ] {
            assert_eq!(super::shown(&log(), body.as_bytes(), body.len()), shown, "{body}");
        }
    }

    #[test]
    fn long_bodies_are_cut_and_others_are_counted() {
        let body = "é".repeat(2000);
        let long = shown(&log(), body.as_bytes(), body.len());
        assert!(long.ends_with("… (4000 bytes)") && long.len() < LENGTH + 30, "{long}");
        assert_eq!(shown(&log(), &[0xff, 0xfe], 2), "2 bytes, not text");
    }
}
