//! The host's parsers, as libFuzzer calls them.
//!
//! Taken in as sources: the package `fencebox` would bring wasmtime, which takes
//! a quarter of an hour to build with libFuzzer's instrumentation, and which
//! none of these knows.

extern crate self as fencebox;

#[path = "../../../host/src/agent/mod.rs"]
pub mod agent;
pub mod capability;
pub mod confinement;
#[allow(dead_code, reason = "the files of plugins are read by nothing here")]
#[path = "../../../host/src/ownership.rs"]
mod ownership;
mod parsers;
pub mod plugin;
#[path = "../../../host/src/policy/mod.rs"]
pub mod policy;
#[path = "../../../host/src/program.rs"]
mod program;

pub use parsers::{addresses, answers, command_line, descriptions, http_answers, policies, standard_input};
