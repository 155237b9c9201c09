//! Whom an action has contacted, for the audit.

use std::net::SocketAddr;

use crate::agent::device::Contact;

/// Each origin and address once, in the order of the first time.
#[derive(Debug, Default)]
pub(super) struct Contacts(Vec<Contact>);

impl Contacts {
    /// All of them.
    pub(super) fn all(&self) -> &[Contact] {
        &self.0
    }

    /// One more exchange with that origin, at that address if a connection came
    /// about.
    pub(super) fn note(&mut self, origin: &impl ToString, address: Option<SocketAddr>, failed: bool) {
        let (origin, address) = (origin.to_string(), address.map(|address| address.to_string()));
        let same = |known: &&mut Contact| known.origin == origin && known.address == address;
        if let Some(known) = self.0.iter_mut().find(same) {
            known.exchanges = known.exchanges.saturating_add(1);
            known.failures = known.failures.saturating_add(u32::from(failed));
            return;
        }
        self.0.push(Contact {
            origin,
            address,
            exchanges: 1,
            failures: u32::from(failed),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Contacts;

    #[test]
    fn each_place_is_one_row() {
        let mut contacts = Contacts::default();
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
}
