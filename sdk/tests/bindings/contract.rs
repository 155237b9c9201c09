//! The mark of a contract in the bindings. The program that writes them includes this file.

use std::io;
use std::path::{Path, PathBuf};

/// The first line of the bindings of the contract in this folder: its checksum (FNV-1a, 64 bits).
pub(crate) fn mark(contract: &Path) -> io::Result<String> {
    let files: io::Result<Vec<PathBuf>> = contract.read_dir()?.map(|entry| Ok(entry?.path())).collect();
    let mut files = files?;
    files.sort();
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        for byte in std::fs::read(file)? {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("// Contract {sum:016x}"))
}
