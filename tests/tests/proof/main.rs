//! "Off" is off: what the real program reports of machines that run, on
//! devices whose reads are old, contradict themselves or have no effect.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod line;
mod reboot;
mod repeated;
mod replicas;
#[path = "../support/mod.rs"]
mod support;
