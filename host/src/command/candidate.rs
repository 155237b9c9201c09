//! A plugin that is to be installed: what it says under every name that it
//! has, and what of it needs approval.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::plugin::{Approvals, Declared, Plugin, Record, agent_name};
use crate::policy::Approval;

/// Largest plugin file in bytes. What is larger is something else.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Every name of a plugin, with its description.
pub(super) struct Candidate {
    /// The first name, after which the file is called.
    pub(super) name: String,
    /// By name.
    declared: BTreeMap<String, Declared>,
}

impl Candidate {
    /// Asks the plugin, starting with the name that its file has.
    pub(super) fn of(plugin: &Plugin, file: &Path) -> anyhow::Result<Self> {
        let name = stem(file)?;
        let declared = plugin.describe_all(&name)?;
        let first = declared.get(&name).map_or("", |first| &first.description.name);
        ensure!(
            first == name,
            "{}: the agent's first name is {first}; rename the file to {first}.wasm",
            file.display()
        );
        Ok(Self { name, declared })
    }

    /// What it says under its first name.
    pub(super) fn first(&self) -> anyhow::Result<&Declared> {
        self.declared.get(&self.name).context("a plugin without a name")
    }

    /// What needs approval under each further name and not under the first.
    pub(super) fn besides(&self) -> Vec<(String, Vec<String>)> {
        let first = self.approval(&self.name);
        let further = self.declared.iter().filter(|(name, _)| **name != self.name);
        let more = further.map(|(name, declared)| (name.clone(), declared.approval().exceeding(&first)));
        more.filter(|(_, lines)| !lines.is_empty()).collect()
    }

    /// What needs approval and is not in `approved`.
    pub(super) fn exceeding(&self, approved: &Approvals) -> Vec<String> {
        let names = self.declared.keys();
        self.compare(
            names,
            |name| (self.approval(name), approval_in(approved, &self.name, name)),
            |name| (!approved.agents.contains_key(name)).then(|| format!("it answers to the further name {name}")),
        )
    }

    /// What was approved and is not needed any more.
    pub(super) fn released(&self, approved: &Approvals) -> Vec<String> {
        let names = approved.agents.keys();
        let before = |name: &str| approved.agents.get(name).cloned().unwrap_or_default();
        let now = |name: &str| {
            if self.declared.contains_key(name) {
                self.approval(name)
            } else {
                self.approval(&self.name)
            }
        };
        self.compare(
            names,
            |name| (before(name), now(name)),
            |name| (!self.declared.contains_key(name)).then(|| format!("the name {name}")),
        )
    }

    /// The lines in which one approval exceeds another, each once.
    fn compare<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
        pair: impl Fn(&str) -> (Approval, Approval),
        note: impl Fn(&str) -> Option<String>,
    ) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        // The first name first: others mostly say the same.
        let mut names: Vec<_> = names.collect();
        names.sort_by_key(|name| **name != self.name);
        for name in names {
            let (one, other) = pair(name);
            lines.extend(note(name));
            for line in one.exceeding(&other) {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        lines
    }

    fn approval(&self, name: &str) -> Approval {
        self.declared.get(name).map(Declared::approval).unwrap_or_default()
    }

    /// Its record.
    pub(super) fn record(&self, wasm: &[u8]) -> Record {
        Record::new(wasm, &self.declared, &self.name)
    }
}

/// What was approved under this name; of a new name, under the first.
fn approval_in(approved: &Approvals, first: &str, name: &str) -> Approval {
    let known = approved.agents.get(name).or_else(|| approved.agents.get(first));
    known.cloned().unwrap_or_default()
}

/// The agent that a plugin file is called after.
pub(super) fn stem(file: &Path) -> anyhow::Result<String> {
    let wasm = file.extension().is_some_and(|extension| extension == "wasm");
    let name = file.file_stem().and_then(agent_name).filter(|_| wasm);
    name.with_context(|| format!("{}: a plugin file is called fence_DEVICE.wasm", file.display()))
}

/// The whole file, once: what is checked is what is installed.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let metadata = std::fs::metadata(file).with_context(|| file.display().to_string())?;
    ensure!(metadata.is_file(), "{} is no regular file", file.display());
    let mut wasm = Vec::new();
    let opened = std::fs::File::open(file).and_then(|opened| opened.take(SIZE_LIMIT + 1).read_to_end(&mut wasm));
    opened.with_context(|| file.display().to_string())?;
    ensure!(
        wasm.len() as u64 <= SIZE_LIMIT,
        "{} is larger than 64 MiB, which no plugin is",
        file.display()
    );
    Ok(wasm)
}
