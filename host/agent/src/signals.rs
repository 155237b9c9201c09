//! Signals that would end the process, although a write can report the error.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Makes a write beyond the file size limit (`ulimit -f`) fail with "File too large". By default, SIGXFSZ ends the
/// process, possibly in the middle of an action, because the debug file or standard output is too large.
///
/// The signal has a handler and is not ignored, so that programs that this process starts get the default again. The
/// standard library ignores SIGPIPE, and resets it for programs that it starts.
pub fn survive_full_files() {
    // This cannot fail for this signal. If it failed, the limit would end the process as before.
    let _ = signal_hook::flag::register(libc::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
