//! The host's parsers, as libFuzzer calls them.
//!
//! Taken in as sources: the package `fencebox` would bring wasmtime, which takes
//! a quarter of an hour to build with libFuzzer's instrumentation, and which
//! none of these knows.

extern crate self as fencebox;

#[path = "../../../host/src/agent/mod.rs"]
pub mod agent;
#[path = "../../../host/src/capability/xmlrpc/document/mod.rs"]
pub mod document;
#[path = "../../../host/src/ownership.rs"]
mod ownership;
mod parsers;
#[path = "../../../host/src/policy/mod.rs"]
pub mod policy;

pub use parsers::{addresses, answers, command_line, policies, standard_input};

/// Where the host has it.
pub mod capability {
    /// Without the calls, which know HTTP.
    pub mod xmlrpc {
        pub use crate::document;
    }
}
