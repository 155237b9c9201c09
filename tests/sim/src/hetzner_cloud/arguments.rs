//! The command line options of the service.

use clap::Args;

use super::Settings;
use crate::machine::Machine;

/// The command line options of the service.
#[derive(Args)]
pub struct Arguments {
    /// API token with the permission Read & Write
    #[arg(long, value_name = "TOKEN", default_value = "s3cret")]
    token: String,
    /// API token with the permission Read
    #[arg(long, value_name = "TOKEN", default_value = "s3cret-read")]
    read_token: String,
    /// Server as ID=POWER[,name=NAME]; ID is a number, POWER is on, off or a status
    /// of the API; may be repeated [default: 42=on,name=node1 43=off,name=node2]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further servers, all off
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    servers: u32,
    /// Maximum number of servers on one page
    #[arg(long, value_name = "SERVERS", default_value_t = 50)]
    page: usize,
    /// Number of reads of a server for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of reads of an action at which it is running
    #[arg(long, value_name = "READS", default_value_t = 2)]
    polls: u32,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let mut settings = Settings {
            token: self.token,
            read_token: self.read_token,
            page: self.page,
            lag: self.lag,
            polls: self.polls,
            ..Settings::default()
        };
        if !self.machines.is_empty() {
            settings.machines = self.machines;
        }
        settings.machines.extend(super::further(self.servers));
        settings
    }
}
