//! Plugins that the administrator installs, on disk.
//!
//! ```text
//! /usr/local/lib/fencebox/plugins/
//!   .lock                              held by whoever changes something here
//!   fence_x.wasm -> store/fence_x-0123456789abcdef/fence_x.wasm
//!   fence_y.wasm -> fence_x.wasm       another name of the same plugin
//!   store/fence_x-0123456789abcdef/    named by hash, written once, never changed
//!     fence_x.wasm
//!     fence_x.cwasm                    but for this, when fencebox was upgraded
//!     fence_x.json                     the record
//! ```
//!
//! The link `fence_x.wasm` is what an agent starts from. Replacing it by
//! `rename` is the one moment at which the old plugin, with its compiled form,
//! its record and all its names, becomes the new one. Everything before that
//! is beside the point for a running cluster, everything after it is tidying
//! up, and the next change does what a crash left undone.

mod change;
mod cleanup;
mod lock;
mod verify;

use std::path::{Path, PathBuf};

use crate::plugin::find::STORE;
use crate::plugin::{Folders, Recorded};
use crate::policy::ownership::UntrustedPlace;

pub use atomic_fs::Steps;
pub use change::{Package, Previous, install, previous, remove};
pub use verify::{Finding, verify};

#[cfg(test)]
mod tests;

/// Why nothing could be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A package brings the agent.
    #[error("{name} belongs to a package ({}), which is found first; remove or upgrade it with the package", .path.display())]
    Packaged {
        /// The agent.
        name: String,
        /// Its plugin.
        path: PathBuf,
    },
    /// Another installed plugin answers to the name.
    #[error("{name} is a name of the plugin {} already; remove that first", .path.display())]
    NameTaken {
        /// The agent.
        name: String,
        /// The plugin.
        path: PathBuf,
    },
    /// A program is in the way.
    #[error(
        "{} is there already and is not fencebox's ({what}); remove it or the package that brought it, or leave the \
         programs as they are with --no-links",
        .path.display()
    )]
    ProgramTaken {
        /// The program.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Others could change what is installed there.
    #[error("nothing is installed into {}: {reason}; correct that with chown and chmod", .folder.display())]
    Untrusted {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: UntrustedPlace,
    },
    /// Somebody else is at it.
    #[error("another fencebox changes the plugins in {} just now; try again when it is done", .0.display())]
    Busy(PathBuf),
    /// There is nothing to remove.
    #[error("{name} is not installed in {}; `fencebox list` tells what is", .folder.display())]
    NotInstalled {
        /// The agent.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// It is removed by its first name.
    #[error("{name} is another name of {main}; remove that")]
    OtherName {
        /// As it was given.
        name: String,
        /// The first name.
        main: String,
    },
    /// The system refused a change of the disk.
    #[error(transparent)]
    Disk(#[from] atomic_fs::Error),
    /// The plugin is whole, its surroundings are not.
    #[error("{name} is {done}, but not all around it is done: {cause}; run the same command again")]
    Unfinished {
        /// The agent.
        name: String,
        /// `installed` or `removed`.
        done: &'static str,
        /// Why.
        cause: Box<Error>,
    },
}

/// What the plugins folder has for an agent.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Absent,
    /// A link to a plugin in the store.
    Stored(PathBuf),
    /// A link to the first name of the same plugin.
    Alias(String),
    /// Put there by hand, or a link that leads elsewhere.
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

/// Whether a program is a link to this very fencebox.
fn is_ours(folders: &Folders, program: &Path) -> bool {
    let link = program.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    link && program.canonicalize().is_ok_and(|real| real == folders.binary)
}

/// Whether an agent of that name would find a plugin in this tree.
fn has_plugin(folders: &Folders, name: &str) -> bool {
    [&folders.packaged, &folders.own]
        .iter()
        .any(|folder| component(folder, name).exists())
}

/// The record of the plugin that is in this folder of the store.
fn record_in(folder: &Path) -> Recorded {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut files = entries.map(|entry| entry.path());
    match files.find(|path| path.extension().is_some_and(|extension| extension == "json")) {
        Some(record) => Recorded::beside(&record.with_extension("wasm")),
        None => Recorded::Absent,
    }
}
