//! `docs/pacemaker.md`: each command on the page is run, and each message of an agent on the page is printed by an
//! agent.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

mod commands;
mod lines;

/// The page.
fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pacemaker.md");
    std::fs::read_to_string(path).unwrap()
}
