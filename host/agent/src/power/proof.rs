//! The proof that a plug is off.

use std::time::Duration;

use crate::description::Operations;
use crate::device::PowerTarget;

/// Number of reads in a row that prove a plug off on a device whose reads may be
/// old.
///
/// Five are enough for a device that shows an old state for four reads, and for
/// replicas if five reads in a row are never all old (`docs/protocol.md`).
pub const OFF_READS: u32 = 5;
/// Pause between two of these reads. Five reads take 1.8 s, which is the maximum
/// additional time of `off`.
pub const READ_PAUSE: Duration = Duration::from_millis(450);

/// The proof that a plug is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The device cannot report the power status (`operations.no-status`): an
    /// accepted request counts as done. Its metadata has no action `status`.
    Accepted,
    /// Reads are never old (`operations.settled-status`): one read is enough, also
    /// before the request.
    OneRead,
    /// Reads may be old: this number of reads in a row after the request, each on
    /// a new connection.
    Reads(u32),
}

impl Proof {
    /// The proof for a device with these operations. `reads` is the number of reads
    /// if they may be old.
    pub fn of(operations: Operations, reads: u32) -> Self {
        if operations.no_status {
            Self::Accepted
        } else if operations.settled_status {
            Self::OneRead
        } else {
            Self::Reads(reads)
        }
    }

    /// Whether a read can show a state from before the request.
    pub fn may_lag(self) -> bool {
        matches!(self, Self::Reads(_))
    }

    /// Number of reads in a row that prove a target. One read is enough for `on`,
    /// because a wrong `on` cannot damage data.
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
    fn the_proof_depends_on_the_declared_operations() {
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
    fn only_off_needs_several_reads() {
        assert_eq!(Proof::Reads(5).reads(PowerTarget::Off), 5);
        assert_eq!(Proof::Reads(5).reads(PowerTarget::On), 1);
        assert_eq!(Proof::OneRead.reads(PowerTarget::Off), 1);
        assert_eq!(Proof::Reads(0).reads(PowerTarget::Off), 1, "no proof without a read");
    }

    #[test]
    fn the_reads_take_less_than_two_seconds() {
        assert!(READ_PAUSE * (OFF_READS - 1) < Duration::from_secs(2));
    }
}
