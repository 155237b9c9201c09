//! The dummy agent with files from a script.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod describe;
mod fail;
mod recorder;
mod rehearsal;
mod status_file;

use fence_dummy::Dummy;
use fencebox_sdk::prelude::*;

/// A session with these options.
fn open<const N: usize>(options: [(&str, &str); N]) -> Result<Dummy> {
    Dummy::open(&Options::from(options))
}
