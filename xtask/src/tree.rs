//! The install tree: what a package puts on a machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::build;

/// An install tree that was laid out.
pub(crate) struct Tree(PathBuf);

impl Tree {
    /// Lays out `usr/` below `root`, which is emptied first: the host, the
    /// plugins with their compiled forms, and links for each agent that they
    /// say they are.
    pub(crate) fn lay_out(root: PathBuf, host: &Path, plugins: &[PathBuf]) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| root.display().to_string())?;
        }
        let tree = Self(root);
        let (programs, components, documents) = (tree.programs(), tree.components(), tree.documents());
        for folder in [&programs, &components, &documents] {
            tree.make_folder(folder)?;
        }
        copy(host, &programs.join("fencebox"), 0o755)?;
        tree.add(plugins)?;
        for plugin in plugins {
            tree.complete(plugin)?;
        }
        let workspace = build::workspace();
        for document in [
            "README.md",
            "docs/licences/Apache-2.0-WITH-LLVM-exception.txt",
            "docs/licences/MIT.txt",
        ] {
            let name = Path::new(document).file_name().context("a document without a name")?;
            copy(&workspace.join(document), &documents.join(name), 0o644)?;
        }
        Ok(tree)
    }

    /// Adds plugins with their compiled forms, each as the one agent that its
    /// file is called after.
    pub(crate) fn add(&self, plugins: &[PathBuf]) -> Result<()> {
        let (programs, components) = (self.programs(), self.components());
        let mut compile = Command::new(programs.join("fencebox"));
        compile.arg("compile").stdout(Stdio::null());
        for plugin in plugins {
            let component = components.join(plugin.file_name().context("a plugin without a name")?);
            copy(plugin, &component, 0o644)?;
            let agent = plugin.file_stem().context("a plugin without a name")?;
            symlink("fencebox", programs.join(agent))?;
            compile.arg(component);
        }
        build::run(&mut compile)
    }

    /// The record of a plugin that can say what it is, and links for its
    /// further names: of the program, and of the file, which the host looks for
    /// by name.
    pub(crate) fn complete(&self, plugin: &Path) -> Result<()> {
        let (programs, components) = (self.programs(), self.components());
        let file = plugin.file_name().context("a plugin without a name")?;
        let mut record = Command::new(programs.join("fencebox"));
        record.arg("record").arg(components.join(file)).stdout(Stdio::null());
        build::run(&mut record)?;
        let mut inspect = Command::new(programs.join("fencebox"));
        inspect.args(["inspect", "--names"]).arg(components.join(file));
        let output = inspect.output().with_context(|| format!("{inspect:?}"))?;
        ensure!(
            output.status.success(),
            "{inspect:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for name in String::from_utf8_lossy(&output.stdout).lines() {
            if plugin.file_stem().is_some_and(|own| own != name) {
                symlink("fencebox", programs.join(name))?;
                symlink(file, components.join(format!("{name}.wasm")))?;
            }
        }
        Ok(())
    }

    /// Makes a folder of the tree that only its owner can write, whatever the
    /// umask says: a compiled plugin is not trusted in any other.
    fn make_folder(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.0)) {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
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

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}
