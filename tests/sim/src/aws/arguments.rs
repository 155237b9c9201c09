//! The command line options of the service.

use clap::Args;

use super::{Keys, Settings};
use crate::machine::Machine;

/// The command line options of the service.
#[derive(Args)]
pub struct Arguments {
    /// Access key of the user
    #[arg(long, value_name = "KEY", default_value = "AKIASIMULATED")]
    access_key: String,
    /// Secret key of the user
    #[arg(long, value_name = "KEY", default_value = "s3cret")]
    secret_key: String,
    /// Session token of the user's keys, if they are temporary
    #[arg(long, value_name = "TOKEN")]
    session_token: Option<String>,
    /// Region
    #[arg(long, value_name = "REGION", default_value = "eu-central-1")]
    region: String,
    /// The machine that the agent runs on has no role
    #[arg(long)]
    no_role: bool,
    /// Instance that the agent runs on
    #[arg(long, value_name = "ID", default_value = super::WEB1)]
    own: String,
    /// Instance as ID=POWER[,name=NAME]; POWER is on, off or a state of EC2, such as
    /// terminated; may be repeated [default: node1 (on), node2 (off), web1 (on)]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further instances, all stopped
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    instances: u32,
    /// Maximum number of instances on one page
    #[arg(long, value_name = "INSTANCES", default_value_t = 1000)]
    page: usize,
    /// Number of reads of an instance for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of reads for which an instance is stopping or pending
    #[arg(long, value_name = "READS", default_value_t = 1)]
    polls: u32,
    /// The keys may only list instances
    #[arg(long)]
    read_only: bool,
    /// The service does not have the parameter SkipOsShutdown
    #[arg(long)]
    old_api: bool,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let defaults = Settings::default();
        let mut settings = Settings {
            keys: Keys {
                access_key: self.access_key,
                secret_key: self.secret_key,
                token: self.session_token,
            },
            region: self.region,
            role: defaults.role.clone().filter(|_| !self.no_role),
            own: self.own,
            page: self.page,
            lag: self.lag,
            polls: self.polls,
            may_switch: !self.read_only,
            is_old: self.old_api,
            ..defaults
        };
        if !self.machines.is_empty() {
            settings.machines = self.machines;
        }
        settings.machines.extend(super::further(self.instances));
        settings
    }
}
