//! Where the policy is: `/etc/fencebox/policy.toml`, and where an install tree
//! was moved elsewhere, `etc/fencebox/policy.toml` of that tree. Each that is
//! there holds, and neither can widen the other. Where there is none, all that
//! plugins declare is left to them.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Policy, Refusal};
use crate::ownership::distrust;

#[cfg(test)]
mod tests;

/// Of this machine.
const SYSTEM: &str = "/etc/fencebox/policy.toml";
/// From the folder of the program, `usr/sbin` in its tree.
const OF_TREE: &str = "../../etc/fencebox/policy.toml";
/// Longest file, in bytes.
const LENGTH_LIMIT: u64 = 1024 * 1024;

/// Where the policy of this program is looked for; usually both are one file.
pub fn places() -> Result<Vec<PathBuf>, Refusal> {
    let program = std::env::current_exe().map_err(|cause| {
        Refusal::new(format!(
            "policy: cannot tell where this program is ({cause}); mount /proc"
        ))
    })?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    Ok(vec![PathBuf::from(SYSTEM), folder.join(OF_TREE)])
}

/// All that the files at these places take away. A file that cannot be read,
/// that others could have written, or that is wrong is a refusal, with the
/// remedy.
pub fn read(places: &[PathBuf]) -> Result<Policy, Refusal> {
    let mut policy = Policy::unrestricted();
    let mut seen = Vec::new();
    for path in places {
        let metadata = match path.symlink_metadata() {
            Err(cause) if cause.kind() == ErrorKind::NotFound => continue,
            Err(cause) => return Err(Refusal::new(format!("{}: {cause}; make it readable", path.display()))),
            Ok(metadata) => metadata,
        };
        let identity = (metadata.dev(), metadata.ino());
        if !seen.contains(&identity) {
            seen.push(identity);
            policy = policy.with(read_trusted(path)?);
        }
    }
    Ok(policy)
}

/// A policy wherever it is: to try one before it counts.
pub fn read_file(path: &Path) -> Result<Policy, Refusal> {
    let refuse = |reason: String| Refusal::new(format!("{}: {reason}", path.display()));
    let metadata = path.metadata().map_err(|cause| refuse(cause.to_string()))?;
    if metadata.len() > LENGTH_LIMIT {
        return Err(refuse("the file is longer than 1 MiB; shorten it".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|cause| refuse(cause.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error
            .as_bytes()
            .iter()
            .take(valid)
            .filter(|byte| **byte == b'\n')
            .count();
        Refusal::new(format!(
            "{}:{line}: this is no UTF-8; write it as UTF-8",
            path.display()
        ))
    })?;
    Policy::parse(path, &text)
}

fn read_trusted(path: &Path) -> Result<Policy, Refusal> {
    // As people know it.
    let shown = path.parent().and_then(|folder| folder.canonicalize().ok());
    let shown = shown.zip(path.file_name()).map(|(folder, name)| folder.join(name));
    let path = shown.as_deref().unwrap_or(path);
    match distrust(path) {
        Some(reason) => Err(Refusal::new(format!(
            "{}: {reason}; a policy is a file of root's that nobody else can write",
            path.display()
        ))),
        None => read_file(path),
    }
}
