//! `fence_pve` with the answers of Proxmox VE, and with answers that it should not give (its API viewer).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod describe;
mod device;
mod login;
mod power_status;
mod requests;
