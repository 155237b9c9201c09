//! The time window of the last reboot, in the server's local time. The API does not
//! report the time zone.
//!
//! This machine's clock is never compared with the window. The length of the window
//! is the difference of its two times. The time since it was first seen is measured by
//! the server's own clock, the `Date` of its answers, or by the time waited if an
//! answer has no `Date`. The zone cannot be computed from `Date` safely: a reboot that
//! begins an hour late looks like one in another zone. But zones differ by multiples
//! of a quarter of an hour. So the time from the first sight of a window to its start
//! is known modulo a quarter, and the plugin waits that long in addition.

use std::time::Instant;

use fencebox_sdk::prelude::*;

use super::envelope::Reply;
use crate::time::moment;

/// Zones differ by multiples of this, in seconds.
const QUARTER: i64 = 900;
/// A window that was first seen less than this after its start counts as started, in
/// seconds.
const LATE: i64 = 300;
/// The largest offsets of any time zone from UTC, west and east, plus one hour, in
/// seconds.
const WEST: i64 = -13 * 3600;
const EAST: i64 = 15 * 3600;

/// Start and end of a reboot, both in the server's local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RebootWindow {
    start: i64,
    end: i64,
    line: String,
}

/// A window, and the time of the read.
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
    /// [`Error::Unexpected`] unless the reply has two valid times in their order.
    pub(super) fn of(reply: &Reply) -> Result<Self> {
        let text = |name: &str| reply.get(name).unwrap_or_default();
        let (start, end) = (text("start"), text("end"));
        let (Some(from), Some(to)) = (moment(start), moment(end)) else {
            return Err(wrong("invalid times", start, end));
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

    /// Whether this window is newer than `before`. A window that is not recent in any
    /// time zone is an old one.
    pub(super) fn is_after(&self, before: Option<&RebootWindow>) -> bool {
        let is_recent = self
            .date
            .is_none_or(|date| (WEST..=EAST).contains(&(self.window.start - date)));
        is_recent && before.is_none_or(|before| self.window.start > before.start)
    }

    /// Whether this window, which was first seen as `self`, has passed at `now`.
    pub(super) fn is_over(&self, now: &Sample) -> bool {
        let passed = match (self.date, now.date) {
            (Some(first), Some(now)) => now - first,
            _ => i64::try_from(now.at.saturating_duration_since(self.at).as_secs()).unwrap_or(i64::MAX),
        };
        passed >= self.window.end - self.window.start + self.ahead()
    }

    /// The seconds from the first sight of the window to its start, modulo a quarter
    /// of an hour.
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
