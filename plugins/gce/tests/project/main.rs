//! `fence_gce` with the answers of Compute Engine, and with answers that it should not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod actions;
mod describe;
mod login;
mod options;
mod power_status;
mod project;
