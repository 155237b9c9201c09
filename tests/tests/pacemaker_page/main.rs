//! `docs/pacemaker.md`: each command of it is run, and each line that an agent says in it is said by one.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod lines;

/// The page.
fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pacemaker.md");
    std::fs::read_to_string(path).unwrap()
}
