//! The destinations of the parts of an install tree, and their order.
//!
//! In the tree, a plugin, its compiled form and its record are side by side. At the destination, they are in their own
//! folder, as with `fencebox install`, and a link points to the plugin: replacing this link switches all three files at
//! the same time.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::tree::{Part, What};

/// The folder of plugins.
pub(super) const PLUGINS: &str = "lib/fencebox/plugins";
/// The folder of the plugins' files.
const STORE: &str = "lib/fencebox/plugins/store";

/// The order of installation: what a program needs is installed before the program. A new host can run old plugins, but
/// an old host may not run new plugins, so the host is installed before the plugins. Parts are removed in the reverse
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Store,
    Document,
    Host,
    Plugin,
    Program,
}

/// The phase of a path.
pub(super) fn phase(path: &Path) -> Phase {
    if path.starts_with(STORE) {
        Phase::Store
    } else if path.starts_with(PLUGINS) {
        Phase::Plugin
    } else if path == Path::new("sbin/fencebox") {
        Phase::Host
    } else if path.starts_with("sbin") {
        Phase::Program
    } else {
        Phase::Document
    }
}

/// All parts with their destinations below `root`, in order.
pub(super) fn place(parts: Vec<Part>, root: &Path) -> Result<Vec<Part>> {
    let (plugins, mut placed): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| phase(&part.path) == Phase::Plugin);
    for part in plugins {
        let wasm = part.path.extension().is_some_and(|extension| extension == "wasm");
        match &part.what {
            What::File(source, _) if wasm => placed.extend(plugin(&part, source, root)?),
            What::Link(_) => placed.push(part),
            // The files beside a plugin are added with the plugin.
            What::File(source, _) => ensure!(
                source.with_extension("wasm").exists(),
                "{} does not belong to a plugin",
                source.display()
            ),
        }
    }
    placed.sort_by(|one, other| (phase(&one.path), &one.path).cmp(&(phase(&other.path), &other.path)));
    Ok(placed)
}

/// The files of a plugin in a folder of the store, and the link to them.
fn plugin(part: &Part, source: &Path, root: &Path) -> Result<Vec<Part>> {
    let name = part
        .path
        .file_stem()
        .and_then(|name| name.to_str())
        .context("a plugin without a name")?;
    let files = ["wasm", "cwasm", "json"].map(|kind| source.with_extension(kind));
    for file in &files {
        ensure!(
            file.is_file(),
            "{} is missing; make the install tree again with `cargo xtask dist`",
            file.display()
        );
    }
    let record = &files[2];
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(record)?)?;
    let hash = record["blake3"].as_str().and_then(|hash| hash.get(..16));
    let folder = folder(&files, name, hash.context("a record without a hash")?, root)?;
    let stored = |file: &PathBuf| Part {
        path: Path::new(STORE)
            .join(&folder)
            .join(file.file_name().unwrap_or_default()),
        what: What::File(file.clone(), 0o644),
    };
    let mut placed: Vec<_> = files.iter().map(stored).collect();
    placed.push(Part {
        path: part.path.clone(),
        what: What::Link(Path::new("store").join(&folder).join(format!("{name}.wasm"))),
    });
    Ok(placed)
}

/// The name of the folder for these files. An existing folder with exactly these files is reused. Folders are never
/// changed: one with the same name may have another build's compiled form, or be damaged or incomplete.
fn folder(files: &[PathBuf; 3], name: &str, hash: &str, root: &Path) -> Result<String> {
    let mut folder = format!("{name}-{hash}");
    for number in 2.. {
        let there = root.join(STORE).join(&folder);
        if there.symlink_metadata().is_err() || holds(&there, files)? {
            break;
        }
        folder = format!("{name}-{hash}-{number}");
    }
    Ok(folder)
}

fn holds(folder: &Path, files: &[PathBuf; 3]) -> Result<bool> {
    for file in files {
        let there = folder.join(file.file_name().unwrap_or_default());
        if std::fs::read(there).ok() != Some(std::fs::read(file)?) {
            return Ok(false);
        }
    }
    Ok(true)
}
