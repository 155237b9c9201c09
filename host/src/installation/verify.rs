//! Verifies everything that is installed, by the rules that apply when an agent starts. Changes nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::cleanup::{agent, drafts, loose_names, unused};
use super::{STORE, component, has_plugin, is_ours};
use crate::plugin::{Folders, Plugin, Record, Recorded, agent_name, fault, locate};
use crate::policy::AgentPolicy;
use crate::policy::ownership::{Reason, Untrusted, UntrustedPath, check, check_path};
use atomic_fs::entries;

/// The remedy for an owner or a mode.
const CORRECT: &str = "correct that with chown and chmod";

/// A problem with an installed file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The agent, or the file if it does not belong to an agent.
    pub what: String,
    /// What is wrong, with the remedy.
    pub wrong: String,
}

/// The agents that were checked, and the problems.
#[derive(Debug, Default)]
struct Inspection {
    agents: BTreeSet<String>,
    findings: BTreeSet<Finding>,
}

/// Verifies the agents with these names, or everything if there are no names. Returns the number of checked agents, and
/// the problems.
pub fn verify(folders: &Folders, names: &[String]) -> (usize, Vec<Finding>) {
    let mut inspection = Inspection::default();
    for folder in [&folders.packaged, &folders.own] {
        inspection.folder(folders, folder, names);
    }
    for name in names
        .iter()
        .filter(|name| !inspection.agents.contains(*name))
        .collect::<Vec<_>>()
    {
        inspection.findings.insert(Finding {
            what: name.clone(),
            wrong: "no such plugin is installed; `fencebox list` shows the installed ones".to_owned(),
        });
    }
    if names.is_empty() {
        inspection.programs(folders);
        inspection.leftovers(folders);
    }
    (inspection.agents.len(), inspection.findings.into_iter().collect())
}

/// Whether no other user could have written the files in this folder.
pub(super) fn are_trusted(folder: &Path) -> bool {
    entries(folder).iter().all(|file| trust(file).is_ok())
}

/// Checks owner and mode by the rule that applies when an agent starts.
fn trust(file: &Path) -> Result<(), Untrusted> {
    match file.symlink_metadata() {
        Ok(metadata) => check(file, &metadata),
        Err(cause) => Err(Reason::Unreadable(cause.into()).into()),
    }
}

impl Inspection {
    fn find(&mut self, what: impl std::fmt::Display, wrong: impl Into<String>) {
        self.findings.insert(Finding {
            what: what.to_string(),
            wrong: wrong.into(),
        });
    }

    /// A folder or link that other users can replace. It is reported once, for all files below it.
    fn place(&mut self, place: &UntrustedPath) {
        self.find(place.path.display(), format!("{place}; {CORRECT}"));
    }

    fn folder(&mut self, folders: &Folders, folder: &Path, names: &[String]) {
        if folder.exists()
            && names.is_empty()
            && let Err(place) = check_path(folder)
        {
            self.place(&place);
        }
        for path in entries(folder) {
            let Some(name) = agent(&path).filter(|name| names.is_empty() || names.contains(name)) else {
                continue;
            };
            self.agents.insert(name.clone());
            if *folder == folders.own && component(&folders.packaged, &name).exists() {
                let packaged = component(&folders.packaged, &name);
                let wrong = format!(
                    "{path} is never used, because {} has priority; remove {path}",
                    packaged.display(),
                    path = path.display()
                );
                self.find(&name, wrong);
            }
            match path.canonicalize() {
                Err(_) => self.find(
                    &name,
                    format!("{} is a broken link; install the plugin again", path.display()),
                ),
                Ok(real) => {
                    if let Err(place) = check_path(&path) {
                        self.place(&place);
                    }
                    self.plugin(folders, folder, &name, &real);
                }
            }
        }
    }

    /// A plugin under its first name, or one of its further names.
    fn plugin(&mut self, folders: &Folders, folder: &Path, name: &str, real: &Path) {
        if self.has_untrusted_files(name, real) {
            return;
        }
        let record = match Recorded::beside(real) {
            Recorded::Current(record) => record,
            Recorded::Absent => {
                let wrong = "it has no record, so nothing is approved for it; install it with `fencebox install`";
                return self.find(name, wrong);
            }
            Recorded::Outdated(header) => {
                let version = header.version();
                return self.find(name, format!("fencebox {version} wrote its record; install it again"));
            }
            Recorded::Damaged(wrong) => return self.find(name, format!("{wrong}; install it again")),
        };
        if record.names().all(|known| known != name) {
            return self.find(name, format!("it is not a name of {}; remove the link", real.display()));
        }
        let program = folders.programs().join(name);
        if record.programs && !is_ours(folders, &program) {
            let wrong = format!(
                "its program {} is not a link to fencebox; install it again",
                program.display()
            );
            self.find(name, wrong);
        }
        if record.name == name {
            self.first_name(folder, &record, real);
        }
    }

    /// Whether other users can change the plugin's files. If so, nothing else is verified.
    fn has_untrusted_files(&mut self, name: &str, real: &Path) -> bool {
        let name = agent(real).unwrap_or_else(|| name.to_owned());
        let files = [real.to_owned(), real.with_extension("cwasm"), Record::path(real)];
        let mut untrusted = false;
        for file in files.iter().filter(|file| file.symlink_metadata().is_ok()) {
            match trust(file) {
                Ok(()) => continue,
                Err(Untrusted::File(reason)) => self.find(&name, format!("{}: {reason}; {CORRECT}", file.display())),
                Err(Untrusted::Place(place)) => self.place(&place),
            }
            untrusted = true;
        }
        untrusted
    }

    fn first_name(&mut self, folder: &Path, record: &Record, real: &Path) {
        let name = &record.name;
        for alias in &record.symlinks {
            if component(folder, alias).canonicalize().ok().as_deref() != Some(real) {
                self.find(
                    name,
                    format!("its further name {alias} does not lead to it; install it again"),
                );
            }
        }
        match std::fs::read(real) {
            Err(cause) => return self.find(name, format!("{}: {cause}; install it again", real.display())),
            Ok(wasm) if !record.is_of(&wasm) => {
                let wrong = "is not the file that was installed: its hashes differ; install it again";
                return self.find(name, format!("{} {wrong}", real.display()));
            }
            Ok(_) => {}
        }
        match fault(real) {
            Ok(None) => {}
            Ok(Some(reason)) => {
                let remedy = format!("run `fencebox compile {}`", real.display());
                self.find(name, format!("its compiled form is not used: {reason}; {remedy}"));
            }
            Err(cause) => self.find(name, cause.to_string()),
        }
        self.description(record, real);
    }

    /// Compares the description under each name with the record.
    fn description(&mut self, record: &Record, real: &Path) {
        let plugin = match Plugin::at(real.to_owned(), AgentPolicy::unrestricted()) {
            Ok(plugin) => plugin,
            Err(cause) => return self.find(&record.name, cause.to_string()),
        };
        for name in record.names() {
            match (plugin.describe(name), record.declared(name)) {
                (Err(cause), _) => self.find(name, cause.to_string()),
                (_, Err(cause)) => self.find(name, format!("{cause}; install it again")),
                (Ok(now), Ok(recorded)) if now != recorded => {
                    self.find(name, "its description differs from its record; install it again");
                }
                _ => {}
            }
        }
    }

    /// Reports programs without a plugin.
    fn programs(&mut self, folders: &Folders) {
        for program in entries(folders.programs()) {
            let Some(name) = program.file_name().and_then(agent_name) else {
                continue;
            };
            if is_ours(folders, &program) && !has_plugin(folders, &name) && locate(&name).is_err() {
                self.find(
                    &name,
                    format!("{} has no plugin; install one, or remove the link", program.display()),
                );
            }
        }
    }

    /// Reports files that no agent needs.
    fn leftovers(&mut self, folders: &Folders) {
        let again = "the next `fencebox install` or `fencebox remove` deletes it";
        let unfinished = drafts(folders)
            .into_iter()
            .chain(loose_names(folders))
            .chain(unused(folders));
        for path in unfinished {
            self.find(path.display(), format!("left by an interrupted change; {again}"));
        }
        for folder in [&folders.packaged, &folders.own] {
            let stored = entries(&folder.join(STORE));
            let stored = stored.iter().flat_map(|folder| stray(folder, &[]));
            for path in stray(folder, &[".lock", STORE]).into_iter().chain(stored) {
                self.find(path.display(), "belongs to no plugin; remove it");
            }
        }
    }
}

/// Files in a folder of plugins that do not belong to a plugin and are not in `known`.
fn stray(folder: &Path, known: &[&str]) -> Vec<PathBuf> {
    let belongs = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if known.contains(&name.as_ref()) || super::cleanup::is_unfinished_link(path) {
            return true;
        }
        let plugin = path.with_extension("wasm");
        let kind = path
            .extension()
            .is_some_and(|kind| kind == "wasm" || kind == "cwasm" || kind == "json");
        kind && agent(&plugin).is_some() && plugin.symlink_metadata().is_ok()
    };
    entries(folder).into_iter().filter(|path| !belongs(path)).collect()
}
