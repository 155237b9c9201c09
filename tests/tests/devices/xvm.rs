//! fence_xvm and fence_virt by the real program: with the real daemon, and next to the real client with the simulator
//! of the daemon.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod hypervisors;
mod lab;
mod real;
mod side_by_side;
mod simulated;
