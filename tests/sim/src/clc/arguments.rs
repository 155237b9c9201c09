//! The command line options of the service.

use clap::Args;

use super::Settings;
use crate::machine::Machine;

/// The command line options of the service.
#[derive(Args)]
pub struct Arguments {
    /// User name that may log in
    #[arg(long, value_name = "NAME", default_value = "fencer")]
    login: String,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// Alias of the account
    #[arg(long, value_name = "ALIAS", default_value = "ACME")]
    account: String,
    /// Server as ID=POWER[,name=NAME]; POWER is on, off, paused or another word;
    /// may be repeated
    /// [default: WA1ACMEDB01=on,name=db01 WA1ACMEDB02=off WA1ACMEWEB01=paused]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of reads of a server for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of polls at which a task is `executing` before it is `succeeded`
    #[arg(long, value_name = "POLLS", default_value_t = 2)]
    task_polls: u32,
    /// Number of calls for which a token is valid [default: unlimited]
    #[arg(long, value_name = "CALLS")]
    token_calls: Option<u64>,
    /// Never include the servers themselves in groups, even if requested
    #[arg(long)]
    no_server_detail: bool,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let machines = if self.machines.is_empty() {
            super::machines()
        } else {
            self.machines
        };
        Settings {
            login: self.login,
            password: self.password,
            account: self.account,
            machines,
            lag: self.lag,
            task_polls: self.task_polls,
            token_calls: self.token_calls,
            server_detail: !self.no_server_detail,
        }
    }
}
