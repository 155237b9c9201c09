//! Lines for the person on call.
//!
//! The host masks the values of secret options, escapes control characters and
//! drops lines beyond its limit. It masks a token that the device returned in a
//! body only after [`hide`].

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

/// Masks a value in all output and recordings from now on: a token that the
/// device returned in a body, or a password that was read from a file. Call it
/// before the value is used. Native tests have nothing to mask.
pub fn hide(secret: impl AsRef<str>) {
    #[cfg(target_family = "wasm")]
    crate::bindings::fencebox::agent::log::hide(secret.as_ref());
    #[cfg(not(target_family = "wasm"))]
    let _ = secret.as_ref();
}

#[cfg(target_family = "wasm")]
fn write(level: Level, line: &str) {
    crate::bindings::fencebox::agent::log::log(level, line);
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, line: &str) {
    crate::testing::log(level, line);
}
