//! Readers of the files in which clouds' own tools keep logins.
//!
//! | Module | Files |
//! |---|---|
//! | [`yaml`] | YAML, such as OpenStack's `clouds.yaml` |
//! | [`variables`] | lines of a shell that set variables, such as OpenStack's openrc files |
//!
//! Nothing is executed, and nothing is expanded. A file that means something else to the tool that it was written for is
//! refused, because it would be a wrong login. No reason quotes the file, because it contains secrets.

pub mod variables;
pub mod yaml;

use std::fmt;

/// The reason why a file is refused, to be read after the name of the option that names the file. It never quotes the
/// file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    reason: String,
}

impl Malformed {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Malformed {}

/// The content as a text of at most `kibibytes`.
fn text(content: &[u8], kibibytes: usize) -> Result<&str, Malformed> {
    let text = str::from_utf8(content)
        .ok()
        .filter(|text| text.len() <= kibibytes * 1024);
    text.ok_or_else(|| Malformed::new(format!("is not a text of at most {kibibytes} KiB")))
}
