//! Signals that would end the process for what a write can report.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Lets a write beyond the limit on the size of files (`ulimit -f`) fail with "File too large". By default SIGXFSZ ends
/// the process, which may be in the middle of an action, with the debug file or standard output a file.
///
/// A handler rather than ignoring: programs that this process starts get the default back. SIGPIPE is ignored by the
/// standard library, and reset by it for programs that it starts.
pub fn survive_full_files() {
    // It cannot fail for this signal; if it does, the limit ends the process as before.
    let _ = signal_hook::flag::register(libc::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
