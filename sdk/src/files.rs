//! The files and folders that the plugin declared with [`Agent::file`].
//!
//! A call names the option that contains the path, and never a path. Only
//! regular files of at most 1 MiB are accepted. Links are followed for reading,
//! in a folder only inside it; a file that is declared for writing is never a
//! link.
//!
//! [`Agent::file`]: crate::Agent::file

pub use crate::bindings::fencebox::agent::files::Error as Failure;

/// The whole content of the file that `option` names.
///
/// # Errors
/// [`Failure::NotFound`] if the file is missing; otherwise the reason why it
/// cannot be read.
pub fn read(option: &str) -> Result<Vec<u8>, Failure> {
    imported::read(option, None)
}

/// Creates the file that `option` names, or replaces its content atomically.
///
/// # Errors
/// The reason why the file cannot be written.
pub fn write(option: &str, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    imported::write(option, None, content.as_ref())
}

/// The whole content of a file in the folder that `option` names. `entry` is
/// the name of the file, without a separator and without a leading dot.
///
/// # Errors
/// As [`read`].
pub fn read_entry(option: &str, entry: &str) -> Result<Vec<u8>, Failure> {
    imported::read(option, Some(entry))
}

/// Creates a file in the folder that `option` names, or replaces its content
/// atomically. `entry` is a file name, as for [`read_entry`].
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
