//! What an installation has put on the disk, so that all of it can be taken
//! away, and nothing else. It lies beside the plugins, and lists a path before
//! that path is made: a crash leaves nothing that is not listed.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use atomic_fs::Steps;

/// Where it is, below the root of the installation.
pub(super) const FILE: &str = "lib/fencebox/installed";

/// Paths below the root of the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Files and links.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Programs in whose place others' were, which were put aside.
    pub(super) diverted: BTreeSet<PathBuf>,
    /// Folders that were not there before.
    pub(super) folders: BTreeSet<PathBuf>,
    /// How many more were not there: the root itself, the one above it, …
    pub(super) above: usize,
}

impl Manifest {
    /// The one that is there, if any.
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
                bail!("{}:{}: this is no line of a list of files", path.display(), index + 1);
            };
            let list = match kind {
                "file" => &mut manifest.paths,
                "diverted" => &mut manifest.diverted,
                "folder" => &mut manifest.folders,
                _ => bail!("{}:{}: this lists something unknown", path.display(), index + 1),
            };
            list.insert(listed.into());
        }
        Ok(Some(manifest))
    }

    /// Puts it in place of the one that is there.
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

    /// Everything that either of them lists.
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

/// Whether this leads nowhere but down. Whoever uninstalls removes what is
/// listed, usually as root.
fn is_below(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}
