//! What nobody gets to see, and what the audit tells: by the real program, a
//! device that repeats its secrets in every encoding, and daemons that listen.

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
mod output;
mod room;
mod sources;
#[path = "../support/mod.rs"]
mod support;

/// Every kind of character that somebody escapes.
const PASSWORD: &str = "p&s\"w<r'd/ é+\\%=😀x";
/// That of the plugin's own option.
const TOKEN: &str = "tok-3f7a9c";

/// Everything on standard input.
fn options(more: &str) -> String {
    format!("ip=127.0.0.1\nusername=fencer\npassword={PASSWORD}\ntoken={TOKEN}\nstonith_status_sleep=0\n{more}")
}

/// Nothing of the secrets is in this, in no encoding.
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
