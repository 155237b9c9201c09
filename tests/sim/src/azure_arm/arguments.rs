//! The command line options of the subscription.

use clap::Args;

use super::Settings;
use crate::machine::Machine;

/// The command line options of the subscription.
#[derive(Args)]
pub struct Arguments {
    /// Client secret of the application
    #[arg(long, value_name = "SECRET", default_value = "s3cret")]
    secret: String,
    /// Machine as NAME=POWER; POWER is on, off (stopped), deallocated or another
    /// PowerState; may be repeated
    /// [default: node1 (on), node2 (off), web1 (deallocated)]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Maximum number of machines on one page
    #[arg(long, value_name = "MACHINES", default_value_t = 100)]
    page: usize,
    /// Number of reads of a machine for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of reads for which an operation runs
    #[arg(long, value_name = "READS", default_value_t = 2)]
    operation_polls: u32,
    /// Number of requests for which a token is valid [default: unlimited]
    #[arg(long, value_name = "REQUESTS")]
    token_calls: Option<u64>,
    /// Answer a request that has nothing to do with 200 and without an operation
    #[arg(long)]
    at_once: bool,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let mut settings = Settings {
            secret: self.secret,
            page: self.page,
            lag: self.lag,
            operation_polls: self.operation_polls,
            token_calls: self.token_calls,
            at_once: self.at_once,
            ..Settings::default()
        };
        if !self.machines.is_empty() {
            settings.machines = self.machines;
        }
        settings
    }
}
