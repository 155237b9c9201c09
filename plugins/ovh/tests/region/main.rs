//! `fence_ovh` against all documented answers of the region, and against invalid ones
//! (`docs/reference/ovh.md` and `docs/reference/faults.md`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod account;
mod cloud;
mod credentials;
mod cycle;
mod describe;
mod off;
mod on;
mod plugs;
mod probe;
mod refusals;
mod signature;
mod soap;
mod status;
mod tasks;
mod token;
mod vps;
mod windows;
