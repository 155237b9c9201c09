//! The hypervisors that have answered in this action.
//!
//! A hypervisor that has answered once has to answer each later request: it may
//! be the one that runs the machine. This outlives a session, because the host
//! opens a new session for each read that proves a power status.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::packet::Command;

thread_local! {
    static MEMBERSHIP: RefCell<Membership> = RefCell::default();
}

/// The hypervisors of the group.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    /// The addresses from which hypervisors called back.
    members: BTreeSet<IpAddr>,
    /// The longest time between a request and a call back.
    slowest: Duration,
    /// When the last request for a list was sent, and the last of another kind.
    last_list: Option<Instant>,
    last_other: Option<Instant>,
    /// The hypervisor that has switched the machine on.
    started_by: Option<IpAddr>,
    /// A request waited for its whole window, so that later ones need less time.
    surveyed: bool,
    /// A hypervisor that had to answer did not.
    incomplete: bool,
    /// Pairs of a machine and a hypervisor that listed it as not off, and has not
    /// reported it as off since.
    running: BTreeSet<(String, String)>,
    /// Lines that were logged already.
    logged: BTreeSet<String>,
}

/// Reads or changes the state of this action.
pub(crate) fn with<T>(change: impl FnOnce(&mut Membership) -> T) -> T {
    MEMBERSHIP.with_borrow_mut(change)
}

impl Membership {
    /// Adds a hypervisor that called back this long after its request.
    pub(crate) fn add(&mut self, peer: IpAddr, latency: Duration) {
        self.members.insert(peer);
        self.slowest = self.slowest.max(latency);
    }

    /// The hypervisors that have to answer and have not answered yet.
    pub(crate) fn missing<'a>(&'a self, answered: &'a BTreeSet<IpAddr>) -> impl Iterator<Item = &'a IpAddr> {
        let has_to = |peer: &&IpAddr| self.started_by.is_none_or(|only| only == **peer);
        self.members.difference(answered).filter(has_to)
    }

    /// The number of hypervisors.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The longest time between a request and a call back.
    pub(crate) fn slowest(&self) -> Duration {
        self.slowest
    }

    /// Records that a request is sent. Returns when the last request of the other kind was
    /// sent, whose answers may still arrive.
    pub(crate) fn start(&mut self, command: Command, now: Instant) -> Option<Instant> {
        if matches!(command, Command::On | Command::Off) {
            self.started_by = None;
        }
        if command == Command::List {
            self.last_list = Some(now);
            return self.last_other;
        }
        self.last_other = Some(now);
        self.last_list
    }

    /// Records that this hypervisor has switched the machine on.
    pub(crate) fn set_started_by(&mut self, peer: IpAddr) {
        self.started_by = Some(peer);
    }

    /// The only hypervisor that may answer after it has started the machine: another one
    /// that calls back may do the same request as well.
    pub(crate) fn started_by(&self) -> Option<IpAddr> {
        self.started_by
    }

    /// Records the end of a request.
    pub(crate) fn finish(&mut self, had_whole_window: bool, is_incomplete: bool) {
        self.surveyed |= had_whole_window;
        self.incomplete |= is_incomplete;
    }

    /// Whether a request had the whole window, so that unknown hypervisors had time to answer.
    pub(crate) fn is_surveyed(&self) -> bool {
        self.surveyed
    }

    /// Whether a hypervisor did not answer until the timeout: later requests do not
    /// wait for it again.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Records that this hypervisor reported a machine as off, or as not off.
    pub(crate) fn set_running(&mut self, plug: &str, hypervisor: &str, is_running: bool) {
        let entry = (plug.to_owned(), hypervisor.to_owned());
        if is_running {
            self.running.insert(entry);
        } else {
            self.running.remove(&entry);
        }
    }

    /// Whether this hypervisor ran a machine when it last reported it.
    pub(crate) fn is_running(&self, plug: &str, hypervisor: &str) -> bool {
        self.running.contains(&(plug.to_owned(), hypervisor.to_owned()))
    }

    /// Whether this line was not logged before in this action.
    pub(crate) fn is_new_line(&mut self, text: &str) -> bool {
        self.logged.insert(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    use super::Membership;
    use crate::packet::Command;

    #[test]
    fn a_hypervisor_that_answered_once_has_to_answer_again() {
        let [first, second]: [IpAddr; 2] = [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()];
        let mut membership = Membership::default();
        membership.add(first, Duration::from_millis(5));
        membership.add(second, Duration::from_secs(3));
        membership.add(first, Duration::from_millis(9));
        assert_eq!(membership.slowest(), Duration::from_secs(3));
        let answered = BTreeSet::from([first]);
        assert_eq!(membership.missing(&answered).collect::<Vec<_>>(), [&second]);
        // Another hypervisor does not replace a missing one.
        let answered = BTreeSet::from([first, [10, 0, 0, 3].into()]);
        assert_eq!(membership.missing(&answered).count(), 1);
    }

    #[test]
    fn only_the_hypervisor_that_started_a_machine_has_to_answer_after_that() {
        let [first, second]: [IpAddr; 2] = [[10, 0, 0, 1].into(), [10, 0, 0, 2].into()];
        let mut membership = Membership::default();
        membership.add(first, Duration::ZERO);
        membership.add(second, Duration::ZERO);
        membership.set_started_by(second);
        let nobody = BTreeSet::new();
        assert_eq!(membership.missing(&nobody).collect::<Vec<_>>(), [&second]);
        membership.start(Command::List, Instant::now());
        assert_eq!(membership.started_by(), Some(second));
        membership.start(Command::Off, Instant::now());
        assert_eq!(membership.missing(&nobody).count(), 2);
    }

    #[test]
    fn a_late_answer_is_one_to_the_last_request_of_the_other_kind() {
        let mut membership = Membership::default();
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        assert_eq!(membership.start(Command::List, now), None);
        assert_eq!(membership.start(Command::Off, now + second), Some(now));
        assert_eq!(membership.start(Command::List, now + 2 * second), Some(now + second));
        assert_eq!(membership.start(Command::List, now + 3 * second), Some(now + second));
    }

    #[test]
    fn the_same_line_is_logged_once() {
        let mut membership = Membership::default();
        assert!(membership.is_new_line("a"));
        assert!(!membership.is_new_line("a"));
        assert!(membership.is_new_line("b"));
    }
}
