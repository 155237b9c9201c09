//! The command line options of the service.

use clap::Args;

use super::{Guest, Kind, Settings};
use crate::machine::Machine;

/// The command line options of the service.
#[derive(Args)]
pub struct Arguments {
    /// User that may log in, with its realm
    #[arg(long, value_name = "USER@REALM", default_value = "fencer@pve")]
    login: String,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// API token that may be used, as USER@REALM!TOKENID=SECRET
    #[arg(long, value_name = "TOKEN", default_value = "fencer@pve!node=s3cret-token")]
    token: String,
    /// Virtual machine at the first node, as VMID=POWER[,name=NAME]; POWER is on, off,
    /// paused or another word; may be repeated
    /// [default: 100=on,name=node1 at pve1, 101=off,name=node2 and the container
    /// 200=on,name=ct1 at pve2, and the template 9000]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Container at the first node, in the same form; may be repeated
    #[arg(long = "container", value_name = "MACHINE")]
    containers: Vec<Machine>,
    /// Number of further virtual machines, all off
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    guests: u32,
    /// Node that does not answer; may be repeated
    #[arg(long = "offline", value_name = "NODE")]
    offline: Vec<String>,
    /// Number of reads of a machine for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of polls at which a task is running before it is stopped
    #[arg(long, value_name = "POLLS", default_value_t = 2)]
    task_polls: u32,
    /// Number of requests for which a ticket is valid [default: unlimited]
    #[arg(long, value_name = "REQUESTS")]
    ticket_calls: Option<u64>,
    /// Refuse the parameter overrule-shutdown, as versions before 8.1 do
    #[arg(long)]
    old: bool,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let mut settings = Settings {
            login: self.login,
            password: self.password,
            token: self.token,
            offline: self.offline,
            lag: self.lag,
            task_polls: self.task_polls,
            ticket_calls: self.ticket_calls,
            is_old: self.old,
            ..Settings::default()
        };
        if !self.machines.is_empty() || !self.containers.is_empty() {
            let machines = self.machines.into_iter().map(|machine| Guest::new(machine, Kind::Qemu));
            let containers = self
                .containers
                .into_iter()
                .map(|machine| Guest::new(machine, Kind::Lxc));
            settings.guests = machines.chain(containers).collect();
        }
        settings.guests.extend(super::further(self.guests));
        settings
    }
}
