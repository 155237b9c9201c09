//! A real cluster of Corosync and Pacemaker: the nodes really end when our agents switch their machines off.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

mod nothing_left;
mod play;
