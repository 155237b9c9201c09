//! The command line options of the services.

use clap::Args;

use super::Settings;
use crate::machine::Machine;

/// The command line options of the services.
#[derive(Args)]
pub struct Arguments {
    /// User name that may log in
    #[arg(long, value_name = "NAME", default_value = "fencer")]
    login: String,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// Name of the project
    #[arg(long, value_name = "NAME", default_value = "admin")]
    project: String,
    /// Secret of the application credential appcred1
    #[arg(long, value_name = "SECRET", default_value = "app-s3cret")]
    credential_secret: String,
    /// Server as UUID=POWER[,name=NAME]; POWER is on, off, paused or a status of
    /// Nova; may be repeated [default: node1 (on), node2 (off), web1 (paused), and
    /// two servers with the name twin]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further servers, all off
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    servers: u32,
    /// Maximum number of servers on one page
    #[arg(long, value_name = "SERVERS", default_value_t = 1000)]
    page: usize,
    /// Number of reads of a server for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of reads for which an action runs
    #[arg(long, value_name = "READS", default_value_t = 2)]
    action_polls: u32,
    /// Number of requests for which a token is valid [default: unlimited]
    #[arg(long, value_name = "REQUESTS")]
    token_calls: Option<u64>,
    /// No microversions after 2.1
    #[arg(long)]
    old_api: bool,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let defaults = Settings::default();
        let mut settings = Settings {
            login: self.login,
            password: self.password,
            project: self.project,
            credential: (defaults.credential.0.clone(), self.credential_secret),
            page: self.page,
            lag: self.lag,
            action_polls: self.action_polls,
            token_calls: self.token_calls,
            old_api: self.old_api,
            ..defaults
        };
        if !self.machines.is_empty() {
            settings.machines = self.machines;
        }
        settings.machines.extend(super::further(self.servers));
        settings
    }
}
