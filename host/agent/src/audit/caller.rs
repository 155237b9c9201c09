//! The caller of the agent.

use crate::user;

/// The process that called the agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The agent's own process.
    pub pid: u32,
    /// The process that started it.
    pub parent: u32,
    /// The name of the parent's program, such as `pacemaker-fenced`.
    pub parent_name: String,
    /// The real user of the agent's process.
    pub user: Option<u32>,
    /// The environment's `PCMK_service`.
    pub service: Option<String>,
    /// Whether the options were arguments; otherwise they were on standard input.
    pub by_arguments: bool,
}

impl Caller {
    /// The caller of this process.
    pub fn of_this_process(service: Option<&str>, by_arguments: bool) -> Self {
        let parent = std::os::unix::process::parent_id();
        Self {
            pid: std::process::id(),
            parent,
            // The parent may have ended, so its name can be empty or that of another process.
            parent_name: std::fs::read_to_string(format!("/proc/{parent}/comm"))
                .map(|name| name.trim_end().to_owned())
                .unwrap_or_default(),
            user: Some(user::real_and_effective().0),
            service: service.map(str::to_owned),
            by_arguments,
        }
    }
}
