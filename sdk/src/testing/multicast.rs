//! The addresses of this machine in a script, and the datagrams sent from them.

use super::declared;
use crate::multicast::Failure;

/// A datagram to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The name of the socket.
    pub socket: String,
    /// The source address, one of this machine.
    pub source: String,
    /// The content.
    pub content: Vec<u8>,
}

/// The addresses of this machine from the script.
pub(crate) fn local_addresses(socket: &str) -> Result<Vec<String>, Failure> {
    declared::check_group(socket)?;
    super::with_state(|state| Ok(state.local_addresses.clone()))
}

/// Records a datagram.
pub(crate) fn send(socket: &str, source: &str, datagram: &[u8]) -> Result<(), Failure> {
    declared::check_group(socket)?;
    super::with_state(|state| {
        if !state.local_addresses.iter().any(|known| known == source) {
            return Err(Failure::Denied(format!("{source} is not an address of this machine")));
        }
        state.datagrams.push(Datagram {
            socket: socket.to_owned(),
            source: source.to_owned(),
            content: datagram.to_vec(),
        });
        Ok(())
    })
}
