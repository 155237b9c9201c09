//! The capabilities: what a plugin may call. They depend on no wasm.
//!
//! The host's imports call [`calls::HostCalls`], the seam, in plain types. Each capability asks [`fencebox_policy`]
//! before it acts.

pub mod calls;
pub mod files;
pub mod http;
pub mod log;
mod remote_peers;
pub mod sockets;
pub mod xmlrpc;
