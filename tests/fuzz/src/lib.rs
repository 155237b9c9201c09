//! The host's parsers, as libFuzzer calls them.
//!
//! Taken in as sources: the package `fencebox` would bring wasmtime, which takes
//! a quarter of an hour to build with libFuzzer's instrumentation, and which
//! neither of the two knows.

extern crate self as fencebox;

#[path = "../../../host/src/agent/mod.rs"]
pub mod agent;
mod parsers;
#[path = "../../../host/src/policy/mod.rs"]
pub mod policy;

pub use parsers::{addresses, command_line, standard_input};
