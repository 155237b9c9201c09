//! The addresses that a script gives this machine, and what is sent from them.

use crate::multicast::Failure;

/// What was sent to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The socket that it names.
    pub socket: String,
    /// The address of this machine that it is from.
    pub source: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// The end of every look at this machine's addresses.
pub(crate) fn local_addresses(_socket: &str) -> Result<Vec<String>, Failure> {
    super::with_state(|state| Ok(state.local_addresses.clone()))
}

/// The end of every datagram.
pub(crate) fn send(socket: &str, source: &str, datagram: &[u8]) -> Result<(), Failure> {
    super::with_state(|state| {
        if !state.local_addresses.iter().any(|known| known == source) {
            return Err(Failure::Denied(format!("{source} is no address of this machine")));
        }
        state.datagrams.push(Datagram {
            socket: socket.to_owned(),
            source: source.to_owned(),
            content: datagram.to_vec(),
        });
        Ok(())
    })
}
