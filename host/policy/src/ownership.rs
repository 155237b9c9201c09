//! Which files may decide what runs on this machine: plugins, their compiled forms, their records,
//! and the policy. One rule applies to all: only root or the owner of this program can write the
//! file or replace it.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::program;
use reason::{IRREGULAR, PathKind};
pub use reason::{Reason, SystemError, Untrusted, UntrustedPath};

mod reason;

#[cfg(test)]
mod tests;

/// Maximum number of links in a path: the limit of the kernel.
const LINK_LIMIT: usize = 40;

/// Opens a file to read it, without waiting for the other end of a pipe.
/// With `follow` the last part of the path may be a link.
///
/// # Errors
///
/// If the file cannot be opened, or is not a regular file.
pub fn open(path: &Path, follow: bool) -> io::Result<(File, Metadata)> {
    let flags = libc::O_NONBLOCK | if follow { 0 } else { libc::O_NOFOLLOW };
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|cause| match cause.raw_os_error() {
        Some(libc::ELOOP) if !follow => irregular(),
        _ => cause,
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(irregular());
    }
    Ok((file, metadata))
}

fn irregular() -> io::Error {
    io::Error::other(IRREGULAR)
}

/// Verifies owner, mode and place of the file at this path. `metadata` has to come from the opened
/// file, so that the verified file is the one that is read.
///
/// # Errors
///
/// If another user could have written the file, or could replace it.
pub fn check(path: &Path, metadata: &Metadata) -> Result<(), Untrusted> {
    Checker::new().check(path, metadata)
}

/// Verifies the folders and links that lead to this path, and the folder at the path, if it is one.
/// A user who can replace one of them decides what the path leads to.
///
/// # Errors
///
/// If another user could replace a part of the path.
pub fn check_path(path: &Path) -> Result<(), UntrustedPath> {
    Checker::new().check_path(path)
}

/// Verifies a file that is not open. Prefer [`check`] for one that is then read.
///
/// # Errors
///
/// If the file cannot be examined, or as [`check`].
pub fn check_file(path: &Path) -> Result<(), Untrusted> {
    match path.symlink_metadata() {
        Ok(metadata) => check(path, &metadata),
        Err(cause) => Err(Reason::Unexamined(cause.into()).into()),
    }
}

/// Verifies several files of one run, and examines each of their folders only once. Only root or
/// the owner of this program can change a folder that was trusted.
#[derive(Debug)]
pub struct Checker {
    owner: u32,
    /// Folders that are trusted with the whole path to them, without links in it.
    trusted: Mutex<BTreeSet<PathBuf>>,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker {
    /// A checker that has examined nothing.
    pub fn new() -> Self {
        Self {
            owner: owner(),
            trusted: Mutex::default(),
        }
    }

    /// As the function [`check`].
    ///
    /// # Errors
    ///
    /// As the function.
    pub fn check(&self, path: &Path, metadata: &Metadata) -> Result<(), Untrusted> {
        if !metadata.is_file() {
            return Err(Reason::Irregular.into());
        }
        check_owner(metadata, self.owner)?;
        check_mode(metadata)?;
        Ok(self.check_path(path)?)
    }

    fn check_path(&self, path: &Path) -> Result<(), UntrustedPath> {
        self.resolve(path)?.trust
    }

    /// Walks to the path part by part, as the kernel does, through every link.
    ///
    /// # Errors
    ///
    /// If the path leads nowhere.
    pub fn resolve(&self, path: &Path) -> Result<Resolved, UntrustedPath> {
        let absolute =
            std::path::absolute(path).map_err(|cause| UntrustedPath::unreachable(PathKind::Folder, path, cause))?;
        let mut walk = Walk {
            checker: self,
            folder: PathBuf::from("/"),
            links: 0,
            trust: Ok(()),
        };
        // The first reason is the most useful one.
        let end = walk
            .to(&absolute)
            .map_err(|cause| walk.trust.clone().err().unwrap_or(cause))?;
        Ok(Resolved {
            path: end,
            trust: walk.trust,
        })
    }

    fn trusted(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.trusted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The path without links.
    pub path: PathBuf,
    /// Whether only trusted users can make the original path lead to another file.
    pub trust: Result<(), UntrustedPath>,
}

/// A walk along one path.
struct Walk<'a> {
    checker: &'a Checker,
    /// The folder that was reached.
    folder: PathBuf,
    /// Number of links until now.
    links: usize,
    /// The first reason not to trust the path.
    trust: Result<(), UntrustedPath>,
}

impl Walk<'_> {
    /// Walks to this absolute path. Returns its end.
    fn to(&mut self, path: &Path) -> Result<PathBuf, UntrustedPath> {
        let root = PathBuf::from("/");
        if !self.checker.trusted().contains(&root) {
            let metadata = root
                .metadata()
                .map_err(|cause| UntrustedPath::unreachable(PathKind::Folder, &root, cause))?;
            self.enter(root, &metadata);
        }
        let mut left = parts(path);
        let mut end = self.folder.clone();
        while let Some(part) = left.pop_front() {
            if part == ".." {
                self.folder.pop();
                end.clone_from(&self.folder);
                continue;
            }
            end = self.folder.join(&part);
            if self.checker.trusted().contains(&end) {
                self.folder.clone_from(&end);
                continue;
            }
            let metadata = end
                .symlink_metadata()
                .map_err(|cause| UntrustedPath::unreachable(PathKind::Path, &end, cause))?;
            if metadata.is_symlink() {
                let target = self.follow(&end, &metadata)?;
                left = parts(&target).into_iter().chain(left).collect();
                end.clone_from(&self.folder);
            } else if metadata.is_dir() {
                self.enter(end.clone(), &metadata);
            } else if !left.is_empty() {
                return Err(UntrustedPath::new(PathKind::Path, &end, Reason::NotAFolder));
            }
        }
        Ok(end)
    }

    /// Continues in this folder.
    fn enter(&mut self, folder: PathBuf, metadata: &Metadata) {
        let trust = check_folder(&folder, metadata, self.checker.owner);
        self.note(trust);
        if self.trust.is_ok() {
            self.checker.trusted().insert(folder.clone());
        }
        self.folder = folder;
    }

    /// The target of a link. Continues in the root folder if the target is an absolute path.
    fn follow(&mut self, link: &Path, metadata: &Metadata) -> Result<PathBuf, UntrustedPath> {
        let trust = check_owner(metadata, self.checker.owner)
            .map_err(|reason| UntrustedPath::new(PathKind::Link, link, reason));
        self.note(trust);
        self.links += 1;
        if self.links > LINK_LIMIT {
            return Err(UntrustedPath::new(PathKind::Link, link, Reason::TooManyLinks));
        }
        let target = link
            .read_link()
            .map_err(|cause| UntrustedPath::unreachable(PathKind::Link, link, cause))?;
        if target.is_absolute() {
            self.folder = PathBuf::from("/");
        }
        Ok(target)
    }

    /// Keeps the first reason.
    fn note(&mut self, trust: Result<(), UntrustedPath>) {
        if self.trust.is_ok() {
            self.trust = trust;
        }
    }
}

/// The parts of a path, without the root and `.`.
fn parts(path: &Path) -> VecDeque<OsString> {
    let here = |part: &Component<'_>| matches!(part, Component::RootDir | Component::CurDir);
    let parts = path.components().filter(|part| !here(part));
    parts.map(|part| part.as_os_str().to_owned()).collect()
}

fn check_folder(folder: &Path, metadata: &Metadata, owner: u32) -> Result<(), UntrustedPath> {
    // In a sticky folder such as /tmp, only the owner of a file renames it.
    let sticky = metadata.mode() & 0o1000 != 0;
    let mode = if sticky { Ok(()) } else { check_mode(metadata) };
    check_owner(metadata, owner)
        .and(mode)
        .map_err(|reason| UntrustedPath::new(PathKind::Folder, folder, reason))
}

/// The owner of this program, also if another file has taken its place by now.
/// If it is unknown, only root is trusted.
fn owner() -> u32 {
    let running = std::fs::metadata(program::LINK);
    let metadata = running.or_else(|_| program::path().and_then(std::fs::metadata));
    metadata.map_or(0, |metadata| metadata.uid())
}

fn check_owner(metadata: &Metadata, owner: u32) -> Result<(), Reason> {
    let user = metadata.uid();
    if user == 0 || user == owner {
        return Ok(());
    }
    Err(Reason::Owner(user))
}

fn check_mode(metadata: &Metadata) -> Result<(), Reason> {
    if metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Reason::Mode(metadata.mode() & 0o7777))
}
