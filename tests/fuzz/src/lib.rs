//! The host's parsers, as libFuzzer calls them.
//!
//! The layers that parse are crates of their own, so that nothing here builds wasmtime, which takes a quarter of an hour
//! with libFuzzer's instrumentation.

mod parsers;

pub use parsers::{addresses, answers, command_line, descriptions, http_answers, policies, standard_input};
