//! The plugin's own log lines: bounded, and marked as the plugin's.

use std::sync::Arc;

use fencebox_agent::log::{LENGTH_LIMIT, Level, Log};
use fencebox_policy::{Limit, Limits};

#[cfg(test)]
mod tests;

/// Where a plugin's lines go, for one action.
pub struct PluginLog {
    log: Arc<Log>,
    agent: String,
    limits: Limits,
    lines: u32,
    /// So long are they together.
    bytes: usize,
    /// A limit was met, and it was said.
    full: bool,
}

impl PluginLog {
    /// Lines of the plugin of `agent`.
    pub fn new(log: Arc<Log>, agent: &str, limits: Limits) -> Self {
        Self {
            log,
            agent: agent.to_owned(),
            limits,
            lines: 0,
            bytes: 0,
            full: false,
        }
    }

    /// One line. Past a limit lines are dropped, and that is said once.
    pub fn line(&mut self, level: Level, message: &str) {
        if self.full {
            return;
        }
        self.lines += 1;
        // The log itself cuts what is longer.
        self.bytes += message.len().min(LENGTH_LIMIT);
        let (lines, bytes) = (self.limits.get(Limit::LogLines), self.limits.get(Limit::LogBytes));
        let met = match () {
            () if self.lines > lines.count() => format!("{lines} log lines; the rest is dropped{}", lines.note()),
            () if self.bytes > bytes.size() => format!("{bytes} of log; the rest is dropped{}", bytes.note()),
            () => return self.log.line(level, &format!("{}: {message}", self.agent)),
        };
        self.full = true;
        self.log
            .warning(format!("{}: the plugin wrote more than {met}", self.agent));
    }
}
