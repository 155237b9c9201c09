//! `fence_redfish` with the answers of BMCs, and with answers that they should not give (DMTF DSP0266 and the schema of
//! ComputerSystem).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod describe;
mod login;
mod power_status;
mod reset;
mod server;
mod systems;
mod task;
