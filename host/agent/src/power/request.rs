//! A request for power on or off, and the times of its repetitions.

use std::time::Duration;

use crate::device::Error;

/// Maximum number of repetitions at the next poll, if the answer is lost each
/// time.
const LOST_LIMIT: u32 = 2;
/// Number of polls with an unchanged plug before an accepted request is repeated.
/// The number doubles each time, so that repetitions do not overload a slow
/// device.
const REPEAT_POLLS: u32 = 5;
/// The same number for a device whose reads are never old. It is one more than the
/// 20 polls of the default `power_timeout`, in which the Python agents never repeat
/// a request.
const REPEAT_POLLS_SETTLED: u32 = 21;

/// The result of a request, according to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The device accepted the request.
    Accepted,
    /// The device was busy, and did not accept the request.
    Busy,
    /// The answer was lost or invalid.
    Lost,
}

/// A request for one plug. It requests a state, so it can be repeated safely.
#[derive(Debug)]
pub(super) struct Request<'p> {
    pub(super) plug: &'p str,
    /// The device accepted the request at least once.
    accepted: bool,
    /// Number of further lost answers after which the request is repeated at the
    /// next poll.
    lost_left: u32,
    /// Number of further polls with an unchanged plug before the next repetition.
    polls_left: u32,
    /// Number of polls before the repetition after that.
    polls_before_repeat: u32,
    /// The earliest time of the next repetition.
    not_before: Duration,
    /// Number of polls with an unchanged plug since the last request.
    unchanged: u32,
    /// Number of repetitions whose failed task was not seen yet.
    repeats: u32,
    /// Why the last request was not accepted.
    pub(super) error: Option<Error>,
}

impl<'p> Request<'p> {
    /// A request that is about to be sent.
    pub(super) fn new(plug: &'p str, may_lag: bool) -> Self {
        Self {
            plug,
            accepted: false,
            lost_left: LOST_LIMIT,
            polls_left: 0,
            polls_before_repeat: if may_lag { REPEAT_POLLS } else { REPEAT_POLLS_SETTLED },
            not_before: Duration::ZERO,
            unchanged: 0,
            repeats: 0,
            error: None,
        }
    }

    /// Records a repetition of an accepted request.
    pub(super) fn note_repeat(&mut self) {
        self.repeats += 1;
    }

    /// Whether a failed task can belong to a repeated request. This is not a
    /// failure, because the first request may have succeeded. True once for each
    /// repetition.
    pub(super) fn excuses_failure(&mut self) -> bool {
        let is_excused = self.repeats > 0;
        self.repeats = self.repeats.saturating_sub(1);
        is_excused
    }

    /// Whether the device accepted the request before. Then a rejection is not a
    /// failure.
    pub(super) fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Number of polls with an unchanged plug since the last request.
    pub(super) fn unchanged(&self) -> u32 {
        self.unchanged
    }

    /// Records an answer. The next request is sent at `earliest` or later.
    pub(super) fn note(&mut self, answer: Answer, earliest: Duration) {
        self.not_before = earliest;
        self.unchanged = 0;
        self.accepted |= answer == Answer::Accepted;
        match answer {
            Answer::Busy => self.polls_left = 1,
            Answer::Lost if self.lost_left > 0 => {
                self.lost_left -= 1;
                self.polls_left = 1;
            }
            Answer::Lost | Answer::Accepted => {
                self.polls_left = self.polls_before_repeat;
                self.polls_before_repeat = self.polls_before_repeat.saturating_mul(2);
            }
        }
    }

    /// Records a poll that shows the plug certainly unchanged. Returns whether the
    /// request should be repeated now.
    pub(super) fn is_due(&mut self, now: Duration) -> bool {
        self.unchanged = self.unchanged.saturating_add(1);
        self.polls_left = self.polls_left.saturating_sub(1);
        self.polls_left == 0 && now >= self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The polls, counted from 1, at which a request is repeated if it always gets
    /// this answer.
    fn repeats(answer: Answer, may_lag: bool, polls: u32) -> Vec<u32> {
        let mut request = Request::new("1", may_lag);
        request.note(answer, Duration::ZERO);
        let mut repeats = Vec::new();
        for poll in 1..=polls {
            if request.is_due(Duration::ZERO) {
                request.note(answer, Duration::ZERO);
                repeats.push(poll);
            }
        }
        repeats
    }

    #[test]
    fn an_accepted_request_is_repeated_less_and_less_often() {
        assert_eq!(repeats(Answer::Accepted, true, 100), [5, 15, 35, 75]);
        assert_eq!(repeats(Answer::Accepted, false, 100), [21, 63]);
    }

    #[test]
    fn a_lost_request_is_repeated_at_once_and_then_less_often() {
        assert_eq!(repeats(Answer::Lost, true, 20), [1, 2, 7, 17]);
    }

    #[test]
    fn a_request_to_a_busy_device_is_repeated_at_each_poll() {
        assert_eq!(repeats(Answer::Busy, true, 5), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_request_is_not_repeated_before_its_earliest_time() {
        let mut request = Request::new("1", true);
        request.note(Answer::Busy, Duration::from_secs(3));
        assert!(!request.is_due(Duration::from_secs(2)));
        assert!(request.is_due(Duration::from_secs(3)));
        assert_eq!(request.unchanged(), 2);
    }
}
