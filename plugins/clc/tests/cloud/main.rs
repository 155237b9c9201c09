//! `fence_clc` against every answer that the cloud is known to give, and those
//! that it should not (`devices.md` §1, `devices-errors.md`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod acme;
mod describe;
mod doubt;
mod login;
mod plugs;
mod power_status;
mod set_power;
