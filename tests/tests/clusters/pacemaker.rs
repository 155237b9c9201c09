//! Our agents with the Pacemaker, pcs and crmsh of this machine, and with those of Debian 13.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod crm;
mod cts;
mod customer;
mod devices;
mod existing;
mod failing_devices;
mod lab;
mod pcs;
mod stonith;
mod system;
mod tree;
