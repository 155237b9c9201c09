//! The command line options of the service.

use clap::Args;

use super::{Profile, Settings};
use crate::machine::Machine;

/// The command line options of the service.
#[derive(Args)]
pub struct Arguments {
    /// Vendor whose shape the service has
    #[arg(long, value_enum, default_value = "dell")]
    profile: Profile,
    /// User name that may log in
    #[arg(long, value_name = "NAME", default_value = "fencer")]
    login: String,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// System as ID=POWER[,name=HOSTNAME]; POWER is on, off, paused or another word;
    /// may be repeated [default: the systems of the profile, all on]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further systems, all off
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    systems: u32,
    /// Number of members on one page of the collection [default: all]
    #[arg(long, value_name = "MEMBERS")]
    page: Option<usize>,
    /// Number of reads of a system for which its old state is shown after a change
    /// [default: that of the profile]
    #[arg(long, value_name = "READS", verbatim_doc_comment)]
    lag: Option<u32>,
    /// Number of polls at which a task is `Running` before it is `Completed`
    #[arg(long, value_name = "POLLS", default_value_t = 2)]
    task_polls: u32,
    /// Maximum number of sessions
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    sessions: usize,
    /// Number of requests for which a session is valid [default: unlimited]
    #[arg(long, value_name = "REQUESTS")]
    session_calls: Option<u64>,
}

impl Arguments {
    /// The settings of these options.
    pub fn settings(self) -> Settings {
        let mut settings = Settings {
            login: self.login,
            password: self.password,
            page: self.page,
            task_polls: self.task_polls,
            sessions: self.sessions,
            session_calls: self.session_calls,
            lag: self.lag.unwrap_or(self.profile.lag()),
            ..Settings::of(self.profile)
        };
        if !self.machines.is_empty() {
            settings.machines = self.machines;
        }
        settings.machines.extend(super::further(self.systems));
        settings
    }
}
