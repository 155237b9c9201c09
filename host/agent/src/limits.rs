//! How long an action and its parts may take: one deadline, and the patience
//! with a single exchange.

use std::time::Duration;

use super::clock::{Clock, Deadline};

/// The patience with one exchange when the option says 0, which means "until
/// the cluster kills the agent" and is what Pacemaker's fencer always asks
/// for. An answer that has not come by then will not; a third of the minute
/// that Pacemaker gives an agent leaves time to ask again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The deadline of an action whose timeouts are disabled: a cluster that
/// still waits then has forgotten the agent.
pub const LONGEST: Duration = Duration::from_secs(3600);
/// A reboot whose machine was off ends so long after the agent's start:
/// Pacemaker gives an agent a minute (`pcmk_reboot_timeout`), and one that it
/// has to kill counts as a fencing that failed. The rest is for the log-out.
const REBOOT_END: Duration = Duration::from_secs(45);
/// The half of a reboot that switches on has at least so long, however late it
/// is: enough for its request.
const SECOND_HALF_LEAST: Duration = Duration::from_secs(10);
/// Or this part of the time that has passed: a caller that has waited for
/// minutes gives an agent minutes.
const SECOND_HALF_PART: u32 = 6;
/// For what no option speaks of: starting, back-off, log-in again, the reads
/// that prove a plug off.
const ALLOWANCE: Duration = Duration::from_secs(30);

/// How long an action may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For everything: computing, waiting, sleeping, input and output.
    pub deadline: Deadline,
    /// For one exchange while logging in.
    pub login: Duration,
    /// For one exchange after that.
    pub shell: Duration,
}

/// What the options say about time and attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Most polls after a request; 0 is no limit.
    pub power_timeout: u32,
    /// After each request.
    pub power_wait: Duration,
    /// Between polls.
    pub status_sleep: Duration,
    /// For one exchange while logging in; zero is no limit of the option's.
    pub login_timeout: Duration,
    /// For one exchange after that; zero is no limit of the option's.
    pub shell_timeout: Duration,
    /// Further attempts of `on`.
    pub retry_on: u32,
    /// Plugs named.
    pub plugs: u32,
}

impl Timeouts {
    /// The patience with one exchange while logging in.
    pub fn login(&self) -> Duration {
        request_timeout(self.login_timeout)
    }

    /// The patience with one exchange after that.
    pub fn shell(&self) -> Duration {
        request_timeout(self.shell_timeout)
    }

    /// The time after which the action is given up. `power_timeout` counts
    /// polls, as the Python agents do, and a poll of a slow device takes long:
    /// the budget is what all the polls, waits and attempts that the options
    /// allow can take, so that it never cuts short what they ask for.
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

    /// When the half of a reboot that switches on has to be over. The machine
    /// was off, and that must not be lost because the caller gives up first:
    /// where a cluster calls (`is_hurried`) or no option bounds it, that is
    /// [`REBOOT_END`]; else it is what the options allow `on`.
    pub fn second_half(&self, clock: &dyn Clock, is_hurried: bool) -> Deadline {
        let left = if is_hurried || self.power_timeout == 0 {
            let passed = clock.now();
            REBOOT_END.saturating_sub(passed).max(passed / SECOND_HALF_PART)
        } else {
            self.attempt().saturating_mul(self.retry_on.max(1))
        };
        Deadline::after(clock, left.max(SECOND_HALF_LEAST))
    }

    /// What one attempt to switch all plugs can take at most.
    fn attempt(&self) -> Duration {
        let plugs = self.plugs.max(1);
        // A poll may have to follow a task and then read the power.
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
    fn the_budget_cuts_short_nothing_that_the_options_ask_for() {
        // Off once and on as often as retry_on says, each poll as slow as may be.
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
    fn no_timeouts_are_an_hour() {
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
    fn a_second_half_ends_before_a_cluster_gives_up() {
        let no_limit = Timeouts {
            power_timeout: 0,
            ..USUAL
        };
        for (timeouts, is_hurried, elapsed, end) in [
            (no_limit, false, 0, 45),
            (no_limit, true, 20, 45),
            (USUAL, true, 20, 45),
            // However late it is, there is time for a request.
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
    fn no_patience_leaves_time_to_ask_again() {
        let timeouts = Timeouts {
            shell_timeout: Duration::ZERO,
            ..USUAL
        };
        assert_eq!((timeouts.login(), timeouts.shell()), (5 * SECOND, 20 * SECOND));
    }
}
