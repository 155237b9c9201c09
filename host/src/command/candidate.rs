//! A plugin that is to be installed: every name that it has, and all that it
//! wants to reach under any of them.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};

use crate::agent::log::Log;
use crate::agent::options::Table;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Described, Plugin, Record, agent_name};
use crate::policy::Reach;

/// Largest plugin file in bytes. What is larger is something else.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

pub(super) struct Candidate {
    /// Under its first name.
    pub(super) described: Described,
    /// Further names.
    pub(super) symlinks: Vec<String>,
    /// Under all names together.
    pub(super) reach: Reach,
    /// What it wants under a further name and not under the first.
    pub(super) besides: Vec<(String, Vec<String>)>,
}

impl Candidate {
    /// Asks the plugin, starting with the name that its file has. Each agent
    /// that it is has to be one that can be run.
    pub(super) fn of(plugin: &Plugin, file: &Path, log: &Arc<Log>) -> anyhow::Result<Self> {
        let stem = stem(file)?;
        let describe = |name: &str| {
            let described = plugin.describe(name, log, Arc::new(SystemClock::start()))?;
            Table::new(&described.description).with_context(|| format!("{}, as {name}", file.display()))?;
            anyhow::Ok(described)
        };
        let described = describe(&stem)?;
        let name = described.description.name.clone();
        ensure!(
            name == stem,
            "{}: the agent's first name is {name}; call the file {name}.wasm",
            file.display()
        );
        let mut symlinks: Vec<String> = Vec::new();
        for link in &described.description.symlinks {
            ensure!(
                agent_name(link.name.as_ref()).as_ref() == Some(&link.name),
                "{} wants to be called {:?} too, which is no name of an agent",
                file.display(),
                link.name
            );
            if link.name != name && !symlinks.contains(&link.name) {
                symlinks.push(link.name.clone());
            }
        }
        let mut reach = described.reach();
        let mut besides = Vec::new();
        for link in &symlinks {
            let other = describe(link)?.reach();
            let more = other.beyond(&described.reach());
            if !more.is_empty() {
                besides.push((link.clone(), more));
            }
            reach.add(&other);
        }
        Ok(Self {
            described,
            symlinks,
            reach,
            besides,
        })
    }

    pub(super) fn record(&self, wasm: &[u8]) -> Record {
        let description = self.described.description.clone();
        Record::new(wasm, description, self.symlinks.clone(), self.reach.clone())
    }
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
