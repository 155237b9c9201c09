//! What a plugin may call, without a word of wasm: each capability is asked in
//! plain types by the imports in the host, and asks [`fencebox_policy`]
//! before it acts.

pub mod files;
pub mod http;
pub mod log;
mod remote_peers;
pub mod sockets;
pub mod xmlrpc;
