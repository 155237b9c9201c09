//! `fence_clc` with every known answer of the cloud, and with invalid answers
//! (`docs/reference/clc.md` and `docs/reference/faults.md`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod acme;
mod describe;
mod doubt;
mod login;
mod plugs;
mod power_status;
mod set_power;
