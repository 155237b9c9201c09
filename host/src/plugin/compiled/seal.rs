//! What shows damage to a compiled form: a checksum over all of it, at its end.
//! wasmtime checks neither the code nor its own tables when it maps a file, and
//! zeros in them are a SIGSEGV in the middle of an action.
//!
//! It is no protection against anyone who can write the file, of whom owner and
//! mode say enough. Hence CRC-32, which finds each change of up to 32 bits in a
//! row for certain and any other but for one in four thousand million, and
//! takes a tenth of the time of a cryptographic hash.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;

#[cfg(test)]
mod tests;

/// Begins what is added. A form without it is cut, or of an older build.
const MARK: [u8; 8] = *b"fbx-crc\n";
/// The mark and the checksum, in bytes.
const LENGTH: usize = MARK.len() + 4;
/// How much is read at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// Adds the checksum to code. What maps the file goes by the ELF header, and
/// does not see it.
pub(super) fn add(mut code: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&code);
    code.extend(MARK);
    code.extend(sum.to_le_bytes());
    code
}

/// Verifies a form of this length.
pub(super) fn check(file: &File, length: u64) -> Result<(), String> {
    let unreadable = |cause: std::io::Error| format!("it cannot be read ({cause})");
    let foreign = || "it is incomplete, or another build made it".to_owned();
    let end = length.checked_sub(LENGTH as u64).ok_or_else(foreign)?;
    let mut seal = [0; LENGTH];
    file.read_exact_at(&mut seal, end).map_err(unreadable)?;
    let sum = seal.strip_prefix(&MARK).ok_or_else(foreign)?;
    let (mut hasher, mut piece, mut at) = (Hasher::new(), vec![0; PIECE], 0);
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let read = piece.get_mut(..left).unwrap_or_default();
        file.read_exact_at(read, at).map_err(unreadable)?;
        hasher.update(read);
        at += left as u64;
    }
    if hasher.finalize().to_le_bytes() != *sum {
        return Err("it is damaged: its checksum is wrong".to_owned());
    }
    Ok(())
}
