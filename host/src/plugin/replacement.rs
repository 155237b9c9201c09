//! A plugin that an upgrade replaces while an action starts. Package managers replace one file after the other, so for
//! a moment the plugin and the record beside it do not belong together.

use std::path::Path;
use std::time::Duration;

use super::{Recorded, compiled};
use crate::agent::clock::{Clock, Deadline};
use crate::policy::ownership::Checker;

#[cfg(test)]
mod tests;

/// Maximum time from the first to the last file of a plugin. They are neighbors in a package, so most disks need a few
/// milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two looks at the files.
const STEP: Duration = Duration::from_millis(50);

/// Whether an upgrade has replaced this plugin, or replaces it now and completes that in time. A plugin that was changed
/// earlier, and has still another record, is not waited for.
pub(super) fn is_completed(path: &Path, clock: &dyn Clock) -> bool {
    let deadline = Deadline::after(clock, PATIENCE);
    loop {
        if is_recorded(path) {
            return true;
        }
        if !was_written_now(path, clock) || deadline.passed(clock) || clock.sleep(STEP).is_err() {
            return false;
        }
    }
}

/// Whether a file in the plugin's folder was replaced a moment ago.
fn was_written_now(path: &Path, clock: &dyn Clock) -> bool {
    let folder = path.parent().and_then(|folder| folder.metadata().ok());
    let written = folder.and_then(|metadata| metadata.modified().ok());
    let age = written.and_then(|written| clock.wall().duration_since(written).ok());
    age.is_some_and(|age| age < PATIENCE)
}

/// Whether the plugin and the record beside it belong together.
fn is_recorded(path: &Path) -> bool {
    let checker = Checker::new();
    let recorded = Recorded::read(path, &checker);
    let hash = compiled::read(path, &checker).map(|(wasm, _)| blake3::hash(&wasm).to_hex());
    hash.is_ok_and(|hash| recorded.blake3() == Some(hash.as_str()))
}
