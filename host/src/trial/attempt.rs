//! Runs a plugin file once, without installing it: for its author.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::agent::audit::Audit;
use crate::agent::clock::Clock;
use crate::agent::exit::Exit;
use crate::agent::log::Log;
use crate::agent::power::OFF_READS;
use crate::agent::run::Invocation;
use crate::confinement;
use crate::plugin::{Plugin, Seam};
use crate::policy::{self, AgentPolicy};

/// The value of an option that may be secret.
const HIDDEN: &str = "********";

/// The result of an action.
pub struct Outcome {
    /// The exit code.
    pub exit: Exit,
    /// Standard output.
    pub stdout: String,
    /// The options without secrets.
    pub options: BTreeMap<String, String>,
}

/// A plugin file that is ready to run.
pub struct Attempt {
    /// The agent that the file is named after.
    pub name: String,
    /// The compiled plugin.
    pub plugin: Arc<Plugin>,
    /// The agent's log.
    pub log: Arc<Log>,
    /// The clock of the run.
    pub clock: Arc<dyn Clock>,
    /// The audit of its actions.
    pub audit: Audit,
}

impl Attempt {
    /// Compiles the plugin of the agent `name`, whose file has the content `wasm`. The lines of the agent's log go to
    /// `stderr`.
    ///
    /// # Errors
    /// If it is not a plugin.
    pub fn new(
        name: String,
        file: &Path,
        wasm: &[u8],
        clock: Arc<dyn Clock>,
        stderr: Box<dyn Write + Send>,
    ) -> anyhow::Result<Self> {
        let policy = policy::file_paths().and_then(|places| policy::read(&places));
        let agent_policy = policy.map_or_else(AgentPolicy::nothing, |policy| policy.for_agent(&name));
        let plugin = Plugin::of_file(file.to_owned(), wasm)?.approved(agent_policy);
        let log = Arc::new(Log::new(stderr));
        log.set_agent(&name);
        Ok(Self {
            name,
            plugin: Arc::new(plugin),
            log,
            clock,
            audit: Audit::disabled(),
        })
    }

    /// Runs one action with these options. `confine` is whether the process loses its permissions, as an agent does.
    ///
    /// # Errors
    /// If the plugin has no such agent.
    pub fn run(
        &self,
        options: &BTreeMap<String, String>,
        seam: Option<Arc<dyn Seam>>,
        confine: bool,
    ) -> anyhow::Result<Outcome> {
        let mut agent = self.plugin.agent(&self.name, &self.log, self.clock.clone())?;
        if let Some(seam) = seam {
            agent = agent.with_seam(seam);
        }
        let lines: String = options
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
        let mut stdout = Vec::new();
        let table = agent.declared.table().clone();
        let exit = Invocation {
            name: &self.name,
            arguments: &[],
            stdin: &mut lines.as_bytes(),
            stdout: &mut stdout,
            log: &self.log,
            clock: self.clock.as_ref(),
            service: None,
            confine: &|needs| {
                if confine {
                    let name = &self.name;
                    let needs = self.audit.connect(needs);
                    self.log.debug(format!("{name}: {}", confinement::confine(&needs)));
                }
            },
            credentials: None,
            audit: &self.audit,
            off_reads: OFF_READS,
        }
        .run(&table, &mut agent);
        self.log.finish();
        let shown = |(name, value): (&String, &String)| {
            let option = table
                .options()
                .iter()
                .find(|option| option.name == *name || option.older.as_ref() == Some(name));
            // Also the value of a secret option with a typing error in its name.
            let value = match option {
                Some(option) if !option.secret => self.log.without_secrets(value),
                _ => HIDDEN.to_owned(),
            };
            (name.clone(), value)
        };
        Ok(Outcome {
            exit,
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            options: options.iter().map(shown).collect(),
        })
    }
}
