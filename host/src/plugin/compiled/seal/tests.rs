//! Damage is detected, and undamaged forms of every size are accepted.

use std::io::{Seek, Write};

use proptest::prelude::*;

use super::{LENGTH, PIECE, add, check};

fn verdict(form: &[u8]) -> Result<(), String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(form).unwrap();
    // The check reads by position and does not depend on the file offset.
    file.rewind().unwrap();
    check(&file, form.len() as u64).map_err(|cause| cause.to_string())
}

/// Code with varying bytes.
fn code(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * index / 7) as u8).collect()
}

#[test]
fn undamaged_code_of_every_size_is_accepted() {
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 77] {
        let form = add(code(length));
        assert_eq!(form.len(), length + LENGTH);
        assert_eq!(verdict(&form), Ok(()), "{length}");
    }
}

#[test]
fn each_flipped_bit_is_detected() {
    let form = add(code(300));
    for index in 0..form.len() {
        for bit in 0..8 {
            let mut damaged = form.clone();
            damaged[index] ^= 1 << bit;
            assert!(verdict(&damaged).is_err(), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn each_truncation_is_detected() {
    let form = add(code(300));
    for length in 0..form.len() {
        assert!(verdict(&form[..length]).is_err(), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn zeros_and_other_bytes_are_detected(start in 0_usize..400_000, length in 1_usize..100_000, byte: u8) {
        let form = add(code(400_000));
        let end = (start + length).min(form.len());
        let mut damaged = form.clone();
        damaged[start..end].fill(byte);
        prop_assert_eq!(verdict(&damaged).is_ok(), damaged == form);
    }
}
