//! The checksum at the end of a compiled form, which detects damage. When wasmtime maps a file, it checks neither the
//! code nor its own tables, and zeros in them would cause a SIGSEGV during an action.
//!
//! The checksum does not protect against users who can write the file; owner and mode do that. So it is CRC-32, which
//! takes a tenth of the time of a cryptographic hash. It detects each change of up to 32 consecutive bits, and other
//! changes with a probability of 1 - 2^-32.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;

use super::Unusable;

#[cfg(test)]
mod tests;

/// Start of the appended bytes. A form without it is incomplete, or was made by an older build.
const MARK: [u8; 8] = *b"fbx-crc\n";
/// Length of mark and checksum, in bytes.
const LENGTH: usize = MARK.len() + 4;
/// Size of one read, in bytes.
const PIECE: usize = 64 * 1024;

/// Appends the checksum to code. The loader of the file uses the ELF header and ignores the appended bytes.
pub(super) fn add(mut code: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&code);
    code.extend(MARK);
    code.extend(sum.to_le_bytes());
    code
}

/// Verifies the checksum of a form with this length in bytes.
pub(super) fn check(file: &File, length: u64) -> Result<(), Unusable> {
    let end = length.checked_sub(LENGTH as u64).ok_or(Unusable::Incomplete)?;
    let mut seal = [0; LENGTH];
    file.read_exact_at(&mut seal, end).map_err(Unusable::Unreadable)?;
    let sum = seal.strip_prefix(&MARK).ok_or(Unusable::Incomplete)?;
    let (mut hasher, mut piece, mut at) = (Hasher::new(), vec![0; PIECE], 0);
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let read = piece.get_mut(..left).unwrap_or_default();
        file.read_exact_at(read, at).map_err(Unusable::Unreadable)?;
        hasher.update(read);
        at += left as u64;
    }
    if hasher.finalize().to_le_bytes() != *sum {
        return Err(Unusable::Damaged);
    }
    Ok(())
}
