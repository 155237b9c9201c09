//! `fence_azure_arm` with the answers of Azure, and with answers that it should not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod actions;
mod describe;
mod group;
mod login;
mod power_status;
