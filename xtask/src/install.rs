//! `cargo xtask install` and `cargo xtask uninstall`: install and uninstall fencebox, as a package does.

mod aside;
mod change;
mod manifest;
mod plan;
#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::dist;
use crate::tree::Tree;
use atomic_fs::Steps;

/// The place of an installation.
#[derive(Args)]
pub(crate) struct Destination {
    /// Folder to install into: / or /usr for the system, or e.g. /opt/fencebox
    ///
    /// With / or /usr, the files are in /usr/sbin, /usr/lib/fencebox and /usr/share/doc/fencebox, and Pacemaker finds
    /// the agents. With another folder, they are in sbin, lib and share below it.
    #[arg(long)]
    prefix: PathBuf,
    /// Folder that replaces / (for packagers)
    #[arg(long)]
    destdir: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Installation {
    #[command(flatten)]
    destination: Destination,
    /// Rename other packages' agents to FILE.distrib with dpkg-divert
    ///
    /// This applies to agents with the same names as ours. `uninstall` restores them.
    #[arg(long)]
    divert: bool,
    /// Install tree of `cargo xtask dist` to install, without a build
    #[arg(long)]
    from: Option<PathBuf>,
}

/// The folders of an installation.
#[derive(Debug)]
struct Place {
    /// The folder for the content of the tree's `usr`.
    root: PathBuf,
    /// The folder that replaces `/`.
    destdir: Option<PathBuf>,
}

impl Place {
    fn new(destination: &Destination) -> Result<Self> {
        let prefix = destination.prefix.as_path();
        ensure!(
            prefix.is_absolute() && prefix.components().all(|part| part != Component::ParentDir),
            "--prefix {}: give an absolute path without `..`",
            prefix.display()
        );
        ensure!(
            prefix.components().ne(Path::new("/usr/local").components()),
            "--prefix /usr/local: `fencebox install` uses /usr/local/lib/fencebox/plugins for the administrator's \
             plugins; use / or a separate folder, such as /opt/fencebox"
        );
        let prefix = match prefix.parent() {
            None => Path::new("usr"),
            Some(_) => prefix.strip_prefix("/")?,
        };
        let destdir = match &destination.destdir {
            None => None,
            Some(folder) => {
                std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
                Some(folder.canonicalize()?)
            }
        };
        Ok(Self {
            root: destdir.as_deref().unwrap_or(Path::new("/")).join(prefix),
            destdir,
        })
    }

    /// The administrator's files, which an uninstallation does not remove.
    fn administrators(&self) -> Vec<PathBuf> {
        let plugins = self.root.join("local").join(plan::PLUGINS);
        let policy = self
            .destdir
            .as_deref()
            .unwrap_or(Path::new("/"))
            .join("etc/fencebox/policy.toml");
        let there =
            |path: &PathBuf| path.is_file() || path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        [plugins, policy].into_iter().filter(there).collect()
    }
}

pub(crate) fn install(arguments: &Installation) -> Result<()> {
    let place = Place::new(&arguments.destination)?;
    let tree = match &arguments.from {
        Some(tree) => Tree::open(tree.clone())?,
        None => dist::lay_out()?,
    };
    let outcome = change::install(&place, tree.parts()?, arguments.divert, &mut Steps::default());
    let manifest = outcome.map_err(|cause| with_rights(cause, arguments, &tree))?;
    let programs = manifest.paths.iter().filter(|path| path.starts_with("sbin"));
    let names: Vec<_> = programs
        .filter_map(|path| path.file_name()?.to_str())
        .filter(|name| *name != "fencebox")
        .collect();
    let programs = place.root.join("sbin");
    println!("installed in {}: {}", place.root.display(), names.join(" "));
    for path in &manifest.diverted {
        let program = place.root.join(path);
        println!(
            "diverted: {} is now {}",
            program.display(),
            aside::aside(&program).display()
        );
    }
    if arguments.destination.prefix.components().count() > 1 && !place.root.ends_with("usr") {
        println!(
            "Pacemaker looks for agents only in /usr/sbin: create a link there for each agent that it has to find, \
             such as `ln -s {}/fence_clc /usr/sbin/`",
            programs.display()
        );
    }
    Ok(())
}

/// Adds the remedy if the user who built has no permission to install.
fn with_rights(cause: anyhow::Error, arguments: &Installation, tree: &Tree) -> anyhow::Error {
    let from = format!(" --from {}", tree.root().display());
    let divert = if arguments.divert { " --divert" } else { "" };
    let remedy = as_root("install", &arguments.destination);
    or_as_root(
        cause,
        &format!("the build is complete; install it with: {remedy}{from}{divert}"),
    )
}

/// The command that does the same as root, without a build.
fn as_root(task: &str, destination: &Destination) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let mut line = format!(
        "sudo {} {task} --prefix {}",
        program.display(),
        destination.prefix.display()
    );
    if let Some(destdir) = &destination.destdir {
        line.push_str(&format!(" --destdir {}", destdir.display()));
    }
    line
}

/// The cause, and the remedy if permissions are missing.
fn or_as_root(cause: anyhow::Error, remedy: &str) -> anyhow::Error {
    let denied = cause
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied);
    if denied {
        anyhow::anyhow!("{cause:#}; {remedy}")
    } else {
        cause
    }
}

pub(crate) fn uninstall(destination: &Destination) -> Result<()> {
    let place = Place::new(destination)?;
    let root = place.root.display();
    let left = change::uninstall(&place, &mut Steps::default());
    let left = left.map_err(|cause| or_as_root(cause, &format!("run: {}", as_root("uninstall", destination))))?;
    match left {
        None => println!("nothing is installed in {root}"),
        Some(left) => {
            println!("uninstalled from {root}");
            for folder in left {
                println!("not removed, because it contains files of others: {}", folder.display());
            }
        }
    }
    let administrators: Vec<_> = place
        .administrators()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if !administrators.is_empty() {
        println!(
            "not removed, because it belongs to the administrator: {}",
            administrators.join(", ")
        );
    }
    Ok(())
}
