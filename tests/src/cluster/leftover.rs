//! Finds what a lab left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folders to which a cluster outside its namespaces would write.
const FOLDERS: [&str; 9] = [
    "/etc/corosync",
    "/run/corosync",
    "/run/crm",
    "/run/lab",
    "/var/lib/corosync",
    "/var/lib/pacemaker",
    "/var/log/cluster",
    "/var/log/corosync",
    "/var/log/pacemaker",
];

/// A file: path, size and time.
type File = (PathBuf, u64, Option<SystemTime>);

/// The state before a lab, and what must be gone after it.
#[derive(Debug)]
pub struct Leftover {
    name: String,
    files: BTreeSet<File>,
    namespaces: BTreeSet<String>,
}

impl Leftover {
    /// The state before a lab whose file systems have this name.
    pub(super) fn before(name: String) -> Leftover {
        Leftover {
            name,
            files: files(),
            namespaces: BTreeSet::new(),
        }
    }

    /// Adds namespaces that must be gone.
    pub(super) fn expect_gone(&mut self, namespaces: &[String]) {
        self.namespaces.extend(namespaces.iter().cloned());
    }

    /// What exists but should not: processes that see the file systems of the lab, descriptors and mounts that keep its
    /// namespaces, its cables, and new or changed files.
    pub(super) fn find(&self) -> Vec<String> {
        let mut found = Vec::new();
        for process in list(Path::new("/proc")) {
            let number = process.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if number.parse::<u32>().is_err() {
                continue;
            }
            // A process in the lab, or in a node, sees its file systems. Other processes come and go.
            let mounts = fs::read_to_string(process.join("mountinfo")).unwrap_or_default();
            let ours = |mount: &&str| {
                mount.contains(&self.name)
                    || self
                        .namespaces
                        .iter()
                        .any(|namespace| mount.contains(namespace.as_str()))
            };
            found.extend(mounts.lines().filter(ours).map(|mount| format!("{number}: {mount}")));
            // Not its own namespaces: the kernel gives the number of a removed namespace to the next one.
            for link in list(&process.join("fd")) {
                let held = fs::read_link(&link)
                    .map(|held| held.display().to_string())
                    .unwrap_or_default();
                if self.namespaces.contains(&held) {
                    found.push(format!("{}: {held}", link.display()));
                }
            }
        }
        let cables = list(Path::new("/sys/class/net"));
        let cables = cables.iter().filter(|path| path.to_string_lossy().contains("/v-node"));
        found.extend(cables.map(|path| path.display().to_string()));
        let changed = files();
        found.extend(
            self.files
                .symmetric_difference(&changed)
                .map(|file| format!("{file:?}")),
        );
        found
    }
}

/// All files that a cluster would write, with their sizes and times.
fn files() -> BTreeSet<File> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    // The shared memory with which the cluster's daemons communicate.
    let buffers = list(Path::new("/dev/shm"));
    folders.extend(
        buffers
            .into_iter()
            .filter(|path| path.to_string_lossy().contains("/qb-")),
    );
    while let Some(path) = folders.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            folders.extend(list(&path));
        }
        found.insert((path, metadata.len(), metadata.modified().ok()));
    }
    found
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}
