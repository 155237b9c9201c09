//! A secret somewhere in a text that is written in base64, whatever stands
//! before and after it: `user:password`, or a whole body. Three bytes are four
//! characters, so that there are three ways for it to fall.

use zeroize::Zeroizing;

use super::escapes::{self, Unit, units};

/// Escapes around base64: `%2B`, `\/`. Nobody escapes them twice.
const DEPTH: u8 = 1;
/// So many characters before a `…` are a secret that was cut.
const CUT: usize = 6;

/// What six bits of one character are for certain: which of them, and their
/// values.
#[derive(Clone, Copy)]
struct Sextet {
    known: u8,
    value: u8,
}

impl zeroize::Zeroize for Sextet {
    fn zeroize(&mut self) {
        self.known.zeroize();
        self.value.zeroize();
    }
}

/// One secret as it falls in one of the three ways.
pub(super) struct Pattern(Zeroizing<Vec<Sextet>>);

impl Pattern {
    /// All three ways.
    pub(super) fn of(secret: &[u8]) -> [Self; 3] {
        [0, 1, 2].map(|before| Self::after(before, secret))
    }

    /// With so many bytes before it in its group of three.
    fn after(before: usize, secret: &[u8]) -> Self {
        let bits = before * 8..(before + secret.len()) * 8;
        let bit = |position: usize| {
            let position = position.checked_sub(bits.start)?;
            let byte = secret.get(position / 8)?;
            Some(byte >> (7 - position % 8) & 1)
        };
        let count = bits.end.div_ceil(6) - bits.start / 6;
        let mut sextets = Zeroizing::new(Vec::with_capacity(count));
        for index in bits.start / 6..bits.end.div_ceil(6) {
            let mut sextet = Sextet { known: 0, value: 0 };
            for position in index * 6..index * 6 + 6 {
                let bit = bit(position);
                sextet.known = sextet.known << 1 | u8::from(bit.is_some());
                sextet.value = sextet.value << 1 | bit.unwrap_or_default();
            }
            sextets.push(sextet);
        }
        Self(sextets)
    }

    /// Where the secret ends, its padding included, if it begins here.
    pub(super) fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let first = text.get(at)?;
        // Most places are no beginning, and that is seen at once.
        if !escapes::introduces(*first) && !self.0.first()?.fits(*first) {
            return None;
        }
        let mut end = at;
        for (index, sextet) in self.0.iter().enumerate() {
            match step(text, end, |byte| sextet.fits(byte)) {
                Some(next) => end = next,
                // The last character of some, which the end of the text took.
                None if index + 1 == self.0.len() && end == text.len() => return Some(end),
                None if index >= CUT && super::mask::is_cut(text, end) => return Some(end),
                None => return None,
            }
        }
        for _ in 0..2 {
            end = step(text, end, |byte| byte == b'=').unwrap_or(end);
        }
        Some(end)
    }
}

/// Where the text goes on after a character that fits, and after line ends
/// before it.
fn step(text: &[u8], mut at: usize, fits: impl Fn(u8) -> bool) -> Option<usize> {
    let mut found: Vec<Unit> = Vec::new();
    loop {
        found.clear();
        units(text, at, DEPTH, &mut found);
        let of = |wanted: &dyn Fn(u8) -> bool| found.iter().find(|unit| unit.single().is_some_and(wanted));
        if let Some(unit) = of(&fits) {
            return Some(unit.end);
        }
        at = of(&|byte| matches!(byte, b'\r' | b'\n'))?.end;
    }
}

impl Sextet {
    /// Whether this character, of the standard alphabet or that for URLs, may
    /// be it.
    fn fits(self, character: u8) -> bool {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        value & self.known == self.value
    }
}
