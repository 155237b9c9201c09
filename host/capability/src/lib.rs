//! What a plugin may call, without a word of wasm: each capability is asked in
//! plain types by the imports in the host, and asks [`fencebox_policy`]
//! before it acts.

pub mod address;
mod contacts;
mod exchange;
pub mod files;
pub mod http;
pub mod journal;
pub mod sockets;
mod telling;
pub mod tls;
pub mod xmlrpc;
