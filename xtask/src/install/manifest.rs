//! The list of installed files, so that `uninstall` removes all of them and nothing else. It is beside the plugins. A
//! path is listed before it is created, so that a crash leaves no unlisted file.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use atomic_fs::Steps;

/// The path of the list, below the root of the installation.
pub(super) const FILE: &str = "lib/fencebox/installed";

/// Paths below the root of the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Files and links.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Our programs that replace diverted programs of others.
    pub(super) diverted: BTreeSet<PathBuf>,
    /// Folders that did not exist before.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Number of further folders that did not exist: the root itself, its parent, …
    pub(super) above: usize,
}

impl Manifest {
    /// Reads the existing list, if any.
    pub(super) fn read(root: &Path) -> Result<Option<Self>> {
        let path = root.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(cause).with_context(|| path.display().to_string()),
        };
        let mut manifest = Self::default();
        for (index, line) in text.lines().enumerate() {
            if let Some(number) = line.strip_prefix("above ").and_then(|number| number.parse().ok()) {
                manifest.above = number;
                continue;
            }
            let known = line.split_once(' ').filter(|(_, listed)| is_below(Path::new(listed)));
            let Some((kind, listed)) = known else {
                bail!(
                    "{}:{}: this line is not valid in a list of files",
                    path.display(),
                    index + 1
                );
            };
            let list = match kind {
                "file" => &mut manifest.paths,
                "diverted" => &mut manifest.diverted,
                "folder" => &mut manifest.folders,
                _ => bail!("{}:{}: this line has an unknown kind", path.display(), index + 1),
            };
            list.insert(listed.into());
        }
        Ok(Some(manifest))
    }

    /// Writes the list, and replaces an existing one.
    pub(super) fn write(&self, root: &Path, steps: &mut Steps) -> Result<()> {
        let mut text = String::new();
        let lists = [
            ("file", &self.paths),
            ("diverted", &self.diverted),
            ("folder", &self.folders),
        ];
        for (kind, list) in lists {
            for path in list {
                text.push_str(&format!("{kind} {}\n", path.display()));
            }
        }
        if self.above > 0 {
            text.push_str(&format!("above {}\n", self.above));
        }
        Ok(steps.replace(&root.join(FILE), text.as_bytes(), 0o644)?)
    }

    /// The union of two lists.
    pub(super) fn with(&self, other: &Self) -> Self {
        let all = |one: &BTreeSet<PathBuf>, other: &BTreeSet<PathBuf>| one.union(other).cloned().collect();
        Self {
            paths: all(&self.paths, &other.paths),
            diverted: all(&self.diverted, &other.diverted),
            folders: all(&self.folders, &other.folders),
            above: self.above.max(other.above),
        }
    }
}

/// Whether the path stays below the root. `uninstall` removes all listed paths, usually as root.
fn is_below(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}
