//! The log lines of a plugin: limited, and marked as the plugin's.

use std::sync::{Arc, Mutex, PoisonError};

use fencebox_agent::log::{LENGTH_LIMIT, Level, Log};
use fencebox_policy::{Limit, Limits};

#[cfg(test)]
mod tests;

/// Where the lines of a plugin go, for one action.
pub struct PluginLog {
    log: Arc<Log>,
    agent: String,
    limits: Limits,
    used: Mutex<Used>,
}

/// What the plugin has used of its limits.
#[derive(Default)]
struct Used {
    lines: u32,
    bytes: usize,
    /// A limit was reached, and a warning was logged.
    full: bool,
}

impl PluginLog {
    /// Lines of the plugin of `agent`.
    pub fn new(log: Arc<Log>, agent: &str, limits: Limits) -> Self {
        Self {
            log,
            agent: agent.to_owned(),
            limits,
            used: Mutex::default(),
        }
    }

    /// Masks a value in all lines from now on. False if there are too many of them.
    #[must_use]
    pub fn hide(&self, secret: &str) -> bool {
        self.log.hide_token(secret)
    }

    /// Logs one line. Above a limit, lines are dropped after one warning.
    pub fn line(&self, level: Level, message: &str) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.full {
            return;
        }
        used.lines += 1;
        // The log itself cuts longer messages.
        used.bytes += message.len().min(LENGTH_LIMIT);
        let (lines, bytes) = (self.limits.get(Limit::LogLines), self.limits.get(Limit::LogBytes));
        let met = match () {
            () if used.lines > lines.count() => format!("{lines} log lines; the rest is dropped{}", lines.note()),
            () if used.bytes > bytes.size() => format!("{bytes} of log; the rest is dropped{}", bytes.note()),
            () => return self.log.line(level, &format!("{}: {message}", self.agent)),
        };
        used.full = true;
        self.log
            .warning(format!("{}: the plugin wrote more than {met}", self.agent));
    }
}
