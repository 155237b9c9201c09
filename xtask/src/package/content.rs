//! What all packages contain: the install tree, and the files that belong to the administrator.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::tree::{Part, Tree, What};

/// The version of the packages.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The revision of the packages of one version.
pub(super) const REVISION: &str = "1";
/// One line about the package.
pub(super) const SUMMARY: &str = "Fence agents in one sandboxed program";
/// The text about the package, in lines of at most 75 characters.
pub(super) const DESCRIPTION: [&str; 6] = [
    "Cluster managers call a fence agent to switch a failed machine off and to",
    "prove that it is off. fencebox is one program for the agents of many",
    "devices. Each device is a plugin that runs in a sandbox and reaches only",
    "what it was approved for. The program needs no other package.",
    "An agent of another package that has the same name is set aside, and is",
    "there again when this package is removed.",
];
/// There is no person whose address could be here.
pub(super) const MAINTAINER: &str = "The fencebox authors <authors@fencebox.invalid>";
/// Files that belong to the administrator, and their sources. The policy and the destinations limit and change nothing:
/// all of them are comments.
pub(super) const SETTINGS: [(&str, &str); 3] = [
    ("/etc/fencebox/observe.toml", "docs/observe.sample.toml"),
    ("/etc/fencebox/policy.toml", "docs/policy.sample.toml"),
    ("/etc/logrotate.d/fencebox", "docs/logrotate.sample"),
];
/// The folder of the audit file, with its mode: not every user should read about the devices.
pub(super) const LOGS: (&str, u32) = ("/var/log/fencebox", 0o750);

/// The content of a package.
pub(super) struct Content {
    /// Below `/usr`, in order.
    pub(super) parts: Vec<Part>,
    /// The time of all files.
    pub(super) time: u64,
}

impl Content {
    /// `scratch` is a folder for compressed man pages.
    pub(super) fn of(tree: &Tree, time: u64, scratch: &Path) -> Result<Self> {
        let parts = tree.parts()?.into_iter();
        let parts = parts.map(|part| compressed(part, scratch)).collect::<Result<_>>()?;
        Ok(Self { parts, time })
    }

    /// The names of the agents.
    pub(super) fn agents(&self) -> Vec<&str> {
        let links = self.parts.iter().filter(|part| matches!(part.what, What::Link(_)));
        let names = links.filter_map(|part| part.path.strip_prefix("sbin").ok()?.to_str());
        names.collect()
    }

    /// The paths that packages of a distribution may have too: programs of agents, and their man pages.
    pub(super) fn contended(&self) -> Vec<String> {
        let agents = self.agents();
        let programs = agents.iter().map(|agent| format!("/usr/sbin/{agent}"));
        let manuals = agents.iter().map(|agent| format!("/usr/share/man/man8/{agent}.8.gz"));
        programs.chain(manuals).collect()
    }

    /// Copies the content below a folder, whose modes and owners another program sets.
    pub(super) fn stage(&self, root: &Path) -> Result<()> {
        if root.exists() {
            std::fs::remove_dir_all(root).with_context(|| root.display().to_string())?;
        }
        for part in &self.parts {
            let path = root.join("usr").join(&part.path);
            make_parent(&path)?;
            match &part.what {
                What::Link(target) => std::os::unix::fs::symlink(target, &path)?,
                What::File(source, mode) => copy(source, &path, *mode)?,
            }
        }
        for (path, source) in SETTINGS {
            let path = below(root, path);
            make_parent(&path)?;
            copy(&build::workspace().join(source), &path, 0o644)?;
        }
        let (logs, mode) = LOGS;
        let logs = below(root, logs);
        std::fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
        Ok(std::fs::set_permissions(&logs, std::fs::Permissions::from_mode(mode))?)
    }
}

/// Man pages are compressed in packages.
fn compressed(mut part: Part, scratch: &Path) -> Result<Part> {
    if let What::File(source, mode) = &part.what
        && part.path.starts_with("share/man")
    {
        let name = part
            .path
            .file_name()
            .context("a path without a name")?
            .to_string_lossy();
        let name = format!("{name}.gz");
        let mut gzip = Command::new("gzip");
        let output = gzip.args(["-9", "-n", "-c"]).arg(source).output().context("gzip")?;
        ensure!(output.status.success(), "{gzip:?}: {}", output.status);
        let page = scratch.join(&name);
        make_parent(&page)?;
        std::fs::write(&page, output.stdout).with_context(|| page.display().to_string())?;
        part.path.set_file_name(name);
        part.what = What::File(page, *mode);
    }
    Ok(part)
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().context("a path without a folder")?;
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())
}

/// A path of the machine below a folder.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    std::fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    Ok(std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode))?)
}
