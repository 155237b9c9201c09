//! The command line options of the project.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::Settings;
use crate::machine::Machine;
use crate::server::Config;

/// The command line options of the project.
#[derive(Args)]
pub struct Arguments {
    /// ID of the project
    #[arg(long, value_name = "ID", default_value = "proj1")]
    project: String,
    /// Instance as ID=POWER[,name=NAME]; POWER is on, off or a status of Compute
    /// Engine; may be repeated [default: node1 (on), node2 (off), web1 (suspended),
    /// and two instances with the name twin in two zones]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further instances, all off
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    instances: u32,
    /// Maximum number of instances on one page
    #[arg(long, value_name = "INSTANCES", default_value_t = 500)]
    page: usize,
    /// Number of reads of an instance for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of reads for which an operation runs
    #[arg(long, value_name = "READS", default_value_t = 2)]
    operation_polls: u32,
    /// Number of requests for which a token is valid [default: unlimited]
    #[arg(long, value_name = "REQUESTS")]
    token_calls: Option<u64>,
    /// How far the clock of the service is ahead
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    ahead: i64,
    /// File to write the key of the service account to; its token_uri is that of Google
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Arguments {
    /// A simulator with these options.
    ///
    /// # Errors
    /// If the key file cannot be written.
    pub fn config(self) -> Result<Config> {
        if let Some(file) = &self.key_file {
            let key = super::key_file("https://oauth2.googleapis.com/token");
            std::fs::write(file, key).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(self.settings().config())
    }

    fn settings(self) -> Settings {
        let mut settings = Settings {
            project: self.project,
            page: self.page,
            lag: self.lag,
            operation_polls: self.operation_polls,
            token_calls: self.token_calls,
            ahead: self.ahead,
            ..Settings::default()
        };
        if !self.machines.is_empty() {
            settings.machines = self.machines;
        }
        settings.machines.extend(super::further(self.instances));
        settings
    }
}
