//! What an action has used of HTTP. Every session of the action shares it, because a device that lets each login fail
//! gets a new session, and must not get more requests by that.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fencebox_agent::device::RemotePeer;

use crate::remote_peers::RemotePeers;

/// The number of exchanges of one action, and the hosts that they went to.
#[derive(Debug, Clone, Default)]
pub struct Usage(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    exchanges: u32,
    contacts: RemotePeers,
}

impl Usage {
    /// Counts one more exchange. Returns the number of exchanges.
    pub(super) fn count(&self) -> u32 {
        let mut counts = self.counts();
        counts.exchanges = counts.exchanges.saturating_add(1);
        counts.exchanges
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

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
