//! `fence_clc` against every answer that the cloud is known to give, and those
//! that it should not (`docs/reference/clc.md` and `docs/reference/faults.md`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod acme;
mod describe;
mod doubt;
mod login;
mod plugs;
mod power_status;
mod set_power;
