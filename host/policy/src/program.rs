//! The path of this program. Environment variables and arguments do not affect it, because plugins
//! and policy are located relative to it.

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

#[cfg(test)]
mod tests;

/// The link to the running file, if `/proc` is mounted.
pub const LINK: &str = "/proc/self/exe";
/// Linux adds this to the path of a program whose file was replaced or removed.
const REPLACED: &[u8] = b" (deleted)";
/// Of `struct statx`, since Linux 6.8: the unique number of a mount.
const UNIQUE_MOUNT: StatxFlags = StatxFlags::from_bits_retain(0x4000);

/// The file of this program, with all links resolved. Without `/proc`, it is resolved from the path
/// with which the kernel started the program.
///
/// # Errors
///
/// If both ways fail. The message names the remedy.
pub fn path() -> io::Result<PathBuf> {
    let without_proc = |cause: io::Error| {
        let started = started_from().ok_or_else(|| {
            let what = format!("{LINK} cannot be read ({cause}), and this kernel has no other way; mount /proc");
            io::Error::new(cause.kind(), what)
        })?;
        started.canonicalize()
    };
    match std::env::current_exe() {
        // The kernel has resolved all links.
        Ok(program) if program.is_absolute() && !is_replaced(&program) => Ok(program),
        Ok(program) => successor(program).canonicalize(),
        Err(cause) => without_proc(cause),
    }
}

/// Whether Linux reports that the file of the program was replaced or removed.
fn is_replaced(program: &Path) -> bool {
    program.as_os_str().as_bytes().ends_with(REPLACED)
}

/// The file that replaced this program while it ran, if there is one.
fn successor(program: PathBuf) -> PathBuf {
    let replaced = program.as_os_str().as_bytes().strip_suffix(REPLACED);
    match replaced.map(|place| PathBuf::from(OsStr::from_bytes(place))) {
        Some(place) if program.symlink_metadata().is_err() => place,
        _ => program,
    }
}

/// The path that was passed to `execve`, from the kernel's auxiliary vector. The caller chose it,
/// but it led to this program.
///
/// Linux before 6.4 provides the vector only in `/proc`, and `rustix` panics if that is missing.
/// Without `/proc`, only Linux 6.8 and later can be recognized.
fn started_from() -> Option<PathBuf> {
    let root = statx(CWD, c"/", AtFlags::empty(), UNIQUE_MOUNT).ok()?;
    let recent = StatxFlags::from_bits_retain(root.stx_mask).contains(UNIQUE_MOUNT);
    if !recent {
        return None;
    }
    started_path(rustix::param::linux_execfn())
}

/// A program that was executed from a file descriptor has no path.
fn started_path(text: &CStr) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(text.to_bytes()));
    let is_path = !path.as_os_str().is_empty() && !path.starts_with("/dev/fd");
    is_path.then(|| path.to_owned())
}
