//! `fence_xenapi` with every known answer of a pool, and with invalid answers
//! (`docs/reference/xenapi.md` and `docs/reference/faults.md`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod acme;
mod cycle;
mod describe;
mod failures;
mod list;
mod login;
mod members;
mod plugs;
mod power_status;
mod relogin;
mod secrets;
mod set_power;
