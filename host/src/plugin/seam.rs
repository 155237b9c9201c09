//! What can stand between a plugin and the functions that the host offers: recording, replaying, faults, and keeping
//! back what would switch.

use std::sync::Arc;

use crate::agent::clock::Clock;
use crate::agent::device::PowerTarget;
use crate::capability::calls::HostCalls;
use crate::capability::sockets::SocketFilter;

/// Replaces what a plugin gets from the host. Agents use [`Plain`], which replaces nothing.
pub trait Seam: Send + Sync {
    /// The calls of a session or of a check of the options.
    fn calls(&self, calls: Box<dyn HostCalls>) -> Box<dyn HostCalls> {
        calls
    }

    /// The filter of the sockets of a session, which do not go through the calls.
    fn sockets(&self, _filter: &SocketFilter) {}

    /// The clock that the plugin reads. The limits of the host use the other one.
    fn guest_clock(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        clock
    }

    /// The plugin begins to switch its plug to this state, or, with `None`, has ended that. A power cycle counts as
    /// switching off.
    fn switching(&self, _target: Option<PowerTarget>) {}

    /// The random numbers of the plugin, which repeat. Without them, the system's.
    fn random(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Nothing is replaced.
pub(super) struct Plain;

impl Seam for Plain {}
