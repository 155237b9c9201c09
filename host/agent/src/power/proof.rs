//! What proves that a plug is off.

use std::time::Duration;

use crate::description::Operations;
use crate::device::PowerTarget;

/// How many reads in a row prove a plug off on a device whose reads may be old.
///
/// Five catch a device that shows an old state for four reads, and any mix of
/// replicas of which no five reads in a row are old (`docs/protocol.md`).
pub const OFF_READS: u32 = 5;
/// Time between two of these reads: five of them take 1.8 s, which is what
/// `off` may cost more than before.
pub const READ_PAUSE: Duration = Duration::from_millis(450);

/// What proves that a plug is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The device cannot report power (`operations.no-status`): a request that
    /// it accepts counts as done, and its metadata says so.
    Accepted,
    /// No read is ever old (`operations.settled-status`): one read, also one
    /// from before the request.
    OneRead,
    /// Reads may be old: so many in a row after the request, each on a new
    /// connection.
    Reads(u32),
}

impl Proof {
    /// For a device with these operations; `reads` for one whose reads may be
    /// old.
    pub fn of(operations: Operations, reads: u32) -> Self {
        if operations.no_status {
            Self::Accepted
        } else if operations.settled_status {
            Self::OneRead
        } else {
            Self::Reads(reads)
        }
    }

    /// Whether a read may show a state from before the request.
    pub fn may_lag(self) -> bool {
        matches!(self, Self::Reads(_))
    }

    /// How many reads in a row prove that a target is reached. One is enough
    /// for `on`, on which no data depends.
    pub(super) fn reads(self, target: PowerTarget) -> u32 {
        match (self, target) {
            (Self::Reads(reads), PowerTarget::Off) => reads.max(1),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_follows_from_what_the_device_declares() {
        let proof = |no_status, settled_status| {
            let operations = Operations {
                no_status,
                settled_status,
                ..Operations::default()
            };
            Proof::of(operations, 7)
        };
        assert_eq!(proof(false, false), Proof::Reads(7));
        assert_eq!(proof(false, true), Proof::OneRead);
        assert_eq!(proof(true, false), Proof::Accepted);
        assert_eq!(proof(true, true), Proof::Accepted);
    }

    #[test]
    fn only_off_takes_several_reads() {
        assert_eq!(Proof::Reads(5).reads(PowerTarget::Off), 5);
        assert_eq!(Proof::Reads(5).reads(PowerTarget::On), 1);
        assert_eq!(Proof::OneRead.reads(PowerTarget::Off), 1);
        assert_eq!(Proof::Reads(0).reads(PowerTarget::Off), 1, "no proof without a read");
    }

    #[test]
    fn the_reads_cost_less_than_two_seconds() {
        assert!(READ_PAUSE * (OFF_READS - 1) < Duration::from_secs(2));
    }
}
