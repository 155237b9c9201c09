//! Where the policy is: `/etc/fencebox/policy.toml`, and `etc/fencebox/policy.toml` in the install
//! tree, if that was moved. Each existing file applies, and neither can allow what the other
//! denies. If there is none, everything that plugins declare is allowed.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Denied, Policy};
use crate::ownership;

#[cfg(test)]
mod tests;

/// The policy of this machine.
const SYSTEM: &str = "/etc/fencebox/policy.toml";
/// The policy in an install tree, relative to the tree.
const OF_TREE: &str = "etc/fencebox/policy.toml";
/// Maximum size of the file, in bytes.
const LENGTH_LIMIT: u64 = 1024 * 1024;

/// The paths where the policy of this program may be. Usually both are the same file.
pub fn file_paths() -> Result<Vec<PathBuf>, Denied> {
    let program = crate::program::path().map_err(|cause| {
        Denied::new(format!(
            "policy: cannot find this program, and so not the policy beside it ({cause})"
        ))
    })?;
    // The program is `usr/sbin/fencebox` in its tree.
    let tree = program.ancestors().nth(3).unwrap_or(Path::new("/"));
    let mut places = vec![PathBuf::from(SYSTEM)];
    let of_tree = tree.join(OF_TREE);
    if !places.contains(&of_tree) {
        places.push(of_tree);
    }
    Ok(places)
}

/// The policy of all files at these places together. An error, with the remedy, if a file cannot be
/// read, is invalid, or could have been written by other users, and also if it is unclear whether a
/// file exists.
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

/// The places that exist, of whatever kind.
pub fn existing(places: &[PathBuf]) -> Result<Vec<&Path>, Denied> {
    let mut existing = Vec::new();
    for path in places {
        if exists(path)? {
            existing.push(path.as_path());
        }
    }
    Ok(existing)
}

/// The text for a machine without a policy: each place where agents look, once.
pub fn none_at(places: &[PathBuf]) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in places.iter().map(|place| place.display().to_string()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let verb = if names.len() == 1 { "does" } else { "do" };
    format!("{} {verb} not exist", names.join(" and "))
}

/// A policy is absent only if its name is missing from a readable folder of its path. A broken or
/// circular link, a folder without search permission, or a file in place of a folder could hide a
/// policy, so each of them is an error.
fn exists(path: &Path) -> Result<bool, Denied> {
    let mut way: Vec<_> = path.ancestors().filter(|step| !step.as_os_str().is_empty()).collect();
    way.reverse();
    for step in way {
        let refuse = |reason: String| {
            Denied::new(format!(
                "{}: {} {reason}; make the file readable, or remove what is in its way",
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

/// Reads a policy at any path, to test it before it is installed.
pub fn read_file(path: &Path) -> Result<Policy, Denied> {
    Policy::parse(path, &text_of(path)?)
}

/// The text of a file.
pub(super) fn text_of(path: &Path) -> Result<String, Denied> {
    let refuse = |reason: String| Denied::new(format!("{}: {reason}", path.display()));
    let bytes = bytes_of(path).map_err(|cause| refuse(cause.to_string()))?;
    if bytes.len() as u64 > LENGTH_LIMIT {
        return Err(refuse("the file is longer than 1 MiB; shorten it".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error
            .as_bytes()
            .iter()
            .take(valid)
            .filter(|byte| **byte == b'\n')
            .count();
        Denied::new(format!(
            "{}:{line}: this is not UTF-8; save the file as UTF-8",
            path.display()
        ))
    })
}

/// The whole content, but at most one byte more than the limit.
fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    file.take(LENGTH_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_trusted(path: &Path) -> Result<Policy, Denied> {
    read_file(&trusted(path, "a policy")?)
}

/// The path of a file that only trusted users can write, with the links of its folder resolved.
/// `what` is the kind of file, for the message.
pub(super) fn trusted(path: &Path, what: &str) -> Result<PathBuf, Denied> {
    let shown = path.parent().and_then(|folder| folder.canonicalize().ok());
    let shown = shown.zip(path.file_name()).map(|(folder, name)| folder.join(name));
    let path = shown.unwrap_or_else(|| path.to_owned());
    ownership::check_file(&path).map_err(|reason| {
        Denied::new(format!(
            "{}: {reason}; only root may own {what} and write it (chown, chmod)",
            path.display()
        ))
    })?;
    Ok(path)
}
