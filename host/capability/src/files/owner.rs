//! Which files a plugin may write: files that no other user can change, in folders where no other
//! user can replace them. Otherwise another user could control who can read, change or run what the
//! agent writes, or what the plugin reads back.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, MetadataExt as _};

/// The bits of a file's mode that are kept when its content is replaced: they control who may read
/// it. Other bits, such as setuid, could be an attack.
pub(super) const KEPT_MODE: u32 = 0o644;
/// Only the owner of a file in such a folder can rename or remove it.
const STICKY: u32 = 0o1000;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why a file cannot be written. The text continues its name.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("its folder cannot be examined ({0})")]
    Unexamined(#[from] io::Error),
    #[error("its folder was replaced")]
    Replaced,
    #[error("the folder {} {cause}", .path.display())]
    Folder { path: PathBuf, cause: AccessReason },
    #[error(transparent)]
    File(#[from] AccessReason),
    #[error("has {0} names (hard links)")]
    HardLinks(u64),
}

/// Which other user could change a file or folder.
#[derive(Debug, thiserror::Error)]
pub(super) enum AccessReason {
    #[error("belongs to user {0}, not to root or the agent's own user")]
    Owner(u32),
    #[error("can be written by others (mode {0:o})")]
    Mode(u32),
}

/// Refuses the open folder at `path` if another user could replace it, a folder above it, or a file
/// in it.
pub(super) fn check_folder(folder: &Dir, path: &Path) -> Result<(), Reason> {
    let open = folder.dir_metadata()?;
    let path = path.canonicalize()?;
    let mut lowest = true;
    for folder in path.ancestors() {
        let metadata = folder.metadata()?;
        if std::mem::take(&mut lowest) && !is_same(&metadata, &open) {
            return Err(Reason::Replaced);
        }
        let writable = metadata.mode() & WRITABLE_BY_OTHERS != 0 && metadata.mode() & STICKY == 0;
        check(metadata.uid(), metadata.mode(), writable).map_err(|cause| Reason::Folder {
            path: folder.to_owned(),
            cause,
        })?;
    }
    Ok(())
}

/// Refuses a file that another user could change, or that has more than one hard link.
pub(super) fn check_file(metadata: &cap_std::fs::Metadata) -> Result<(), Reason> {
    let mode = metadata.mode();
    check(metadata.uid(), mode, mode & WRITABLE_BY_OTHERS != 0)?;
    if metadata.nlink() > 1 {
        return Err(Reason::HardLinks(metadata.nlink()));
    }
    Ok(())
}

fn check(owner: u32, mode: u32, writable: bool) -> Result<(), AccessReason> {
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(AccessReason::Owner(owner));
    }
    if writable {
        return Err(AccessReason::Mode(mode & 0o7777));
    }
    Ok(())
}

fn is_same(one: &Metadata, other: &cap_std::fs::Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}
