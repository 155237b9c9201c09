//! The remote peers that an action contacted, for the audit record.

use std::net::SocketAddr;

use fencebox_agent::device::RemotePeer;

/// Each origin and address once, in the order of first contact.
#[derive(Debug, Default)]
pub(super) struct RemotePeers {
    rows: Vec<RemotePeer>,
    /// Origin and address of the last exchange, if it succeeded.
    latest: Option<(String, SocketAddr)>,
}

impl RemotePeers {
    /// All remote peers.
    pub(super) fn all(&self) -> &[RemotePeer] {
        &self.rows
    }

    /// The address of the last exchange, if it succeeded and was with this origin.
    pub(super) fn latest(&self, origin: &impl ToString) -> Option<SocketAddr> {
        let (known, address) = self.latest.as_ref()?;
        (*known == origin.to_string()).then_some(*address)
    }

    /// Adds an exchange with this origin, and with this address if there was a connection.
    pub(super) fn note(&mut self, origin: &impl ToString, address: Option<SocketAddr>, failed: bool) {
        let origin = origin.to_string();
        self.latest = address.filter(|_| !failed).map(|address| (origin.clone(), address));
        let address = address.map(|address| address.to_string());
        let same = |known: &&mut RemotePeer| known.origin == origin && known.address == address;
        if let Some(known) = self.rows.iter_mut().find(same) {
            known.exchanges = known.exchanges.saturating_add(1);
            known.failures = known.failures.saturating_add(u32::from(failed));
            return;
        }
        self.rows.push(RemotePeer {
            origin,
            address,
            exchanges: 1,
            failures: u32::from(failed),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::RemotePeers;

    #[test]
    fn each_origin_and_address_is_one_row() {
        let mut contacts = RemotePeers::default();
        let address = "192.0.2.1:443".parse().ok();
        contacts.note(&"https://a:443", address, false);
        contacts.note(&"https://b:443", None, true);
        contacts.note(&"https://a:443", address, true);
        contacts.note(&"https://a:443", None, true);
        let rows: Vec<_> = contacts
            .all()
            .iter()
            .map(|row| (row.origin.as_str(), row.exchanges, row.failures))
            .collect();
        assert_eq!(
            rows,
            [
                ("https://a:443", 2, 1),
                ("https://b:443", 1, 1),
                ("https://a:443", 1, 1)
            ]
        );
        assert_eq!(contacts.all()[0].address.as_deref(), Some("192.0.2.1:443"));
    }

    #[test]
    fn only_a_successful_address_is_reused() {
        let mut contacts = RemotePeers::default();
        let address = "192.0.2.1:443".parse().ok();
        assert_eq!(contacts.latest(&"https://a:443"), None);
        contacts.note(&"https://a:443", address, false);
        assert_eq!(contacts.latest(&"https://a:443"), address);
        assert_eq!(contacts.latest(&"https://b:443"), None);
        contacts.note(&"https://a:443", address, true);
        assert_eq!(contacts.latest(&"https://a:443"), None);
    }
}
