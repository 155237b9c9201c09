//! A request for power on or off, and when it is sent again.

use std::time::Duration;

/// How often, at most, a request whose answer is lost each time is sent again
/// at the next poll.
const LOST_LIMIT: u32 = 2;
/// Polls that show the plug unchanged before an accepted request is sent
/// again. The number doubles each time: a device that is slow is not slower
/// for being asked.
const REPEAT_POLLS: u32 = 5;
/// The same for a device whose reads are never old: one more than the 20 polls
/// of the default `power_timeout`, within which the Python agents never ask
/// twice.
const REPEAT_POLLS_SETTLED: u32 = 21;

/// What became of a request, as far as its answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The device took it.
    Accepted,
    /// The device was busy, and has not taken it.
    Busy,
    /// There was no answer, or none that makes sense.
    Lost,
}

/// A request for one plug. Both requests ask for a state: twice is the same as
/// once.
#[derive(Debug)]
pub(super) struct Request<'p> {
    pub(super) plug: &'p str,
    /// The device took it at least once.
    accepted: bool,
    /// How many more lost answers are followed by another request at the next
    /// poll.
    lost_left: u32,
    /// Polls that still have to show the plug unchanged before the next one.
    polls_left: u32,
    /// Polls before the one after that.
    patience: u32,
    /// Not before this moment.
    not_before: Duration,
    /// Polls that showed the plug unchanged since the last request.
    unchanged: u32,
    /// How many failed tasks may be those of repeated requests.
    repeats: u32,
}

impl<'p> Request<'p> {
    /// A request that is about to be sent.
    pub(super) fn new(plug: &'p str, may_lag: bool) -> Self {
        Self {
            plug,
            accepted: false,
            lost_left: LOST_LIMIT,
            polls_left: 0,
            patience: if may_lag { REPEAT_POLLS } else { REPEAT_POLLS_SETTLED },
            not_before: Duration::ZERO,
            unchanged: 0,
            repeats: 0,
        }
    }

    /// Notes that the device took it before and is asked again.
    pub(super) fn note_repeat(&mut self) {
        self.repeats += 1;
    }

    /// Whether a failed task may be that of a repeated request, which is no
    /// failure: the first one may have done its work. Once a repeat.
    pub(super) fn excuses_failure(&mut self) -> bool {
        let is_excused = self.repeats > 0;
        self.repeats = self.repeats.saturating_sub(1);
        is_excused
    }

    /// Whether the device took it once: a refusal is no failure then.
    pub(super) fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Polls that showed the plug unchanged since the last request.
    pub(super) fn unchanged(&self) -> u32 {
        self.unchanged
    }

    /// Notes an answer; the next request comes at `earliest` or later.
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
                self.polls_left = self.patience;
                self.patience = self.patience.saturating_mul(2);
            }
        }
    }

    /// Notes a poll that shows the plug surely unchanged. Whether it is time
    /// to send the request again.
    pub(super) fn is_due(&mut self, now: Duration) -> bool {
        self.unchanged = self.unchanged.saturating_add(1);
        self.polls_left = self.polls_left.saturating_sub(1);
        self.polls_left == 0 && now >= self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The polls, counted from 1, at which a request is sent again that is
    /// answered so each time.
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
    fn a_busy_device_is_asked_at_each_poll() {
        assert_eq!(repeats(Answer::Busy, true, 5), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn nothing_is_repeated_before_its_time() {
        let mut request = Request::new("1", true);
        request.note(Answer::Busy, Duration::from_secs(3));
        assert!(!request.is_due(Duration::from_secs(2)));
        assert!(request.is_due(Duration::from_secs(3)));
        assert_eq!(request.unchanged(), 2);
    }
}
