//! Lines for the person on call.
//!
//! The host masks the values of secret options, escapes control characters and
//! drops lines beyond its limit. Never log a token that the device returned:
//! the host cannot mask it.

use crate::bindings::fencebox::agent::log::Level;

/// The action will fail because of this.
pub fn error(line: impl AsRef<str>) {
    write(Level::Error, line.as_ref());
}

/// Something is wrong, but the action may still succeed.
pub fn warn(line: impl AsRef<str>) {
    write(Level::Warn, line.as_ref());
}

/// Progress; shown with the option `verbose`.
pub fn info(line: impl AsRef<str>) {
    write(Level::Info, line.as_ref());
}

/// Detail; shown with the option `verbose`.
pub fn debug(line: impl AsRef<str>) {
    write(Level::Debug, line.as_ref());
}

#[cfg(target_family = "wasm")]
fn write(level: Level, line: &str) {
    crate::bindings::fencebox::agent::log::log(level, line);
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, line: &str) {
    crate::testing::log(level, line);
}
