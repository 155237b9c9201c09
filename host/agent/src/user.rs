//! The users of this process.

use rustix::process::{geteuid, getuid};

/// The real and the effective user id.
pub(super) fn real_and_effective() -> (u32, u32) {
    (getuid().as_raw(), geteuid().as_raw())
}
