//! `fence_xenapi` against every answer that a pool is known to give, and those
//! that it should not (`docs/reference/xenapi.md` and `docs/reference/faults.md`).

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
