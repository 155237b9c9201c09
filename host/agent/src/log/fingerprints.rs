//! Secrets as hashes, and a search for all of them at once.
//!
//! The search uses the algorithm of Rabin and Karp. For each secret, the hash of its start and the hash of the whole
//! are stored; the hash of any part of a text needs one multiplication. So the time of a search depends only on the
//! length of the text, not on the number or the lengths of the secrets. Adding a secret needs one pass over it. A secret
//! takes some hundred bytes of memory, independent of its length; its text is not stored.
//!
//! The base of the hash is random, so an attacker cannot make two texts with the same hash. If two texts have the same
//! hash by chance, a harmless text is masked. A secret is never missed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::ops::Range;

use zeroize::Zeroizing;

/// The modulus of the hashes, a prime.
const PRIME: u64 = (1 << 61) - 1;
/// Possible lengths of the start by which a secret is found, in bytes. The longest one that fits the secret is used.
const STARTS: [usize; 4] = [SHORTEST, 4, 8, LONGEST_START];
/// Minimum length of a masked value, in bytes. A mask of shorter values would only show where they occur.
pub(super) const SHORTEST: usize = 3;
/// The longest start, in bytes.
pub(super) const LONGEST_START: usize = 16;
/// Minimum length of a part before a `…` that is masked as a cut secret, in bytes.
const CUT: usize = 4;
/// Maximum number of different lengths of secrets with the same start. With more lengths, every text with this start is
/// masked up to the longest length.
const LENGTHS: usize = 16;
/// The mark at the place at which a text was cut.
pub(super) const CUT_MARK: &str = "…";

/// The hashes of all secrets.
pub(super) struct Fingerprints {
    base: u64,
    /// For each length in `STARTS`: the base to the power of this length, and whether a secret uses the length.
    windows: [(u64, bool); STARTS.len()],
    /// The lengths of secrets, by the hash of their start.
    lengths: HashMap<u64, Lengths, Hashed>,
    /// Hashes of the starts of four to fifteen bytes, by which cut secrets are found.
    beginnings: HashSet<u64, Hashed>,
    wholes: HashSet<u64, Hashed>,
}

/// The lengths of the secrets with one start.
#[derive(Default)]
struct Lengths {
    /// Each length, with the base to the power of it; empty if there are too many.
    known: Vec<(usize, u64)>,
    longest: usize,
}

type Hashed = BuildHasherDefault<Unchanged>;

/// A hasher for keys that are already random numbers.
#[derive(Default)]
struct Unchanged(u64);

impl Hasher for Unchanged {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, key: u64) {
        // The hash table also uses the highest bits.
        self.0 ^= key << 3;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for Fingerprints {
    fn default() -> Self {
        let random = RandomState::new().hash_one(0_u8);
        // The base is greater than every byte, so that different texts are different numbers.
        let base = 1_000 + random % (PRIME - 2_000);
        Self {
            base,
            windows: STARTS.map(|length| (power(base, length), false)),
            lengths: HashMap::default(),
            beginnings: HashSet::default(),
            wholes: HashSet::default(),
        }
    }
}

impl Fingerprints {
    /// The number of secrets.
    pub(super) fn count(&self) -> usize {
        self.wholes.len()
    }

    /// The number of stored hashes.
    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.lengths.len() + self.beginnings.len() + self.wholes.len()
    }

    /// Adds a secret, unless it is too short.
    pub(super) fn add(&mut self, secret: &[u8]) {
        let Some(window) = STARTS.iter().rposition(|length| *length <= secret.len()) else {
            return;
        };
        let (mut hash, mut start) = (0, 0);
        for (index, byte) in secret.iter().enumerate() {
            hash = append(hash, self.base, *byte);
            let length = index + 1;
            if length == STARTS[window] {
                start = hash;
            }
            if (CUT..LONGEST_START).contains(&length) && length < secret.len() {
                self.beginnings.insert(hash);
            }
        }
        if self.wholes.insert(hash) {
            self.windows[window].1 = true;
            self.lengths.entry(start).or_default().add(secret.len(), self.base);
        }
    }

    /// Passes the range of every secret, and of every start of a cut secret, to `found`. Ranges may overlap.
    pub(super) fn find(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        let hashes = Hashes::of(text, self.base);
        let cuts = cuts(text);
        for (length, (power, used)) in STARTS.into_iter().zip(self.windows) {
            if !used {
                continue;
            }
            let mut next_cut = cuts.iter().copied().peekable();
            for start in 0..(text.len() + 1).saturating_sub(length) {
                let Some(lengths) = self.lengths.get(&hashes.part(start, length, power)) else {
                    continue;
                };
                while next_cut.next_if(|cut| *cut < start + length).is_some() {}
                if let Some(end) = self.end(&hashes, start, lengths, next_cut.peek().copied()) {
                    found(start..end);
                }
            }
        }
        for end in cuts {
            for length in CUT..LONGEST_START.min(end + 1) {
                let start = end - length;
                if self
                    .beginnings
                    .contains(&hashes.part(start, length, power(self.base, length)))
                {
                    found(start..end);
                }
            }
        }
    }

    /// The end of the secret that may start here: the last end of all matching secrets, or the cut.
    fn end(&self, hashes: &Hashes, start: usize, lengths: &Lengths, cut: Option<usize>) -> Option<usize> {
        let end = start + lengths.longest;
        if lengths.known.is_empty() {
            return Some(end.min(hashes.end()));
        }
        let whole = lengths.known.iter().filter(|(length, power)| {
            start + length <= hashes.end() && self.wholes.contains(&hashes.part(start, *length, *power))
        });
        let whole = whole.map(|(length, _)| start + length).max();
        // The start of a shorter secret is its whole text, so a cut does not matter.
        whole.max(cut.filter(|cut| lengths.longest > LONGEST_START && *cut < end))
    }
}

impl Lengths {
    fn add(&mut self, length: usize, base: u64) {
        let unlimited = self.longest > 0 && self.known.is_empty();
        self.longest = self.longest.max(length);
        if unlimited || self.known.iter().any(|(known, _)| *known == length) {
            return;
        }
        if self.known.len() == LENGTHS {
            self.known = Vec::new();
        } else {
            self.known.push((length, power(base, length)));
        }
    }
}

/// The hashes of all starts of a text. Wiped after use, because with the base they reveal the text.
struct Hashes(Zeroizing<Vec<u64>>);

impl Hashes {
    fn of(text: &[u8], base: u64) -> Self {
        let mut hashes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        let mut hash = 0;
        hashes.push(hash);
        for byte in text {
            hash = append(hash, base, *byte);
            hashes.push(hash);
        }
        Self(hashes)
    }

    /// The length of the text, in bytes.
    fn end(&self) -> usize {
        self.0.len() - 1
    }

    /// The hash of `length` bytes from `start`; `power` is the base to the power of `length`.
    fn part(&self, start: usize, length: usize, power: u64) -> u64 {
        let (before, all) = (self.0[start], self.0[start + length]);
        let before = multiply(before, power);
        if all >= before {
            all - before
        } else {
            all + PRIME - before
        }
    }
}

/// The positions of cuts, in order: before each `…`, or before a closing quote in front of it.
fn cuts(text: &[u8]) -> Vec<usize> {
    let marks = text.windows(CUT_MARK.len()).enumerate();
    let marks = marks.filter(|(_, bytes)| *bytes == CUT_MARK.as_bytes());
    marks
        .map(|(mark, _)| match text[..mark] {
            [.., b'"'] => mark - 1,
            _ => mark,
        })
        .collect()
}

fn append(hash: u64, base: u64, byte: u8) -> u64 {
    // The digit of a byte is never zero, so that zero bytes at the start change the hash.
    reduce(multiply(hash, base) + u64::from(byte) + 1)
}

fn power(base: u64, exponent: usize) -> u64 {
    let (mut result, mut square, mut rest) = (1, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
        rest >>= 1;
    }
    result
}

fn multiply(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    #[allow(clippy::cast_possible_truncation, reason = "both parts have 61 bits")]
    let (low, high) = ((product & u128::from(PRIME)) as u64, (product >> 61) as u64);
    reduce(low + high)
}

fn reduce(number: u64) -> u64 {
    if number >= PRIME { number - PRIME } else { number }
}
