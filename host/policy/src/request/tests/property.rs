//! How servers may read a path that is accepted.

use proptest::prelude::*;

use super::path;

const PIECES: &[&str] = &[
    ".",
    "/",
    "a",
    ";",
    "%",
    "2",
    "5",
    "e",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%25",
    "%00",
    "%0a",
    "%20",
    "%3b",
    "%3f",
    "%23",
    "%c0",
    "%ae",
    "%ef%bc%8e",
    "%c3%a9",
];

/// Decodes like a server that accepts any path.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut index = 0;
    while index < text.len() {
        let digits = text
            .get(index + 1..index + 3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|digits| text[index] == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(text[index]));
        index += if byte.is_some() { 3 } else { 1 };
    }
    decoded
}

proptest! {
    #[test]
    fn a_path_that_passes_stays_below_its_base(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..16)) {
        let text = format!("/{}", pieces.concat());
        if path(&text).is_ok() {
            let mut seen = text.into_bytes();
            for _ in 0..20 {
                let shown = String::from_utf8(seen.clone());
                prop_assert!(shown.is_ok(), "{seen:?}");
                let shown = shown.unwrap_or_default();
                prop_assert!(!shown.contains(|character: char| character.is_control()), "{shown:?}");
                let mut segments = shown.split(['/', '\\']);
                let climbs = segments.find(|segment| {
                    let segment = segment.split([';', '?', '#']).next().unwrap_or_default();
                    matches!(segment.trim().replace('\u{ff0e}', ".").as_str(), "." | "..")
                });
                prop_assert_eq!(climbs, None, "{}", shown);
                seen = decoded(&seen);
            }
        }
    }
}
