//! The window in which the last reboot happens, in the server's local time,
//! whose zone nobody tells.
//!
//! No clock of ours is compared with it. Its length is the difference of its
//! two times, and what has passed since it was first seen is measured by the
//! server's own clock, the `Date` of its answers (without one, by how long we
//! have waited). The zone cannot be computed from `Date` safely: a reboot that
//! begins an hour late looks like another zone. But zones differ by quarters
//! of an hour, so that by how much a window begins after it was seen is known
//! up to a quarter, and is waited for in addition.

use std::time::Instant;

use fencebox_sdk::prelude::*;

use super::envelope::Reply;
use crate::time::moment;

/// Zones differ by multiples of this, in seconds.
const QUARTER: i64 = 900;
/// A window seen this late after it began is taken for one that has begun, in
/// seconds.
const LATE: i64 = 300;
/// The farthest that any zone is from Greenwich, west and east, and an hour
/// more, in seconds.
const WEST: i64 = -13 * 3600;
const EAST: i64 = 15 * 3600;

/// When a reboot begins and ends, each in the server's local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RebootWindow {
    start: i64,
    end: i64,
    line: String,
}

/// A window as it was seen at some moment.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) window: RebootWindow,
    date: Option<i64>,
    at: Instant,
}

impl RebootWindow {
    pub(super) fn line(&self) -> String {
        self.line.clone()
    }
}

impl Sample {
    /// # Errors
    /// [`Error::Unexpected`] for what are no two times in their order.
    pub(super) fn of(reply: &Reply) -> Result<Self> {
        let text = |name: &str| reply.get(name).unwrap_or_default();
        let (start, end) = (text("start"), text("end"));
        let (Some(from), Some(to)) = (moment(start), moment(end)) else {
            return Err(wrong("no two times", start, end));
        };
        if to < from {
            return Err(wrong("an end before its start", start, end));
        }
        Ok(Self {
            window: RebootWindow {
                start: from,
                end: to,
                line: format!("the reboot goes from {start} to {end}"),
            },
            date: reply.date,
            at: Instant::now(),
        })
    }

    /// Whether this is the window of a reboot that came after that one. One
    /// that no zone can make recent is an old one.
    pub(super) fn is_after(&self, before: Option<&RebootWindow>) -> bool {
        let is_recent = self
            .date
            .is_none_or(|date| (WEST..=EAST).contains(&(self.window.start - date)));
        is_recent && before.is_none_or(|before| self.window.start > before.start)
    }

    /// Whether this window, seen first as `self`, is over at `now`.
    pub(super) fn is_over(&self, now: &Sample) -> bool {
        let passed = match (self.date, now.date) {
            (Some(first), Some(now)) => now - first,
            _ => i64::try_from(now.at.saturating_duration_since(self.at).as_secs()).unwrap_or(i64::MAX),
        };
        passed >= self.window.end - self.window.start + self.ahead()
    }

    /// By how many seconds the window begins after it was seen, up to a
    /// quarter of an hour.
    fn ahead(&self) -> i64 {
        let ahead = self
            .date
            .map_or(0, |date| (self.window.start - date).rem_euclid(QUARTER));
        if ahead > QUARTER - LATE { 0 } else { ahead }
    }
}

fn wrong(what: &str, start: &str, end: &str) -> Error {
    Error::unexpected(format!(
        "{what} for the reboot: {:?} and {:?} (dedicatedHardRebootStatus)",
        excerpt(start),
        excerpt(end)
    ))
}
