//! A plugin before its installation: its description under each of its names, and what needs approval.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};

use crate::agent::clock::Clock;
use crate::plugin::{Approvals, Declared, Plugin, Record, agent_name};
use crate::policy::Approval;
use crate::trial::Attempt;

/// Maximum size of a plugin file, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Plugins from this size on contain an interpreter, and take most of a minute to compile.
const LARGE: u64 = 4 * 1024 * 1024;

/// A plugin with its description under each of its names.
pub(super) struct Candidate {
    /// The first name, which is also the name of the file.
    pub(super) name: String,
    /// The key is the name.
    declared: BTreeMap<String, Declared>,
}

impl Candidate {
    /// Runs the plugin's description under each name, first under the name of its file.
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

    /// The description under the first name.
    pub(super) fn first(&self) -> anyhow::Result<&Declared> {
        self.declared.get(&self.name).context("a plugin without a name")
    }

    /// What needs approval under a further name, but not under the first name.
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
            |name| (!approved.agents.contains_key(name)).then(|| format!("it has the further name {name}")),
        )
    }

    /// What was approved and is not needed anymore.
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

    /// The lines by which one approval exceeds the other, without duplicates.
    fn compare<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
        pair: impl Fn(&str) -> (Approval, Approval),
        note: impl Fn(&str) -> Option<String>,
    ) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        // The first name comes first, because the lines of the other names are mostly the same.
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

    /// The plugin's record.
    pub(super) fn record(&self, wasm: &[u8]) -> Record {
        Record::new(wasm, &self.declared, &self.name)
    }
}

/// What was approved under this name. For a new name: what was approved under the first name.
fn approval_in(approved: &Approvals, first: &str, name: &str) -> Approval {
    let known = approved.agents.get(name).or_else(|| approved.agents.get(first));
    known.cloned().unwrap_or_default()
}

/// The agent that a plugin file is named after.
pub(super) fn stem(file: &Path) -> anyhow::Result<String> {
    let wasm = file.extension().is_some_and(|extension| extension == "wasm");
    let name = file.file_stem().and_then(agent_name).filter(|_| wasm);
    name.with_context(|| format!("{}: rename the plugin file to fence_DEVICE.wasm", file.display()))
}

/// Reads the whole file once, so that the installed bytes are the checked bytes.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let metadata = std::fs::metadata(file).with_context(|| file.display().to_string())?;
    ensure!(metadata.is_file(), "{} is not a regular file", file.display());
    let mut wasm = Vec::new();
    let opened = std::fs::File::open(file).and_then(|opened| opened.take(SIZE_LIMIT + 1).read_to_end(&mut wasm));
    opened.with_context(|| file.display().to_string())?;
    ensure!(
        wasm.len() as u64 <= SIZE_LIMIT,
        "{} is larger than 64 MiB, the limit for a plugin",
        file.display()
    );
    Ok(wasm)
}

/// A plugin file that is ready to run. The lines of the agent's log go to `stderr`.
pub(super) fn attempt(file: &Path, clock: Arc<dyn Clock>, stderr: Box<dyn Write + Send>) -> anyhow::Result<Attempt> {
    let (name, wasm) = (stem(file)?, read(file)?);
    announce(file);
    Attempt::new(name, file, &wasm, clock, stderr)
}

/// Reports on a terminal that a plugin takes long to compile.
#[expect(clippy::print_stderr, reason = "for the person at the terminal")]
pub(super) fn announce(file: &Path) {
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    if size >= LARGE && std::io::stderr().is_terminal() {
        eprintln!(
            "compiling {} ({} MiB, with an interpreter): this takes up to a minute",
            file.display(),
            size / 1024 / 1024
        );
    }
}
