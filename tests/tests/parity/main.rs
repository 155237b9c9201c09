//! Our agents and the Python agents, side by side and by recorded cases.

mod conformance;
mod dummy;
#[path = "../support/mod.rs"]
mod support;
mod xenapi;
