//! Secrets that must never be visible, and the audit records: the real program, a device that repeats its secrets in
//! every encoding, and logging daemons of the test.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod audit;
#[path = "../../fixtures/src/encodings.rs"]
mod encodings;
mod masks;
mod observed;
mod output;
mod sockets;
mod sources;
use crate::support;

/// Contains every kind of character that some encoding escapes.
const PASSWORD: &str = "p&s\"w<r'd/ é+\\%=😀x";
/// The secret of the plugin's own option.
const TOKEN: &str = "tok-3f7a9c";

/// The complete standard input.
fn options(more: &str) -> String {
    format!("ip=127.0.0.1\nusername=fencer\npassword={PASSWORD}\ntoken={TOKEN}\nstonith_status_sleep=0\n{more}")
}

/// Asserts that the text contains no secret, in any encoding.
#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for secret in [PASSWORD, TOKEN] {
        for (name, encoded) in encodings::all(secret) {
            assert!(!text.contains(&encoded), "{what} shows {name}: {encoded}");
        }
        for encoded in encodings::contained(secret) {
            assert!(!text.contains(&encoded), "{what} shows {encoded}");
        }
    }
}
