//! Where the policy is: `/etc/fencebox/policy.toml`, and where an install tree
//! was moved elsewhere, `etc/fencebox/policy.toml` of that tree. Each that is
//! there holds, and neither can widen the other. Where there is none, all that
//! plugins declare is left to them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Denied, Policy};
use crate::ownership;

#[cfg(test)]
mod tests;

/// Of this machine.
const SYSTEM: &str = "/etc/fencebox/policy.toml";
/// In an install tree.
const OF_TREE: &str = "etc/fencebox/policy.toml";
/// Longest file, in bytes.
const LENGTH_LIMIT: u64 = 1024 * 1024;

/// Where the policy of this program is looked for; usually both are one file.
pub fn places() -> Result<Vec<PathBuf>, Denied> {
    let program = crate::program::path().map_err(|cause| {
        Denied::new(format!(
            "policy: cannot find this program, beside which it is ({cause})"
        ))
    })?;
    // The program is `usr/sbin/fencebox` in its tree.
    let tree = program.ancestors().nth(3).unwrap_or(Path::new("/"));
    Ok(vec![PathBuf::from(SYSTEM), tree.join(OF_TREE)])
}

/// All that the files at these places take away. A file that cannot be read,
/// that others could have written, or that is wrong is a refusal, with the
/// remedy; so is a place of which nobody can say whether a file is there.
pub fn read(places: &[PathBuf]) -> Result<Policy, Denied> {
    let mut policy = Policy::unrestricted();
    let mut seen = Vec::new();
    for path in existing(places)? {
        let metadata = path.symlink_metadata();
        let metadata = metadata.map_err(|cause| Denied::new(format!("{}: {cause}", path.display())))?;
        let identity = (metadata.dev(), metadata.ino());
        if !seen.contains(&identity) {
            seen.push(identity);
            policy = policy.with(read_trusted(path)?);
        }
    }
    Ok(policy)
}

/// The places at which something is, whatever it is.
pub fn existing(places: &[PathBuf]) -> Result<Vec<&Path>, Denied> {
    let mut existing = Vec::new();
    for path in places {
        if exists(path)? {
            existing.push(path.as_path());
        }
    }
    Ok(existing)
}

/// A policy is absent only if its name is missing from a folder that could be
/// read on the way to it. A link that leads nowhere or in a circle, a folder that
/// may not be searched, a file where a folder should be: behind each of these a
/// policy may have been, so none of them is its absence.
fn exists(path: &Path) -> Result<bool, Denied> {
    let mut way: Vec<_> = path.ancestors().filter(|step| !step.as_os_str().is_empty()).collect();
    way.reverse();
    for step in way {
        let refuse = |reason: String| {
            Denied::new(format!(
                "{}: {} {reason}; make the policy readable, or remove what is in its way",
                path.display(),
                step.display()
            ))
        };
        let metadata = match step.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(false),
            Err(cause) => return Err(refuse(format!("cannot be examined ({cause})"))),
        };
        if metadata.is_symlink() && step != path {
            step.metadata()
                .map_err(|cause| refuse(format!("is a link that leads nowhere ({cause})")))?;
        }
    }
    Ok(true)
}

/// A policy wherever it is: to try one before it counts.
pub fn read_file(path: &Path) -> Result<Policy, Denied> {
    let refuse = |reason: String| Denied::new(format!("{}: {reason}", path.display()));
    let bytes = bytes_of(path).map_err(|cause| refuse(cause.to_string()))?;
    if bytes.len() as u64 > LENGTH_LIMIT {
        return Err(refuse("the file is longer than 1 MiB; shorten it".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error
            .as_bytes()
            .iter()
            .take(valid)
            .filter(|byte| **byte == b'\n')
            .count();
        Denied::new(format!(
            "{}:{line}: this is no UTF-8; write it as UTF-8",
            path.display()
        ))
    })?;
    Policy::parse(path, &text)
}

/// All of it, or one byte more than it may have.
fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(LENGTH_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_trusted(path: &Path) -> Result<Policy, Denied> {
    // As people know it.
    let shown = path.parent().and_then(|folder| folder.canonicalize().ok());
    let shown = shown.zip(path.file_name()).map(|(folder, name)| folder.join(name));
    let path = shown.as_deref().unwrap_or(path);
    ownership::check_file(path).map_err(|reason| {
        Denied::new(format!(
            "{}: {reason}; only root may own a policy and write it (chown, chmod)",
            path.display()
        ))
    })?;
    read_file(path)
}
