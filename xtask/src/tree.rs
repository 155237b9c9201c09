//! The install tree: the files that a package installs on a machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::build;

/// Fixtures without a record: their descriptions are invalid, or they accept any name.
const UNRECORDED: &[&str] = &[
    "fence_exposed",
    "fence_impostor",
    "fence_liar",
    "fence_narrow",
    "fence_placed",
    "fence_settled",
    "fence_spin_describe",
    "fence_unproven",
    "fence_usurper",
    "fence_wide",
];

/// The schemas of the outputs as JSON, relative to the workspace.
const SCHEMAS: &str = "docs/schema";

/// The documents of a package, relative to the workspace.
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "docs/operating.md",
    "docs/policy.sample.toml",
    "docs/observe.sample.toml",
    "docs/logrotate.sample",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// The folders that the SDK needs, relative to the workspace.
const SDK_PARTS: [&str; 4] = ["sdk", "wit", "host/agent", "host/policy"];

/// Folders in them that a plugin in Rust does not need. Tools of other languages install themselves in the first one.
const NOT_INSTALLED: [&str; 2] = ["other-languages", "target"];

/// The manifest of a workspace with only these packages: what they inherit from the manifest of the whole workspace.
fn sdk_workspace(manifest: &str) -> Result<String> {
    let start = manifest.find("[workspace.package]");
    let end = manifest.find("[profile.dev]");
    let (start, end) = start.zip(end).context("Cargo.toml has other sections than expected")?;
    let inherited = manifest.get(start..end).unwrap_or_default();
    // The comment before the profiles.
    let inherited = inherited
        .trim_end()
        .rsplit_once("\n\n# ")
        .map_or(inherited, |(rest, _)| rest);
    Ok(format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"sdk\", \"sdk/macros\", \"host/agent\", \"host/policy\"]\n\n{inherited}\n"
    ))
}

/// An install tree on disk.
pub(crate) struct Tree(PathBuf);

/// A file or link of an installation.
pub(crate) struct Part {
    /// The path below `usr`.
    pub(crate) path: PathBuf,
    pub(crate) what: What,
}

/// The kind of a part.
pub(crate) enum What {
    /// A copy of this file, with this mode.
    File(PathBuf, u32),
    /// A symbolic link with this target.
    Link(PathBuf),
}

impl Tree {
    /// Empties `root` and makes `usr/` below it: the host, the plugins with their compiled forms, and links for all
    /// names of the plugins.
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
        tree.add_manuals()?;
        tree.add_sdk()?;
        let workspace = build::workspace();
        tree.copy_folder(&workspace.join(SCHEMAS), &tree.0.join("usr/share/fencebox/schema"))?;
        for document in DOCUMENTS {
            let name = Path::new(document).file_name().context("a document without a name")?;
            copy(&workspace.join(document), &documents.join(name), 0o644)?;
        }
        Ok(tree)
    }

    /// The tree that tests use, like a user's: with this program, and with the plugins of the documentation and of the
    /// tests. A tree is kept while it and its sources stay the same: to compile the plugins takes most of a minute.
    pub(crate) fn for_tests(folder: &str, host: &Path) -> Result<Self> {
        let mut plugins = build::plugins()?;
        plugins.extend(build::example()?);
        let fixtures = build::fixtures()?;
        let mut sources = vec![host.to_owned(), std::env::current_exe()?];
        sources.extend(plugins.iter().chain(&fixtures).cloned());
        sources.extend(
            SDK_PARTS
                .iter()
                .chain(&DOCUMENTS)
                .map(|part| build::workspace().join(part)),
        );
        sources.extend(["Cargo.toml", SCHEMAS].map(|part| build::workspace().join(part)));
        let kept = Self(build::target().join(folder));
        let record = kept.0.join("made-from");
        let before = fs::read_to_string(&record).ok();
        if before.is_some_and(|before| kept.state(&sources).is_ok_and(|now| now == before)) {
            return Ok(kept);
        }
        let tree = Self::lay_out(kept.0, host, &plugins)?;
        tree.add_fixtures(&fixtures)?;
        fs::write(record, tree.state(&sources)?)?;
        Ok(tree)
    }

    /// Size, mode and time of each file below the sources and of the tree, one line each.
    fn state(&self, sources: &[PathBuf]) -> Result<String> {
        let (mut lines, mut paths) = (Vec::new(), sources.to_vec());
        paths.push(self.0.join("usr"));
        while let Some(path) = paths.pop() {
            let metadata = path.symlink_metadata().with_context(|| path.display().to_string())?;
            if metadata.is_dir() {
                let inside = path.read_dir()?.map(|entry| entry.map(|entry| entry.path()));
                let inside = inside.collect::<Result<Vec<_>, _>>()?;
                paths.extend(inside.into_iter().filter(|path| is_installed(path)));
                continue;
            }
            let (mode, time) = (metadata.permissions().mode(), metadata.modified()?);
            lines.push(format!("{} {} {mode:o} {time:?}", path.display(), metadata.len()));
        }
        lines.sort();
        Ok(lines.join("\n"))
    }

    /// Adds the man pages, and the completions of shells.
    fn add_manuals(&self) -> Result<()> {
        let mut document = Command::new(self.programs().join("fencebox"));
        document.arg("document").arg(self.0.join("usr/share"));
        build::run(document.stdout(Stdio::null()))?;
        for folder in [
            "man/man8",
            "bash-completion/completions",
            "zsh/vendor-completions",
            "fish/vendor_completions.d",
        ] {
            self.make_folder(&self.0.join("usr/share").join(folder))?;
        }
        Ok(())
    }

    /// Adds the source of the SDK and of what it needs, as a workspace of its own: until the crate is published, the
    /// plugins of `fencebox new` depend on this path.
    fn add_sdk(&self) -> Result<()> {
        let (workspace, sources) = (build::workspace(), self.0.join("usr/share/fencebox/source"));
        self.make_folder(&sources)?;
        for part in SDK_PARTS {
            self.copy_folder(&workspace.join(part), &sources.join(part))?;
        }
        let manifest = workspace.join("Cargo.toml");
        let manifest = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        fs::write(sources.join("Cargo.toml"), sdk_workspace(&manifest)?)?;
        Ok(())
    }

    /// Copies the files below a folder.
    fn copy_folder(&self, from: &Path, to: &Path) -> Result<()> {
        self.make_folder(to)?;
        for entry in from.read_dir().with_context(|| from.display().to_string())? {
            let path = entry?.path();
            let target = to.join(path.file_name().context("a file without a name")?);
            if !is_installed(&path) {
                continue;
            }
            // A link in the sources leads to a part of the same workspace.
            if path.is_dir() {
                self.copy_folder(&path, &target)?;
            } else if path.is_file() {
                copy(&path, &target, 0o644)?;
            }
        }
        Ok(())
    }

    /// Opens an existing install tree.
    pub(crate) fn open(root: PathBuf) -> Result<Self> {
        let tree = Self(root.canonicalize().with_context(|| root.display().to_string())?);
        let host = tree.programs().join("fencebox");
        ensure!(
            host.is_file(),
            "{} is not an install tree: {} is missing; make one with `cargo xtask dist`",
            root.display(),
            host.display()
        );
        Ok(tree)
    }

    /// All files and links of the tree.
    pub(crate) fn parts(&self) -> Result<Vec<Part>> {
        let usr = self.0.join("usr");
        let (mut parts, mut folders) = (Vec::new(), vec![usr.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
                let source = entry?.path();
                let metadata = source.symlink_metadata()?;
                let what = if metadata.is_dir() {
                    folders.push(source);
                    continue;
                } else if metadata.is_symlink() {
                    What::Link(source.read_link()?)
                } else {
                    What::File(source.clone(), metadata.permissions().mode() & 0o777)
                };
                let path = source.strip_prefix(&usr)?.to_owned();
                parts.push(Part { path, what });
            }
        }
        parts.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(parts)
    }

    /// Adds plugins with their compiled forms, each as the agent that its file is named after.
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

    /// Adds the plugins that only the tests use, each with its record if its description can be recorded.
    pub(crate) fn add_fixtures(&self, fixtures: &[PathBuf]) -> Result<()> {
        self.add(fixtures)?;
        for fixture in fixtures {
            let name = fixture.file_stem().unwrap_or_default().to_string_lossy();
            // A fixture that is an upgrade of another one has the same name, and no links of its own.
            if !UNRECORDED.contains(&name.as_ref()) {
                self.complete(fixture)?;
            }
        }
        Ok(())
    }

    /// Adds the record of a plugin, and the links for its further names: one for the program, and one for the plugin
    /// file, which the host finds by name.
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

    /// Makes a folder of the tree that only its owner can write, with any umask, because compiled plugins in other
    /// folders are not trusted.
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

    /// The top folder of the tree.
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

/// Whether a file or folder of the SDK is a part of it.
fn is_installed(path: &Path) -> bool {
    path.file_name()
        .is_none_or(|name| NOT_INSTALLED.iter().all(|other| name != *other))
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}
