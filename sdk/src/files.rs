//! The files and folders that the plugin declared with [`Agent::file`].
//!
//! A call names the option that holds the path, never a path. Only regular
//! files, of at most 1 MiB; links are not followed.
//!
//! [`Agent::file`]: crate::Agent::file

pub use crate::bindings::fencebox::agent::files::Error as Failure;

/// The whole content of the file that `option` names.
///
/// # Errors
/// [`Failure::NotFound`] where there is none; else what keeps it from being
/// read.
pub fn read(option: &str) -> Result<Vec<u8>, Failure> {
    imported::read(option, None)
}

/// Makes the file that `option` names, or replaces its content at once.
///
/// # Errors
/// What keeps it from being written.
pub fn write(option: &str, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    imported::write(option, None, content.as_ref())
}

/// The whole content of a file in the folder that `option` names. `entry` is a
/// plain name, without a separator and without a dot at its start.
///
/// # Errors
/// As [`read`].
pub fn read_entry(option: &str, entry: &str) -> Result<Vec<u8>, Failure> {
    imported::read(option, Some(entry))
}

/// Makes a file in the folder that `option` names, or replaces its content at
/// once. `entry` is a plain name, as for [`read_entry`].
///
/// # Errors
/// As [`write`].
pub fn write_entry(option: &str, entry: &str, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    imported::write(option, Some(entry), content.as_ref())
}

#[cfg(target_family = "wasm")]
use crate::bindings::fencebox::agent::files as imported;
#[cfg(not(target_family = "wasm"))]
use crate::testing::files as imported;
