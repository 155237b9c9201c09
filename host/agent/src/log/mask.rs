//! Finds secrets in a text, in plain and encoded.
//!
//! The text is decoded from each encoding that devices, libraries and this program use, and from two encodings in a
//! row. Every result is searched for all secrets at once. docs/security.md, "Secrets", lists the encodings. The work is
//! proportional to the length of the text, for all texts and secrets.

use super::escapes::{self, Escapes};
use super::fingerprints::{Fingerprints, LONGEST_START};
use super::reading::Reading;

/// Maximum number of secrets from header fields in one run. A device with new ones in each answer stays below it, even
/// with ten thousand requests.
const TOKENS: usize = 32 * 1024;
/// The numbers of possible alignments of base64 and hexadecimal digits.
const BASE64: usize = 4;
const HEXADECIMAL: usize = 2;

/// The values to mask.
#[derive(Default)]
pub(super) struct Mask {
    secrets: Fingerprints,
    tokens: usize,
}

impl Mask {
    /// The distance after a position that has to be searched to find a secret that begins before it, in bytes.
    pub(super) const REACH: usize = LONGEST_START * escapes::LONGEST;

    /// Adds a value, each of its lines, and the value without blanks around it.
    pub(super) fn add(&mut self, secret: &str) {
        for part in [secret, secret.trim()].into_iter().chain(secret.lines()) {
            self.secrets.add(part.as_bytes());
        }
    }

    /// Adds a value that a device or a plugin has chosen. False if there are too many of them.
    pub(super) fn add_token(&mut self, token: &str) -> bool {
        if self.tokens >= TOKENS {
            return false;
        }
        let before = self.secrets.count();
        self.add(token);
        self.tokens += self.secrets.count() - before;
        true
    }

    /// The ranges of secrets, in order. Overlapping ranges are merged, so no part of a secret stays.
    pub(super) fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        if self.secrets.count() == 0 {
            return Vec::new();
        }
        // For each position, the last end of the secrets that begin there.
        let mut ends = vec![0; text.len()];
        readings(text, |reading| self.search(reading, &mut ends));
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (start, end) in ends.into_iter().enumerate().filter(|(_, end)| *end > 0) {
            let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
            match apart.last_mut() {
                Some((_, last)) if start < *last => *last = end.max(*last),
                _ => apart.push((start, end)),
            }
        }
        apart
    }

    fn search(&self, reading: &Reading, ends: &mut [usize]) {
        self.secrets.find(reading.bytes(), |found| {
            if let Some((start, end)) = reading.place(found.start, found.end)
                && let Some(latest) = ends.get_mut(start)
            {
                *latest = end.max(*latest);
            }
        });
    }
}

/// Passes every reading of a text to `search`.
fn readings(text: &str, mut search: impl FnMut(&Reading)) {
    let plain = Reading::of(text);
    search(&plain);
    for outer in Escapes::ALL.into_iter().filter_map(|escapes| plain.unescaped(escapes)) {
        search(&outer);
        unescaped(&outer, &mut search);
        (0..BASE64).for_each(|skipped| search(&outer.base64(skipped)));
    }
    for outer in (0..BASE64).map(|skipped| plain.base64(skipped)) {
        search(&outer);
        unescaped(&outer, &mut search);
    }
    (0..HEXADECIMAL).for_each(|skipped| search(&plain.hexadecimal(skipped)));
}

fn unescaped(outer: &Reading, search: &mut impl FnMut(&Reading)) {
    for inner in Escapes::ALL.into_iter().filter_map(|escapes| outer.unescaped(escapes)) {
        search(&inner);
    }
}

#[cfg(test)]
mod tests {
    use super::{Mask, readings};

    /// The number of searched bytes per byte of the text.
    fn work(text: &str) -> f64 {
        let mut searched = 0;
        readings(text, |reading| searched += reading.bytes().len());
        searched as f64 / text.len() as f64
    }

    #[test]
    fn work_is_proportional_to_the_text() {
        for piece in [
            "x",
            "\\",
            "%",
            "&",
            "+",
            "%5c",
            "%255c",
            "\\\\%&+",
            "\\x5c",
            "&#92;",
            "&amp;",
            "JSYrXA==",
            "Q2Y",
            "5c",
            "\\u005c%26amp;+\\x41",
            "+%2b&#x2b;\\x2b\\+",
            "\"…",
        ] {
            let texts = [100, 1_000, 10_000].map(|count| work(&piece.repeat(count)));
            for work in texts {
                assert!(work <= 60.0, "{piece}: {work}");
                assert!((work - texts[0]).abs() < 2.0, "{piece}: {texts:?}");
            }
        }
    }

    #[test]
    fn memory_of_a_secret_does_not_depend_on_its_length() {
        let mut mask = Mask::default();
        let long = "x".repeat(1 << 20);
        assert!(mask.add_token(&long));
        // Its start, its beginnings and the whole.
        assert_eq!(mask.secrets.entries(), 1 + 12 + 1);
    }

    #[test]
    fn tokens_are_limited_and_the_values_of_options_are_not() {
        let mut mask = Mask::default();
        let tokens = (0..super::TOKENS).map(|number| format!("token-{number:08}"));
        assert!(tokens.into_iter().all(|token| mask.add_token(&token)));
        assert!(!mask.add_token("one-too-many"));
        mask.add("geheim");
        assert_eq!(
            mask.ranges("one-too-many geheim token-00000000 token-00032767"),
            [(13, 19), (20, 34), (35, 49)]
        );
    }
}
