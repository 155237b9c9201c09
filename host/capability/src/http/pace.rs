//! How long an exchange may take, and how soon the next one may begin.

use std::time::Duration;

use super::{Failure, Http, Parts};
use fencebox_policy::{Limit, Origin};

/// The longest that one exchange may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout {
    /// Its length.
    pub limit: Duration,
    /// The option that changes it, which messages name as the remedy.
    pub option: &'static str,
}

impl Http {
    /// Waits if the plugin sends more requests in a second than a device should get.
    pub(super) fn slow_down(&self, origin: &Origin) -> Result<(), Failure> {
        let Parts { clock, deadline, .. } = &self.parts;
        let rate = self.parts.agent_policy.limits().get(Limit::RequestRate).size().max(1);
        let wait = self.parts.usage.wait(clock.now(), rate);
        if wait.is_zero() {
            return Ok(());
        }
        match clock.sleep(wait.min(deadline.remaining(clock.as_ref()))) {
            Err(_) if !self.closing => Err(Failure::TimedOut(format!(
                "{origin}: interrupted before the request, which had to wait: at most {rate} in a second"
            ))),
            _ => Ok(()),
        }
    }

    /// How long an exchange may take from now, and the text that explains this limit.
    pub(super) fn budget(&self) -> (Duration, String) {
        let Timeout { limit, option } = self.parts.timeout;
        let left = self.parts.deadline.remaining(self.parts.clock.as_ref());
        if left < limit {
            (
                left,
                format!(
                    "{:.1} s, all that the action had left (limited by power_timeout, shell_timeout and login_timeout)",
                    left.as_secs_f32()
                ),
            )
        } else {
            (limit, format!("{} s (option {option})", limit.as_secs_f32()))
        }
    }
}
