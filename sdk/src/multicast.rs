//! Datagrams to a multicast group that the plugin declared with
//! [`Socket::multicast`]. The sockets of WASI cannot select the interface or
//! the number of hops.
//!
//! [`Socket::multicast`]: crate::Socket::multicast

pub use crate::bindings::fencebox::agent::multicast::Error as Failure;

/// The addresses of this machine that can send to the group.
///
/// # Errors
/// [`Failure::Denied`] for a socket that was not declared; otherwise the reason
/// why the host cannot read its addresses.
pub fn local_addresses(socket: &str) -> Result<Vec<String>, Failure> {
    imported::local_addresses(socket)
}

/// Sends one datagram to the group, from one of [`local_addresses`] and through
/// the interface with that address.
///
/// # Errors
/// [`Failure::Denied`] if a rule forbids it; otherwise the reason why the
/// datagram was not sent.
pub fn send(socket: &str, source: &str, datagram: &[u8]) -> Result<(), Failure> {
    imported::send(socket, source, datagram)
}

#[cfg(target_family = "wasm")]
use crate::bindings::fencebox::agent::multicast as imported;
#[cfg(not(target_family = "wasm"))]
use crate::testing::multicast as imported;
