//! The install tree: what a package puts on a machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::build;

/// An install tree that was laid out.
pub(crate) struct Tree(PathBuf);

impl Tree {
    /// Lays out `usr/` below `root`, which is emptied first: the host, the
    /// plugins with their compiled forms, and a link for each agent.
    pub(crate) fn lay_out(root: PathBuf, host: &Path, plugins: &[PathBuf]) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| root.display().to_string())?;
        }
        let tree = Self(root);
        let (programs, components, documents) = (tree.programs(), tree.components(), tree.documents());
        for folder in [&programs, &components, &documents] {
            make_folder(folder)?;
        }
        let program = programs.join("fencebox");
        copy(host, &program, 0o755)?;
        let mut compile = Command::new(&program);
        compile.arg("compile").stdout(std::process::Stdio::null());
        for plugin in plugins {
            let component = components.join(plugin.file_name().context("a plugin without a name")?);
            copy(plugin, &component, 0o644)?;
            let agent = plugin.file_stem().context("a plugin without a name")?;
            symlink("fencebox", programs.join(agent))?;
            compile.arg(component);
        }
        build::run(&mut compile)?;
        copy(
            &build::workspace().join("README.md"),
            &documents.join("README.md"),
            0o644,
        )?;
        Ok(tree)
    }

    /// The program that the cluster calls.
    pub(crate) fn agent(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    /// Its topmost folder.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    fn programs(&self) -> PathBuf {
        self.0.join("usr/sbin")
    }

    fn components(&self) -> PathBuf {
        self.0.join("usr/lib/fencebox/plugins")
    }

    fn documents(&self) -> PathBuf {
        self.0.join("usr/share/doc/fencebox")
    }
}

/// Makes a folder that only its owner can write, whatever the umask says: a
/// compiled plugin is not trusted in any other.
fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for folder in folder.ancestors().take_while(|folder| !folder.ends_with("target")) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}
