//! Whose files count. A compiled plugin is native code that runs as root, and
//! a policy says what such code may do: neither is taken from somebody who
//! could not have replaced this program as well.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

#[cfg(test)]
mod tests;

/// Why this file could have been written by somebody who may not decide what
/// runs here; nothing if only root or the owner of this binary could. It has to
/// be a regular file. The folders above it count: who can rename one can
/// replace it.
pub(crate) fn distrust(path: &Path) -> Option<String> {
    let owner = owner();
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(cause) => return Some(format!("it cannot be looked at ({cause})")),
    };
    if !metadata.is_file() {
        return Some("this is no regular file".to_owned());
    }
    if let Some(reason) = belongs_elsewhere(&metadata, owner).or_else(|| writable_by_others(&metadata)) {
        return Some(reason);
    }
    // The real ones: a path may lead through links, or begin nowhere.
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    distrust_folders(folder.unwrap_or(Path::new(".")))
}

/// The same of a folder and all that are above it.
pub(crate) fn distrust_folders(folder: &Path) -> Option<String> {
    let owner = owner();
    let folder = match folder.canonicalize() {
        Ok(folder) => folder,
        Err(cause) => return Some(format!("its folder cannot be looked at ({cause})")),
    };
    folder.ancestors().find_map(|folder| {
        let reason = match folder.metadata() {
            Ok(metadata) => distrust_folder(&metadata, owner)?,
            Err(cause) => format!("cannot be looked at ({cause})"),
        };
        Some(format!("the folder {} {reason}", folder.display()))
    })
}

/// The owner of this binary, also when another has taken its place by now.
fn owner() -> u32 {
    std::fs::metadata("/proc/self/exe").map_or(0, |metadata| metadata.uid())
}

fn distrust_folder(metadata: &Metadata, owner: u32) -> Option<String> {
    // In a sticky folder such as /tmp nobody but its owner renames what is
    // another's.
    let sticky = metadata.mode() & 0o1000 != 0;
    belongs_elsewhere(metadata, owner).or_else(|| writable_by_others(metadata).filter(|_| !sticky))
}

fn belongs_elsewhere(metadata: &Metadata, owner: u32) -> Option<String> {
    let user = metadata.uid();
    (user != 0 && user != owner).then(|| format!("belongs to user {user}, not to root or the owner of fencebox"))
}

fn writable_by_others(metadata: &Metadata) -> Option<String> {
    (metadata.mode() & 0o022 != 0).then(|| format!("can be written by others (mode {:o})", metadata.mode() & 0o7777))
}
