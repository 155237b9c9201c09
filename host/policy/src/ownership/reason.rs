//! Why a file or a path is not trusted.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub(super) const IRREGULAR: &str = "this is not a regular file";

/// Why a file is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Because of the file itself.
    #[error(transparent)]
    File(#[from] Reason),
    /// Because of a folder or link in its path.
    #[error(transparent)]
    Place(#[from] UntrustedPath),
}

/// Why a path is not trusted: another user could make it lead to another file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} {} {reason}", .path.display())]
pub struct UntrustedPath {
    kind: PathKind,
    /// The path of that folder or link.
    pub path: PathBuf,
    reason: Reason,
}

impl UntrustedPath {
    pub(super) fn new(kind: PathKind, path: &Path, reason: Reason) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            reason,
        }
    }

    pub(super) fn unreachable(kind: PathKind, path: &Path, cause: io::Error) -> Self {
        Self::new(kind, path, Reason::Unreachable(cause.into()))
    }
}

/// What a part of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathKind {
    Folder,
    Link,
    /// Neither, or unknown because nothing is there.
    Path,
}

impl fmt::Display for PathKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Folder => "folder",
            Self::Link => "link",
            Self::Path => "path",
        })
    }
}

/// Why a file, a folder or a link is not trusted. The text continues its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// This user could change it.
    #[error("belongs to user {0}, not to root or the owner of fencebox")]
    Owner(u32),
    /// A group or all users could change it, by this mode.
    #[error("can be written by others (mode {0:o})")]
    Mode(u32),
    /// It is a folder, a link or a device.
    #[error("{IRREGULAR}")]
    Irregular,
    /// It is not a folder, although the path continues.
    #[error("is not a folder")]
    NotAFolder,
    /// The path has more links than the kernel follows.
    #[error("leads to too many others")]
    TooManyLinks,
    /// Its owner and mode are unknown.
    #[error("cannot be examined ({0})")]
    Unexamined(SystemError),
    /// It cannot be opened or read.
    #[error("it cannot be read ({0})")]
    Unreadable(SystemError),
    /// It cannot be reached.
    #[error(transparent)]
    Unreachable(#[from] SystemError),
}

/// What the system reported. Unlike [`io::Error`], it can be cloned and compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SystemError {
    kind: io::ErrorKind,
    text: String,
}

impl From<io::Error> for SystemError {
    fn from(cause: io::Error) -> Self {
        Self {
            kind: cause.kind(),
            text: cause.to_string(),
        }
    }
}
