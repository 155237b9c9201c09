//! Our agents with Debian's Pacemaker, pcs and crmsh.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod crm;
mod customer;
mod devices;
mod lab;
mod pcs;
mod stonith;
mod tree;
mod trouble;
