//! The sessions of TLS that later connections resume. The library asks for them at the start of each
//! handshake, which is the only sign of it that the HTTP client lets through.

use std::sync::Arc;

use rustls::NamedGroup;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

use crate::http::progress::{Progress, Step};

/// A store of sessions that reports each handshake.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) store: Arc<ClientSessionMemoryCache>,
    pub(super) progress: Arc<Progress>,
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.store.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.store.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.store.set_tls12_session(server, session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.store.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.store.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.store.insert_tls13_ticket(server, ticket);
    }

    /// The first call of each handshake.
    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.progress.start(Step::Handshake);
        self.store.take_tls13_ticket(server)
    }
}
