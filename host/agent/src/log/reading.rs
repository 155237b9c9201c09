//! A decoded text, with the position of each decoded byte in the original text.

use zeroize::Zeroizing;

use super::escapes::Escapes;
use super::fingerprints::CUT_MARK;

/// Separates two runs of base64 or hexadecimal digits. This byte is in no text.
const BETWEEN: u8 = 0xff;
/// Minimum number of digits in a row that can contain a secret.
const SHORTEST_RUN: usize = 4;

/// Decoded bytes. Wiped after use.
#[derive(Default)]
pub(super) struct Reading {
    bytes: Zeroizing<Vec<u8>>,
    /// For each byte, the start and the end of its encoded form in the text.
    places: Vec<(usize, usize)>,
}

impl Reading {
    /// The text without decoding.
    pub(super) fn of(text: &str) -> Self {
        Self {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            places: (0..text.len()).map(|at| (at, at + 1)).collect(),
        }
    }

    /// The decoded bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The range in the text of these decoded bytes.
    pub(super) fn place(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let (first, last) = (self.places.get(from)?, self.places.get(to.checked_sub(1)?)?);
        Some((first.0, last.1))
    }

    /// Decodes escapes of this kind; none if the text has no such escapes.
    pub(super) fn unescaped(&self, escapes: Escapes) -> Option<Self> {
        if !escapes.may_occur_in(&self.bytes) {
            return None;
        }
        let mut reading = Self::with_capacity(self.bytes.len());
        let (mut at, mut changed) = (0, false);
        while let Some(byte) = self.bytes.get(at) {
            let Some(unit) = escapes.at(&self.bytes, at) else {
                reading.push(*byte, self.places[at]);
                at += 1;
                continue;
            };
            let place = (self.places[at].0, self.places[unit.end - 1].1);
            unit.bytes().iter().for_each(|byte| reading.push(*byte, place));
            (at, changed) = (unit.end, true);
        }
        changed.then_some(reading)
    }

    /// Decodes base64 with either alphabet, also with line ends in it. Its start is unknown, so there are four
    /// alignments: 0 to 3 characters are skipped.
    pub(super) fn base64(&self, skipped: usize) -> Self {
        self.digits(skipped, 6, sextet, |byte| matches!(byte, b'\r' | b'\n'))
    }

    /// Decodes hexadecimal digits; 0 or 1 digits are skipped.
    pub(super) fn hexadecimal(&self, skipped: usize) -> Self {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        self.digits(skipped, 4, digit, |_| false)
    }

    /// Decodes each run of digits with this number of bits. Bytes that `among` accepts can be between the digits.
    fn digits(&self, skipped: usize, bits: u32, value: impl Fn(u8) -> Option<u8>, among: impl Fn(u8) -> bool) -> Self {
        let mut reading = Self::with_capacity(self.bytes.len());
        let mut at = 0;
        while at < self.bytes.len() {
            // The digits of one run, with their places.
            let mut run = Zeroizing::new(Vec::new());
            let mut end = at;
            while let Some(byte) = self.bytes.get(end) {
                match value(*byte) {
                    Some(value) => run.push((value, end)),
                    None if among(*byte) && !run.is_empty() => {}
                    None => break,
                }
                end += 1;
            }
            if run.len() >= SHORTEST_RUN {
                reading.decode(self, run.get(skipped..).unwrap_or_default(), bits);
                end = reading.finish_run(self, end, bits);
            }
            at = end.max(at + 1);
        }
        reading
    }

    /// Joins digits to bytes. Remaining bits at the end are dropped.
    fn decode(&mut self, of: &Self, run: &[(u8, usize)], bits: u32) {
        let (mut held, mut count) = (0_u32, 0);
        // The position of the first digit with bits in `held`.
        let mut from = 0;
        for (value, at) in run {
            if count == 0 {
                from = *at;
            }
            held = held << bits | u32::from(*value);
            count += bits;
            if count >= 8 {
                count -= 8;
                let byte = u8::try_from(held >> count & 0xff).unwrap_or_default();
                self.push(byte, (of.places[from].0, of.places[*at].1));
                held &= (1 << count) - 1;
                from = *at;
            }
        }
    }

    /// Adds padding to the range of the last byte of a run, and keeps a cut mark. Returns the position after the run.
    fn finish_run(&mut self, of: &Self, end: usize, bits: u32) -> usize {
        let mut end = end;
        for _ in 0..2 {
            if bits == 6 && of.bytes.get(end) == Some(&b'=') {
                if let Some(last) = self.places.last_mut() {
                    last.1 = of.places[end].1;
                }
                end += 1;
            }
        }
        let rest = of.bytes.get(end..).unwrap_or_default();
        let quote = usize::from(rest.first() == Some(&b'"'));
        if rest
            .get(quote..)
            .is_some_and(|rest| rest.starts_with(CUT_MARK.as_bytes()))
        {
            for at in end..end + quote + CUT_MARK.len() {
                self.push(of.bytes[at], of.places[at]);
            }
        } else if let (Some(_), Some(last)) = (rest.first(), self.places.last().copied()) {
            self.push(BETWEEN, last);
        }
        end
    }

    fn with_capacity(length: usize) -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(length)),
            places: Vec::with_capacity(length),
        }
    }

    fn push(&mut self, byte: u8, place: (usize, usize)) {
        self.bytes.push(byte);
        self.places.push(place);
    }
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
