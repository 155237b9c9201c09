//! Work on files that must not delay an action: the file system may hang.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs the job in a thread of its own, and waits at most this time for it. A job that takes longer goes on until the
/// process ends.
///
/// # Errors
/// If the job took longer, or there is no thread for it.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let job = move || {
        let _ = sender.send(job());
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(job);
    let thread = thread.map_err(|cause| format!("cannot start a thread: {cause}"))?;
    let answer = receiver.recv_timeout(limit);
    let answer = answer.map_err(|_| format!("the file system did not answer within {} ms", limit.as_millis()))?;
    // The confinement applies to one thread, so this one must be gone.
    let _ = thread.join();
    Ok(answer)
}

/// Little address space is enough.
const STACK: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::within;

    #[test]
    fn a_job_that_ends_returns_its_answer() {
        assert_eq!(within(Duration::from_secs(600), || 7), Ok(7));
    }

    #[test]
    fn a_job_that_hangs_is_left_alone() {
        let (_open, never) = mpsc::channel::<()>();
        let outcome = within(Duration::from_millis(1), move || never.recv().is_ok());
        let cause = outcome.unwrap_err();
        assert_eq!(cause, "the file system did not answer within 1 ms");
    }
}
