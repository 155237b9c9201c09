//! Random numbers for tests; not suitable for secrets.

use std::hash::{BuildHasher, RandomState};

/// A random number. The standard library seeds each hash map with new random
/// numbers, which come from WASI on wasm.
fn any() -> u64 {
    RandomState::new().hash_one("rng")
}

/// A number from 1 to `largest`, which is not 0.
pub(crate) fn up_to(largest: u64) -> u64 {
    any() % largest + 1
}

/// A random boolean.
pub(crate) fn coin() -> bool {
    any() & 1 == 1
}

/// A random UUID (version 4 of RFC 9562).
pub(crate) fn uuid() -> String {
    let mut bits = (u128::from(any()) << 64) | u128::from(any());
    bits = bits & !(0xf << 76) | (0x4 << 76);
    bits = bits & !(0x3 << 62) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let (first, rest) = digits.split_at(8);
    let (second, rest) = rest.split_at(4);
    let (third, rest) = rest.split_at(4);
    let (fourth, fifth) = rest.split_at(4);
    format!("{first}-{second}-{third}-{fourth}-{fifth}")
}

#[cfg(test)]
mod tests {
    use super::{coin, up_to, uuid};

    #[test]
    fn numbers_stay_in_their_range() {
        let mut seen = [false; 3];
        for _ in 0..200 {
            let number = usize::try_from(up_to(3)).unwrap();
            seen[number - 1] = true;
        }
        assert_eq!(seen, [true; 3]);
        assert_eq!(up_to(1), 1);
        let heads = (0..200).filter(|_| coin()).count();
        assert!((40..160).contains(&heads), "{heads}");
    }

    #[test]
    fn a_uuid_has_the_version_of_random_ones() {
        let one = uuid();
        assert_ne!(one, uuid());
        let lengths: Vec<_> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4", "{one}");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
