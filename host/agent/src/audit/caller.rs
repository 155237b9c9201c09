//! The caller of the agent.

use std::cell::OnceCell;

use crate::user;

/// The process that called the agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The agent's own process.
    pub pid: u32,
    /// The process that started it.
    pub parent: u32,
    /// The name of the parent's program, such as `pacemaker-fenced`.
    pub parent_name: OnceCell<String>,
    /// The real user of the agent's process.
    pub user: Option<u32>,
    /// The environment's `PCMK_service`.
    pub service: Option<String>,
    /// Whether the options were arguments; otherwise they were on standard input.
    pub by_arguments: bool,
}

impl Caller {
    /// The name of the parent's program. It is read at the first call: most agents only print a document. The parent
    /// may have ended, so it can be empty or the name of another process.
    pub fn parent_name(&self) -> &str {
        let read = || std::fs::read_to_string(format!("/proc/{}/comm", self.parent));
        self.parent_name
            .get_or_init(|| read().map(|name| name.trim_end().to_owned()).unwrap_or_default())
    }

    /// The caller of this process.
    pub fn of_this_process(service: Option<&str>, by_arguments: bool) -> Self {
        let parent = std::os::unix::process::parent_id();
        Self {
            pid: std::process::id(),
            parent,
            parent_name: OnceCell::new(),
            user: Some(user::real_and_effective().0),
            service: service.map(str::to_owned),
            by_arguments,
        }
    }
}
