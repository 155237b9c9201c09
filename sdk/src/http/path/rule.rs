//! Which paths may be sent: the rule of the contract, one text for the host,
//! which refuses, and for the SDK, whose tests find the mistake before that.
//!
//! A path stays below the base path of its endpoint, whatever the server and
//! the proxies before it make of it. They decode percent signs, some of them
//! more than once; take `\` for a slash; drop what follows a semicolon; cut
//! at an encoded `?`, `#` or NUL; trim blanks; accept UTF-8 that is too long;
//! and turn full-width characters into those of ASCII. So a path is decoded
//! until nothing is left to decode, and no segment may then be `.` or `..` at
//! any depth. An encoded slash in a value, as in the name of a plug, is fine.

/// Longest path with query, in bytes.
pub(crate) const LENGTH_LIMIT: usize = 8 * 1024;
/// How often a path can be decoded until nothing is left to decode.
const DECODING_LIMIT: usize = 8;

/// Refuses a path that is malformed, that is a URL in disguise, or that climbs
/// out of the endpoint's base path; what is wrong with it, as the end of a
/// sentence that begins with the path. The query can hold anything that needs
/// no encoding.
pub(crate) fn check(path: &str) -> Result<(), &'static str> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Err("does not start with one slash");
    }
    if path.len() > LENGTH_LIMIT {
        return Err("is longer than 8 KiB");
    }
    if path
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b'#'))
    {
        return Err("has characters that need percent-encoding");
    }
    let mut text = path.split('?').next().unwrap_or_default().to_owned();
    if !escapes_are_complete(&text) {
        return Err("has a percent sign without two hexadecimal digits");
    }
    for _ in 0..=DECODING_LIMIT {
        if text.split(is_separator).any(climbs) {
            return Err("has a segment that climbs");
        }
        match decode(&text)? {
            Some(decoded) => text = decoded,
            None => return Ok(()),
        }
    }
    Err("is percent-encoded too many times")
}

fn escapes_are_complete(text: &str) -> bool {
    let mut pieces = text.split('%');
    pieces.next();
    pieces.all(|piece| escaped(piece.as_bytes()).is_some())
}

/// The byte that the digits after a percent sign stand for.
fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(*after.get(index)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Decodes once; none if nothing is encoded. What is encoded is text.
fn decode(text: &str) -> Result<Option<String>, &'static str> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut changed = false;
    while let [first, after @ ..] = rest {
        let byte = if *first == b'%' { escaped(after) } else { None };
        decoded.push(byte.unwrap_or(*first));
        changed |= byte.is_some();
        rest = after.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    let decoded = String::from_utf8(decoded).map_err(|_| "has percent-encoded bytes that are not UTF-8")?;
    if decoded.chars().any(char::is_control) {
        return Err("has percent-encoded control characters");
    }
    Ok(changed.then_some(decoded))
}

/// A slash, and what some servers take for one.
fn is_separator(character: char) -> bool {
    matches!(
        character,
        '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29f8}' | '\u{ff0f}' | '\u{ff3c}'
    )
}

/// Whether a server may take the segment for `.` or `..`.
fn climbs(segment: &str) -> bool {
    let name = segment.split([';', '?', '#']).next().unwrap_or_default();
    let dots = name
        .trim()
        .chars()
        .try_fold(0_usize, |dots, character| match character {
            '.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => Some(dots + 1),
            '\u{2025}' => Some(dots + 2),
            _ => None,
        });
    matches!(dots, Some(1 | 2))
}
