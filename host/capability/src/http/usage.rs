//! What an action has used of HTTP. Every session of the action shares it, because a device that lets each login fail
//! gets a new session, and must not get more requests by that.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fencebox_agent::device::RemotePeer;

use super::report::Report;
use crate::remote_peers::RemotePeers;

/// The number of exchanges of one action, and the hosts that they went to.
#[derive(Debug, Clone, Default)]
pub struct Usage(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    exchanges: u32,
    /// When the latest exchanges began, as many as may begin within one second.
    latest: VecDeque<Duration>,
    contacts: RemotePeers,
    /// The first exchange with each of the first origins.
    reports: Vec<Report>,
}

/// Most origins that are reported.
const REPORTS: usize = 16;

impl Usage {
    /// Counts one more exchange. Returns the number of exchanges.
    pub(super) fn count(&self) -> u32 {
        let mut counts = self.counts();
        counts.exchanges = counts.exchanges.saturating_add(1);
        counts.exchanges
    }

    /// Adds an exchange that is to begin at `now`, of which at most `rate` may begin within one second. Returns how long
    /// it has to wait.
    pub(super) fn wait(&self, now: Duration, rate: usize) -> Duration {
        let mut counts = self.counts();
        let mut begin = now;
        if counts.latest.len() >= rate
            && let Some(earlier) = counts.latest.pop_front()
        {
            begin = begin.max(earlier.saturating_add(Duration::from_secs(1)));
        }
        counts.latest.push_back(begin);
        begin.saturating_sub(now)
    }

    /// Adds the outcome of an exchange with this origin.
    pub(super) fn note(&self, origin: &impl ToString, address: Option<SocketAddr>, failed: bool) {
        self.counts().contacts.note(origin, address, failed);
    }

    /// The address of the last exchange, if it succeeded and was with this origin.
    pub(super) fn latest(&self, origin: &impl ToString) -> Option<SocketAddr> {
        self.counts().contacts.latest(origin)
    }

    /// The hosts that were contacted.
    pub(super) fn contacts(&self) -> Vec<RemotePeer> {
        self.counts().contacts.all().to_vec()
    }

    /// Keeps the report, if it is the first one of its origin.
    pub(super) fn report(&self, report: Report) {
        let reports = &mut self.counts().reports;
        if reports.len() < REPORTS && reports.iter().all(|known| known.origin != report.origin) {
            reports.push(report);
        }
    }

    /// How the first exchange with each origin went.
    pub fn reports(&self) -> Vec<Report> {
        self.counts().reports.clone()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_after_the_rate_waits_for_the_rest_of_the_second() {
        let usage = Usage::default();
        let at = Duration::from_millis;
        let waits: Vec<_> = [0, 100, 200, 200, 1100, 1300]
            .map(|now| usage.wait(at(now), 3).as_millis())
            .into();
        // The fourth begins at 1000 and the fifth at 1100, each one second after the third one before it.
        assert_eq!(waits, [0, 0, 0, 800, 0, 0]);
        let hasty = Usage::default();
        let total: Duration = (0..301).map(|_| hasty.wait(Duration::ZERO, 100)).max().unwrap();
        assert_eq!(total, Duration::from_secs(3));
    }
}
