//! The entry points of the host's parsers for libFuzzer.
//!
//! The layers that parse are separate crates, so nothing here builds wasmtime. Building wasmtime with libFuzzer's
//! instrumentation takes a quarter of an hour.

mod parsers;

pub use parsers::{addresses, answers, certificates, command_line, descriptions, http_answers, policies, standard_input};
