//! The plugin's own log lines: bounded, and marked as the plugin's.

use std::sync::Arc;

use crate::agent::log::{Level, Log};

#[cfg(test)]
mod tests;

/// Most lines of one action.
const LINE_LIMIT: u32 = 1_000;

/// Where a plugin's lines go, for one action.
pub struct Journal {
    log: Arc<Log>,
    agent: String,
    lines: u32,
}

impl Journal {
    /// Lines of the plugin of `agent`.
    pub fn new(log: Arc<Log>, agent: &str) -> Self {
        Self {
            log,
            agent: agent.to_owned(),
            lines: 0,
        }
    }

    /// One line. Past the limit lines are dropped, and that is said once.
    pub fn line(&mut self, level: Level, message: &str) {
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINE_LIMIT {
            if self.lines == LINE_LIMIT + 1 {
                self.log.warning(format!(
                    "{}: the plugin wrote more than {LINE_LIMIT} log lines; the rest is dropped",
                    self.agent
                ));
            }
            return;
        }
        self.log.line(level, &format!("{}: {message}", self.agent));
    }
}
