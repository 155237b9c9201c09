//! The fence agent protocol. It does not depend on WebAssembly.
//!
//! [`run`] gets the input of the caller, [`options`] parses and checks it,
//! `action_runner` runs the [`action`] with the state machine in [`power`], which
//! calls a [`device::Device`].

pub mod action;
mod action_runner;
pub mod audit;
pub mod clock;
mod declared;
pub mod description;
pub mod device;
pub mod examination;
pub mod exit;
#[cfg(test)]
mod fake_device;
pub mod help;
pub mod late;
pub mod limits;
pub mod log;
pub mod metadata;
mod name;
mod needs;
pub mod options;
pub mod panic;
pub mod power;
pub mod run;
pub mod secret;
pub mod signals;
pub mod stream;
pub mod system_clock;
mod user;
pub mod virtual_clock;

pub use declared::{Declared, InvalidDescription};
pub use name::agent_name;
pub use needs::Needs;
