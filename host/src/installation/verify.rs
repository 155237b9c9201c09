//! Looks at everything that is installed, as an agent would start from it.
//! Changes nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::steps::entries;
use super::tidy::{agent, drafts, loose_names, unused};
use super::{STORE, component, has_plugin, is_ours};
use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::ownership::{distrust, distrust_folders};
use crate::plugin::{Folders, Plugin, Record, agent_name, fault, locate};
use crate::policy::Grant;

/// Something that is not as it was installed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The agent, or the file where it belongs to none.
    pub what: String,
    /// What is wrong, with the remedy.
    pub wrong: String,
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
struct Inspection {
    agents: BTreeSet<String>,
    findings: BTreeSet<Finding>,
}

/// Verifies the agents of these names, or everything. Returns how many agents
/// were looked at, and what is wrong.
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
            wrong: "there is no such plugin; `fencebox list` tells which there are".to_owned(),
        });
    }
    if names.is_empty() {
        inspection.programs(folders);
        inspection.leftovers(folders);
    }
    (inspection.agents.len(), inspection.findings.into_iter().collect())
}

/// Files in this folder that others could have written.
pub(super) fn modes(folder: &Path) -> Vec<String> {
    let faults = entries(folder).into_iter().filter_map(|file| {
        let reason = distrust(&file)?;
        Some(match reason.starts_with("the folder") {
            true => format!("{reason}; correct that with chown and chmod"),
            false => format!("{} {reason}; install it again", file.display()),
        })
    });
    let mut faults: Vec<_> = faults.collect();
    faults.dedup();
    faults
}

impl Inspection {
    fn find(&mut self, what: impl std::fmt::Display, wrong: impl Into<String>) {
        self.findings.insert(Finding {
            what: what.to_string(),
            wrong: wrong.into(),
        });
    }

    fn folder(&mut self, folders: &Folders, folder: &Path, names: &[String]) {
        let is_looked_at = folder.exists() && names.is_empty();
        if let Some(reason) = is_looked_at.then(|| distrust_folders(folder)).flatten() {
            self.find(folder.display(), format!("{reason}; correct that with chown and chmod"));
        }
        for path in entries(folder) {
            let Some(name) = agent(&path).filter(|name| names.is_empty() || names.contains(name)) else {
                continue;
            };
            self.agents.insert(name.clone());
            if *folder == folders.own && component(&folders.packaged, &name).exists() {
                let packaged = component(&folders.packaged, &name);
                let wrong = format!(
                    "{} is never used: {} is found first; remove it",
                    path.display(),
                    packaged.display()
                );
                self.find(&name, wrong);
            }
            match path.canonicalize() {
                Err(_) => self.find(
                    &name,
                    format!("{} leads nowhere; install the plugin again", path.display()),
                ),
                Ok(real) => self.plugin(folders, folder, &name, &real),
            }
        }
    }

    /// A plugin under its first name, or one of its further names.
    fn plugin(&mut self, folders: &Folders, folder: &Path, name: &str, real: &Path) {
        let record = match Record::beside(real) {
            Ok(Some(record)) => record,
            Ok(None) => {
                let wrong = "it has no record: nobody installed it; do that with `fencebox install`";
                return self.find(name, wrong);
            }
            Err(wrong) => return self.find(name, format!("{wrong}; install it again")),
        };
        if record.names().all(|known| known != name) {
            return self.find(name, format!("it is no name of {}; remove the link", real.display()));
        }
        let program = folders.programs().join(name);
        if record.programs && !is_ours(folders, &program) {
            let wrong = format!(
                "its program {} is no link to fencebox; install it again",
                program.display()
            );
            self.find(name, wrong);
        }
        if record.name == name {
            self.first_name(folder, &record, real);
        }
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
        for file in [real.to_owned(), real.with_extension("cwasm"), Record::path(real)] {
            let reason = distrust(&file).filter(|_| file.exists());
            if let Some(reason) = reason {
                self.find(
                    name,
                    format!("{}: {reason}; correct that with chown and chmod", file.display()),
                );
            }
        }
        match std::fs::read(real) {
            Err(cause) => return self.find(name, format!("{}: {cause}; install it again", real.display())),
            Ok(wasm) if !record.is_of(&wasm) => {
                let wrong = "is not the file that was installed, by its hashes; install it again";
                return self.find(name, format!("{} {wrong}", real.display()));
            }
            Ok(_) => {}
        }
        match fault(real) {
            Ok(None) => {}
            Ok(Some(reason)) => {
                let remedy = format!("run `fencebox compile {}`", real.display());
                self.find(name, format!("its compiled form is not taken: {reason}; {remedy}"));
            }
            Err(cause) => self.find(name, cause.to_string()),
        }
        self.description(record, real);
    }

    /// What it says is what was recorded, under each of its names.
    fn description(&mut self, record: &Record, real: &Path) {
        let log = Arc::new(Log::new(Box::new(std::io::sink())));
        let plugin = match Plugin::load(Grant::unrestricted(), real.to_owned(), &log) {
            Ok(plugin) => plugin,
            Err(cause) => return self.find(&record.name, cause.to_string()),
        };
        for name in record.names() {
            match plugin.describe(name, &log, Arc::new(SystemClock::start())) {
                Err(cause) => self.find(name, cause.to_string()),
                Ok(described) => {
                    if let Some(reason) = described.withheld() {
                        self.find(name, reason.to_string());
                    } else if name == record.name && described.description != record.description {
                        self.find(name, "it describes itself otherwise than its record; install it again");
                    }
                }
            }
        }
    }

    /// Programs that would find no plugin.
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

    /// What no agent needs.
    fn leftovers(&mut self, folders: &Folders) {
        let again = "the next `fencebox install` or `remove` clears it away";
        let unfinished = drafts(folders)
            .into_iter()
            .chain(loose_names(folders))
            .chain(unused(folders));
        for path in unfinished {
            self.find(
                path.display(),
                format!("left by a change that was interrupted; {again}"),
            );
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

/// Files in a folder of plugins that are none of a plugin's, nor of these.
fn stray(folder: &Path, known: &[&str]) -> Vec<PathBuf> {
    let belongs = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if known.contains(&name.as_ref()) || super::steps::drafted(path).is_some() {
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
