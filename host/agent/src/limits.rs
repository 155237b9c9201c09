//! Time limits: one deadline of an action, and the timeout of a single exchange.

use std::time::Duration;

use super::clock::{Clock, Deadline};

/// The timeout of one exchange if the option is 0, as Pacemaker's fencer always
/// sets it. 0 means "until the cluster kills the agent". A later answer is not
/// likely, and a third of Pacemaker's timeout of one minute leaves time for a
/// retry.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The deadline of an action with disabled timeouts. A cluster is not expected to
/// wait longer.
pub const LONGEST: Duration = Duration::from_secs(3600);
/// End of a reboot after its machine was off, since the agent's start. Pacemaker's
/// timeout is one minute (`pcmk_reboot_timeout`). If Pacemaker has to kill the
/// agent, the fencing has failed. The remaining time is for the logout.
const REBOOT_END: Duration = Duration::from_secs(45);
/// Minimum time of the second half of a reboot, which switches on. It is enough
/// for the request.
const SECOND_HALF_LEAST: Duration = Duration::from_secs(10);
/// The second half also has at least the elapsed time divided by this number: a
/// caller that has waited for minutes has a timeout of minutes.
const SECOND_HALF_PART: u32 = 6;
/// Additional time for parts without an option: start, pauses before retries, a
/// new login, and the reads that prove a plug off.
const ALLOWANCE: Duration = Duration::from_secs(30);

/// The time limits of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The deadline of everything: computation, waits, input and output.
    pub deadline: Deadline,
    /// Timeout of one exchange during login.
    pub login: Duration,
    /// Timeout of one exchange after login.
    pub shell: Duration,
}

/// The values of the options about time and attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Maximum number of polls after a request; 0 means unlimited.
    pub power_timeout: u32,
    /// Wait after each request.
    pub power_wait: Duration,
    /// Pause between polls.
    pub status_sleep: Duration,
    /// Timeout of one exchange during login; zero means that the option sets none.
    pub login_timeout: Duration,
    /// Timeout of one exchange after login; zero means that the option sets none.
    pub shell_timeout: Duration,
    /// Number of further attempts of `on`.
    pub retry_on: u32,
    /// Number of plugs of the action.
    pub plugs: u32,
}

impl Timeouts {
    /// The timeout of one exchange during login.
    pub fn login(&self) -> Duration {
        request_timeout(self.login_timeout)
    }

    /// The timeout of one exchange after login.
    pub fn shell(&self) -> Duration {
        request_timeout(self.shell_timeout)
    }

    /// The time limit of the action. `power_timeout` counts polls, as in the
    /// Python agents, and a poll of a slow device takes long. The limit is the
    /// time of all polls, waits and attempts that the options allow, so it never
    /// ends them early.
    pub fn budget(&self) -> Duration {
        if self.power_timeout == 0 || self.shell_timeout.is_zero() {
            return LONGEST;
        }
        let attempts = self.attempt().saturating_mul(self.retry_on.saturating_add(2));
        self.login()
            .saturating_mul(4)
            .saturating_add(attempts)
            .saturating_add(ALLOWANCE)
            .min(LONGEST)
    }

    /// The deadline of the second half of a reboot, which switches on. The agent
    /// must report that the machine was off before the caller's timeout. If a
    /// cluster calls (`is_hurried`) or if no option limits the time, this is
    /// [`REBOOT_END`]; otherwise the time that the options allow for `on`.
    pub fn second_half(&self, clock: &dyn Clock, is_hurried: bool) -> Deadline {
        let left = if is_hurried || self.power_timeout == 0 {
            let passed = clock.now();
            REBOOT_END.saturating_sub(passed).max(passed / SECOND_HALF_PART)
        } else {
            self.attempt().saturating_mul(self.retry_on.max(1))
        };
        Deadline::after(clock, left.max(SECOND_HALF_LEAST))
    }

    /// The maximum time of one attempt to switch all plugs.
    fn attempt(&self) -> Duration {
        let plugs = self.plugs.max(1);
        // A poll can consist of two exchanges: for a task and for the power status.
        let poll = self
            .status_sleep
            .saturating_add(self.shell().saturating_mul(plugs.saturating_mul(2)));
        let requests = self.shell().saturating_add(self.power_wait).saturating_mul(plugs);
        requests.saturating_add(poll.saturating_mul(self.power_timeout))
    }
}

fn request_timeout(option: Duration) -> Duration {
    if option.is_zero() { REQUEST_TIMEOUT } else { option }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, Timeouts};
    use crate::clock::Clock;
    use crate::virtual_clock::VirtualClock;

    const SECOND: Duration = Duration::from_secs(1);
    const USUAL: Timeouts = Timeouts {
        power_timeout: 20,
        power_wait: Duration::ZERO,
        status_sleep: SECOND,
        login_timeout: Duration::from_secs(5),
        shell_timeout: Duration::from_secs(3),
        retry_on: 1,
        plugs: 1,
    };

    #[test]
    fn the_budget_covers_everything_that_the_options_allow() {
        // Off once, and on as often as `retry_on` allows, with the slowest polls.
        for timeouts in [
            USUAL,
            Timeouts { plugs: 8, ..USUAL },
            Timeouts { retry_on: 3, ..USUAL },
            Timeouts {
                power_wait: 30 * SECOND,
                plugs: 2,
                ..USUAL
            },
        ] {
            let poll = timeouts.status_sleep + timeouts.shell_timeout * timeouts.plugs;
            let request = (timeouts.shell_timeout + timeouts.power_wait) * timeouts.plugs;
            let slowest = (request + poll * timeouts.power_timeout) * (timeouts.retry_on + 1) + timeouts.login_timeout;
            assert!(timeouts.budget() >= slowest.min(LONGEST), "{timeouts:?}");
        }
    }

    #[test]
    fn disabled_timeouts_mean_one_hour() {
        for timeouts in [
            Timeouts {
                power_timeout: 0,
                ..USUAL
            },
            Timeouts {
                shell_timeout: Duration::ZERO,
                ..USUAL
            },
            Timeouts {
                power_timeout: u32::MAX,
                ..USUAL
            },
            Timeouts {
                retry_on: u32::MAX,
                plugs: u32::MAX,
                ..USUAL
            },
        ] {
            assert_eq!(timeouts.budget(), LONGEST, "{timeouts:?}");
        }
    }

    #[test]
    fn the_second_half_ends_before_the_timeout_of_a_cluster() {
        let no_limit = Timeouts {
            power_timeout: 0,
            ..USUAL
        };
        for (timeouts, is_hurried, elapsed, end) in [
            (no_limit, false, 0, 45),
            (no_limit, true, 20, 45),
            (USUAL, true, 20, 45),
            // There is always time for a request.
            (no_limit, true, 44, 54),
            (no_limit, true, 300, 350),
        ] {
            let clock = VirtualClock::default();
            clock.sleep(SECOND * elapsed).expect("nothing interrupts it");
            let deadline = timeouts.second_half(&clock, is_hurried);
            assert_eq!(deadline.as_secs(), end, "{timeouts:?} {is_hurried} {elapsed}");
        }
        let clock = VirtualClock::default();
        let by_options = USUAL.second_half(&clock, false);
        let polls = USUAL.power_timeout * (USUAL.status_sleep + USUAL.shell_timeout);
        assert!(by_options.remaining(&clock) >= polls, "no poll is cut short");
    }

    #[test]
    fn a_timeout_of_zero_leaves_time_for_a_retry() {
        let timeouts = Timeouts {
            shell_timeout: Duration::ZERO,
            ..USUAL
        };
        assert_eq!((timeouts.login(), timeouts.shell()), (5 * SECOND, 20 * SECOND));
    }
}
