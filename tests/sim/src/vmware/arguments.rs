//! The command line options of both services.

use clap::Args;

use super::{Settings, Vm};
use crate::machine::Machine;

/// The command line options of both services.
#[derive(Args)]
pub struct Arguments {
    /// User name that may log in
    #[arg(long, value_name = "NAME", default_value = "fencer")]
    login: String,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// Additional machine as ID=POWER[,name=NAME], such as vm-1=on,name=node1; POWER is
    /// on, off, paused (suspended) or another word; may be repeated. The inventory
    /// always has db01 (on), db02 (off), web01 (suspended), two machines twin, the
    /// template golden, lost (disconnected), one with an odd name, and its copy
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further machines, all off
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    vms: u32,
    /// Number of reads of a machine for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// SOAP: number of polls at which a task is `running` before it is `success`
    #[arg(long, value_name = "POLLS", default_value_t = 1)]
    task_polls: u32,
    /// SOAP: maximum number of objects on one page
    #[arg(long, value_name = "OBJECTS", default_value_t = 1_000)]
    page: usize,
    /// SOAP: an ESXi host without vCenter
    #[arg(long)]
    esxi: bool,
    /// REST: maximum number of rows in the list
    #[arg(long, value_name = "ROWS", default_value_t = 4_000)]
    rows: usize,
    /// Maximum number of sessions
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    sessions: usize,
    /// Number of requests for which a session is valid [default: unlimited]
    #[arg(long, value_name = "REQUESTS")]
    session_calls: Option<u64>,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let mut vms = super::vms();
        vms.extend(self.machines.into_iter().map(Vm::new));
        vms.extend(super::further(self.vms));
        Settings {
            login: self.login,
            password: self.password,
            vms,
            lag: self.lag,
            task_polls: self.task_polls,
            page: self.page,
            is_esxi: self.esxi,
            rows: self.rows,
            sessions: self.sessions,
            session_calls: self.session_calls,
        }
    }
}
