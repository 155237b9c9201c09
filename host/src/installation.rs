//! Plugins on disk that the administrator installs.
//!
//! ```text
//! /usr/local/lib/fencebox/plugins/
//!   .lock                              locked by the process that changes this folder
//!   fence_x.wasm -> store/fence_x-0123456789abcdef/fence_x.wasm
//!   fence_y.wasm -> fence_x.wasm       another name of the same plugin
//!   store/fence_x-0123456789abcdef/    named by hash, written once, not changed later
//!     fence_x.wasm
//!     fence_x.cwasm                    the compiled form, replaced if fencebox is upgraded
//!     fence_x.json                     the record
//! ```
//!
//! An agent starts from the link `fence_x.wasm`. One `rename` of this link replaces the old plugin by the new one, with
//! compiled form, record and all names. Steps before it do not affect a running cluster, and steps after it are
//! cleanup. The next change completes what a crash left unfinished.

mod change;
mod cleanup;
mod lock;
mod verify;

use std::path::{Path, PathBuf};

use crate::plugin::find::STORE;
use crate::plugin::{Folders, Recorded};
use crate::policy::ownership::UntrustedPath;

pub use atomic_fs::Steps;
pub use change::{Package, Previous, install, previous, remove};
pub use verify::{Finding, verify};

#[cfg(test)]
mod tests;

/// Why an installation or a removal failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A package contains the agent.
    #[error("{name} belongs to a package ({}); remove or upgrade the package instead", .path.display())]
    Packaged {
        /// The agent.
        name: String,
        /// Its plugin.
        path: PathBuf,
    },
    /// Another installed plugin has the name.
    #[error("{name} is already a name of the plugin {}; remove that plugin first", .path.display())]
    NameTaken {
        /// The agent.
        name: String,
        /// The plugin.
        path: PathBuf,
    },
    /// Another program has the name.
    #[error(
        "{} exists and is not a link to fencebox ({what}); remove it or its package, or install without links \
         (--no-links)",
        .path.display()
    )]
    ProgramTaken {
        /// The program.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Other users could change the installed files.
    #[error("nothing is installed into {}: {reason}; correct that with chown and chmod", .folder.display())]
    Untrusted {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: UntrustedPath,
    },
    /// Another process holds the lock.
    #[error("another fencebox process is changing the plugins in {}; try again when it has ended", .0.display())]
    Busy(PathBuf),
    /// The plugin to remove is not installed.
    #[error("{name} is not installed in {}; `fencebox list` shows the installed agents", .folder.display())]
    NotInstalled {
        /// The agent.
        name: String,
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// A plugin is removed by its first name.
    #[error("{name} is another name of {main}; remove {main} instead")]
    OtherName {
        /// The name on the command line.
        name: String,
        /// The first name.
        main: String,
    },
    /// A change on the disk failed.
    #[error(transparent)]
    Disk(#[from] atomic_fs::Error),
    /// The plugin itself is installed or removed, but a step after that failed.
    #[error("{name} is {done}, but a later step failed: {cause}; run the same command again")]
    Unfinished {
        /// The agent.
        name: String,
        /// `installed` or `removed`.
        done: &'static str,
        /// Why.
        cause: Box<Error>,
    },
}

/// The entry of an agent in the plugins folder.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Absent,
    /// A link to a plugin in the store.
    Stored(PathBuf),
    /// A link to the first name of the same plugin.
    Alias(String),
    /// A file that was copied there by hand, or a link to another place.
    Foreign,
}

fn entry(folder: &Path, name: &str) -> Entry {
    let path = component(folder, name);
    let Ok(metadata) = path.symlink_metadata() else {
        return Entry::Absent;
    };
    if !metadata.is_symlink() {
        return Entry::Foreign;
    }
    let target = path.read_link().unwrap_or_default();
    if target.starts_with(STORE) {
        return Entry::Stored(folder.join(target));
    }
    let bare = target.components().count() == 1;
    match target.file_stem().and_then(crate::plugin::agent_name) {
        Some(main) if bare && target.extension().is_some_and(|extension| extension == "wasm") => Entry::Alias(main),
        _ => Entry::Foreign,
    }
}

fn component(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.wasm"))
}

/// Whether a program is a link to this fencebox.
fn is_ours(folders: &Folders, program: &Path) -> bool {
    let link = program.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    link && program.canonicalize().is_ok_and(|real| real == folders.binary)
}

/// Whether this tree has a plugin for the agent of that name.
fn has_plugin(folders: &Folders, name: &str) -> bool {
    [&folders.packaged, &folders.own]
        .iter()
        .any(|folder| component(folder, name).exists())
}

/// The record of the plugin in this folder of the store.
fn record_in(folder: &Path) -> Recorded {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut files = entries.map(|entry| entry.path());
    match files.find(|path| path.extension().is_some_and(|extension| extension == "json")) {
        Some(record) => Recorded::beside(&record.with_extension("wasm")),
        None => Recorded::Absent,
    }
}
