//! The time to wait for the answers of hypervisors.
//!
//! An answer does not end a request: others may follow, and their number is not part of
//! the protocol. So a request ends once no answer has arrived for a while, all
//! hypervisors that answered before in this action have answered again, and the number
//! in the option `hypervisors` is reached; in any case after `timeout`.

use std::time::{Duration, Instant};

/// Time to wait for a caller that has not authenticated itself yet.
const GREETING_LIMIT: Duration = Duration::from_secs(2);

/// The window of one request.
#[derive(Debug)]
pub(crate) struct Window {
    start: Instant,
    end: Instant,
    /// Time to wait for other hypervisors after an answer.
    quiet: Duration,
    quiet_until: Option<Instant>,
}

/// The progress of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// All required hypervisors have answered.
    pub(crate) is_complete: bool,
    /// The number of hypervisors in the option is reached.
    pub(crate) is_counted: bool,
    /// More answers would not change the result.
    pub(crate) is_decided: bool,
    /// The answer of a hypervisor has begun, and is not complete.
    pub(crate) is_talking: bool,
    /// When the last unauthenticated caller connected, of those that connected while
    /// the window was open.
    pub(crate) greeted: Option<Instant>,
}

impl Window {
    /// A window from `start`, at most until `end`.
    pub(crate) fn new(start: Instant, end: Instant, quiet: Duration) -> Self {
        Self {
            start,
            end,
            quiet,
            quiet_until: None,
        }
    }

    /// When the request was first sent.
    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    /// Extends the window after an answer. `slowest` is the longest time so far between
    /// a request and a call back.
    pub(crate) fn extend(&mut self, now: Instant, slowest: Duration) {
        let until = (now + self.quiet).max(self.start + slowest + self.quiet);
        self.quiet_until = self.quiet_until.max(Some(until.min(self.end)));
    }

    /// Extends the window for a slow hypervisor, if an answer has arrived before.
    pub(crate) fn extend_if_answered(&mut self, slowest: Duration) {
        if self.quiet_until.is_some() {
            self.extend(self.start, slowest);
        }
    }

    /// Whether the window is open at that moment: a caller that connects later does not
    /// extend it.
    pub(crate) fn is_open(&self, moment: Instant) -> bool {
        self.quiet_until.is_none_or(|until| moment < until)
    }

    /// Whether a hypervisor has answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.quiet_until.is_some()
    }

    /// Whether the request is over.
    pub(crate) fn is_over(&self, now: Instant, progress: Progress) -> bool {
        if now >= self.end {
            return true;
        }
        let Some(quiet_until) = self.quiet_until else {
            return false;
        };
        if progress.is_complete && progress.is_counted && !progress.is_talking {
            return true;
        }
        if now < quiet_until {
            return false;
        }
        if progress.is_decided {
            return true;
        }
        let is_greeting = progress.greeted.is_some_and(|greeted| now < greeted + GREETING_LIMIT);
        progress.is_complete && !progress.is_talking && !is_greeting
    }

    /// The next moment at which `is_over` may change without new data.
    pub(crate) fn next_look(&self, now: Instant, interval: Duration) -> Instant {
        let quiet_until = self.quiet_until.filter(|until| *until > now);
        quiet_until.unwrap_or(now + interval).min(self.end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Progress, Window};

    const SECOND: Duration = Duration::from_secs(1);
    const COMPLETE: Progress = Progress {
        is_complete: true,
        is_counted: false,
        is_decided: false,
        is_talking: false,
        greeted: None,
    };

    fn window() -> (Instant, Window) {
        let start = Instant::now();
        (start, Window::new(start, start + 30 * SECOND, 2 * SECOND))
    }

    #[test]
    fn a_request_without_answers_lasts_until_the_timeout() {
        let (start, window) = window();
        assert!(!window.is_over(start + 29 * SECOND, COMPLETE));
        assert!(window.is_over(start + 30 * SECOND, COMPLETE));
    }

    #[test]
    fn the_first_answer_does_not_end_the_window() {
        let (start, mut window) = window();
        window.extend(start + SECOND, SECOND);
        assert!(!window.is_over(start + SECOND, COMPLETE));
        assert!(window.is_over(start + 3 * SECOND, COMPLETE));
        window.extend(start + 2 * SECOND, 2 * SECOND);
        assert!(!window.is_over(start + 3 * SECOND, COMPLETE));
        assert!(window.is_over(start + 4 * SECOND, COMPLETE));
    }

    #[test]
    fn a_slow_hypervisor_makes_later_windows_longer() {
        let (start, mut window) = window();
        window.extend_if_answered(5 * SECOND);
        assert!(!window.is_answered());
        window.extend(start, 5 * SECOND);
        assert!(!window.is_over(start + 6 * SECOND, COMPLETE));
        assert!(window.is_over(start + 7 * SECOND, COMPLETE));
        window.extend_if_answered(60 * SECOND);
        assert!(window.is_over(start + 30 * SECOND, COMPLETE));
    }

    #[test]
    fn a_missing_hypervisor_is_waited_for_unless_the_rest_decides() {
        let (start, mut window) = window();
        window.extend(start, Duration::ZERO);
        let missing = Progress {
            is_complete: false,
            ..COMPLETE
        };
        assert!(!window.is_over(start + 29 * SECOND, missing));
        let decided = Progress {
            is_decided: true,
            ..missing
        };
        assert!(!window.is_over(start + SECOND, decided));
        assert!(window.is_over(start + 2 * SECOND, decided));
        let talking = Progress {
            is_talking: true,
            ..COMPLETE
        };
        assert!(!window.is_over(start + 29 * SECOND, talking));
    }

    #[test]
    fn a_reached_count_ends_the_window_at_once() {
        let (start, mut window) = window();
        window.extend(start, Duration::ZERO);
        let counted = Progress {
            is_counted: true,
            ..COMPLETE
        };
        assert!(window.is_over(start, counted));
        let other_is_missing = Progress {
            is_complete: false,
            ..counted
        };
        assert!(!window.is_over(start + 3 * SECOND, other_is_missing));
    }

    #[test]
    fn silent_callers_make_a_window_longer_only_once() {
        let (start, mut window) = window();
        window.extend(start, Duration::ZERO);
        let greeted = |at: Duration| Progress {
            greeted: Some(start + at),
            ..COMPLETE
        };
        let last = Duration::from_millis(1900);
        assert!(!window.is_over(start + 3 * SECOND, greeted(last)));
        assert!(window.is_over(start + 4 * SECOND, greeted(last)));
        assert!(window.is_open(start + last) && !window.is_open(start + 2 * SECOND));
    }
}
