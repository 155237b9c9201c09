//! Datagrams to a multicast group that the plugin declared with
//! [`Socket::multicast`]: what the sockets of the standard library cannot say,
//! because WASI has no words for it.
//!
//! [`Socket::multicast`]: crate::Socket::multicast

pub use crate::bindings::fencebox::agent::multicast::Error as Failure;

/// The addresses of this machine from which the group can be spoken to.
///
/// # Errors
/// [`Failure::Denied`] for a socket that was not declared; else what keeps the
/// host from knowing.
pub fn local_addresses(socket: &str) -> Result<Vec<String>, Failure> {
    imported::local_addresses(socket)
}

/// Sends one datagram to the group, from one of [`local_addresses`] and by the
/// interface that has it.
///
/// # Errors
/// [`Failure::Denied`] for what a rule forbids; else what kept it from being
/// sent.
pub fn send(socket: &str, source: &str, datagram: &[u8]) -> Result<(), Failure> {
    imported::send(socket, source, datagram)
}

#[cfg(target_family = "wasm")]
use crate::bindings::fencebox::agent::multicast as imported;
#[cfg(not(target_family = "wasm"))]
use crate::testing::multicast as imported;
