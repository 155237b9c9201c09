//! Which paths may be sent: the contract's rule. The host and the SDK share
//! this file, so that tests of a plugin find the same errors as the host.
//!
//! A path must stay below the base path of its endpoint, in the interpretation
//! of every server and proxy. Some of them decode percent-encoding several
//! times, treat `\` as a slash, drop the part after a semicolon, cut at an
//! encoded `?`, `#` or NUL, trim spaces, accept overlong UTF-8, or convert
//! full-width characters to ASCII. So the check decodes the path until nothing
//! is left to decode. After each step no segment may be `.` or `..`. An encoded
//! slash in a value, such as the name of a plug, is allowed.

/// Maximum length of a path with query, in bytes.
pub(crate) const LENGTH_LIMIT: usize = 8 * 1024;
/// Maximum number of times that a path is decoded.
const DECODING_LIMIT: usize = 8;

/// Refuses a path that is malformed, that is a URL, or that leaves the
/// endpoint's base path. The query may contain any characters that need no
/// encoding.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the path.
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
            return Err("has a segment that stands for `.` or `..`");
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

/// The byte that the two digits after a percent sign encode.
fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(*after.get(index)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Decodes once; none if nothing is encoded.
///
/// # Errors
/// The result is not UTF-8, or contains control characters.
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

/// Whether some servers treat the character as a slash.
fn is_separator(character: char) -> bool {
    matches!(
        character,
        '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29f8}' | '\u{ff0f}' | '\u{ff3c}'
    )
}

/// Whether a server may treat the segment as `.` or `..`.
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
