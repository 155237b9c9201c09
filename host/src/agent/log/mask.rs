//! Where in a text secrets are, in plain or encoded.
//!
//! Found are, in any mixture and one in another: percent-encoding with hex
//! digits of either case and whatever is encoded, `+` for a blank, escapes of
//! JSON, Rust, Python, C and shells, and of XML. Besides: base64 of either
//! alphabet, padded or not, of the secret or of whatever contains it (the
//! header `Basic`), and hexadecimal digits.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::base64::Pattern;
use super::escapes::{self, Unit, units};

/// Shorter values are left alone, in bytes: to mask them would only tell where
/// they occur.
const SHORTEST: usize = 3;
/// So many bytes before a `…` are a secret that was cut.
const CUT: usize = 4;

/// The values that are not to be seen.
#[derive(Default)]
pub(super) struct Mask(Vec<Hidden>);

/// One of them.
struct Hidden {
    value: Zeroizing<Vec<u8>>,
    /// Made when there is a text to look at: most runs print nothing.
    base64: OnceCell<Vec<Pattern>>,
}

impl Mask {
    /// Looks for this value too, for each of its lines, and for it without
    /// blanks around it.
    pub(super) fn add(&mut self, secret: &str) {
        for part in [secret, secret.trim()].into_iter().chain(secret.lines()) {
            let known = self.0.iter().any(|hidden| hidden.value.as_slice() == part.as_bytes());
            if part.len() >= SHORTEST && !known {
                self.0.push(Hidden {
                    value: Zeroizing::new(part.as_bytes().to_vec()),
                    base64: OnceCell::new(),
                });
            }
        }
    }

    /// Longest that a secret may be in a text, in bytes.
    pub(super) fn reach(&self) -> usize {
        let longest = self.0.iter().map(|hidden| hidden.value.len()).max();
        longest.map_or(0, |longest| longest.saturating_mul(escapes::LONGEST))
    }

    /// Where they are, in order and apart from each other: of secrets that
    /// overlap, no part stays.
    pub(super) fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let bytes = text.as_bytes();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        if self.0.is_empty() {
            return apart;
        }
        for (start, _) in text.char_indices() {
            let Some(end) = self.0.iter().filter_map(|hidden| hidden.end(bytes, start)).max() else {
                continue;
            };
            match apart.last_mut() {
                Some((_, last)) if start < *last => *last = end.max(*last),
                _ => apart.push((start, end)),
            }
        }
        apart
    }
}

impl Hidden {
    /// Where it ends, at the latest, if it begins here in some encoding.
    fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let base64 = self.base64.get_or_init(|| {
            let carried = carriers(&self.value);
            carried.iter().flat_map(|secret| Pattern::of(secret)).collect()
        });
        let encoded = base64.iter().filter_map(|pattern| pattern.end(text, at)).max();
        encoded.max(self.written(text, at)).max(self.digits(text, at))
    }

    /// In plain, or with any of its characters escaped.
    fn written(&self, text: &[u8], at: usize) -> Option<usize> {
        let first = text.get(at)?;
        if self.value.first() != Some(first) && !escapes::introduces(*first) {
            return None;
        }
        let mut end = None;
        // How much of it has been met, and where the text goes on: several,
        // because a backslash may be itself or make something of the next.
        let mut open = BTreeSet::from([(0, at)]);
        let mut found: Vec<Unit> = Vec::new();
        while let Some((met, at)) = open.pop_first() {
            let Some(rest) = self.value.get(met..).filter(|rest| !rest.is_empty()) else {
                end = end.max(Some(at));
                continue;
            };
            if met >= CUT && is_cut(text, at) {
                end = end.max(Some(at));
            }
            found.clear();
            units(text, at, escapes::DEPTH, &mut found);
            let fitting = found.iter().filter(|unit| rest.starts_with(unit.bytes()));
            open.extend(fitting.map(|unit| (met + unit.bytes().len(), unit.end)));
        }
        end
    }

    /// In hexadecimal digits.
    fn digits(&self, text: &[u8], at: usize) -> Option<usize> {
        let end = at + self.value.len() * 2;
        let (pairs, _) = text.get(at..end)?.as_chunks::<2>();
        let value = |[high, low]: &[u8; 2]| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            Some(digit(*high)? * 16 + digit(*low)?)
        };
        let same = pairs
            .iter()
            .zip(self.value.iter())
            .all(|(pair, byte)| value(pair) == Some(u32::from(*byte)));
        same.then_some(end)
    }
}

/// Whether somebody cut the text here: `…`, perhaps after a closing quote.
pub(super) fn is_cut(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.strip_prefix(b"\"").unwrap_or(rest).starts_with("…".as_bytes())
}

/// The secret as it may be written in what is then written in base64: OAuth
/// has it percent-encoded in the header, and bodies are JSON or XML.
fn carriers(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut carriers = vec![Zeroizing::new(secret.to_vec())];
    for write in [percent, form, json, xml] {
        let mut carrier = Zeroizing::new(Vec::with_capacity(secret.len() * 6));
        secret.iter().for_each(|byte| write(*byte, &mut carrier));
        if !carriers.contains(&carrier) {
            carriers.push(carrier);
        }
    }
    carriers
}

fn percent(byte: u8, carrier: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        return carrier.push(byte);
    }
    carrier.push(b'%');
    carrier.extend([byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]));
}

fn form(byte: u8, carrier: &mut Vec<u8>) {
    match byte {
        b' ' => carrier.push(b'+'),
        byte => percent(byte, carrier),
    }
}

fn json(byte: u8, carrier: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => carrier.extend([b'\\', byte]),
        b'\n' => carrier.extend(b"\\n"),
        b'\r' => carrier.extend(b"\\r"),
        b'\t' => carrier.extend(b"\\t"),
        byte => carrier.push(byte),
    }
}

fn xml(byte: u8, carrier: &mut Vec<u8>) {
    match byte {
        b'&' => carrier.extend(b"&amp;"),
        b'<' => carrier.extend(b"&lt;"),
        b'>' => carrier.extend(b"&gt;"),
        b'"' => carrier.extend(b"&quot;"),
        b'\'' => carrier.extend(b"&apos;"),
        byte => carrier.push(byte),
    }
}
