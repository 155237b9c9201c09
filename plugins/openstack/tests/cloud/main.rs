//! `fence_openstack` with the answers of Keystone 22 and Nova 26 (Zed), and with answers that they should not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod actions;
mod cloud;
mod describe;
mod power_status;
