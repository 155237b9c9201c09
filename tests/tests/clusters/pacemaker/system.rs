//! The systems whose Pacemaker, pcs and crmsh call our agents: this machine's, and a Debian 13 in a folder.

pub use crate::support::debian13::debian13;

/// A system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// This machine's: on Debian 12 Pacemaker 2.1.5, pcs 0.11.5 and crmsh 4.4.1.
    Own,
    /// Pacemaker 3.0.0, pcs 0.12.0 and crmsh 5.0.0.
    Debian13,
}

impl System {
    /// All systems.
    pub const ALL: [Self; 2] = [Self::Own, Self::Debian13];
}
