//! Who has a computing plugin looked at.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// How often a computing plugin is looked at.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// The ticker of one engine, for all that run its plugin: two of them would
/// leave each half of the time that it may compute.
#[derive(Default)]
pub(super) struct EpochTicker(Mutex<Weak<Ticker>>);

/// Lets the engine tick until it is dropped. Real time, not the clock's: a
/// plugin that computes for ever does so on a virtual clock too.
pub(super) struct Ticker {
    /// It ends when this is gone.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTicker {
    /// The ticker, which lasts until the last one who has it lets it go.
    ///
    /// Fails where the system has no thread left for it.
    pub(super) fn ticker(&self, engine: &Engine) -> std::io::Result<Arc<Ticker>> {
        let mut ticker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ticker) = ticker.upgrade() {
            return Ok(ticker);
        }
        let started = Arc::new(Ticker::start(engine)?);
        *ticker = Arc::downgrade(&started);
        Ok(started)
    }
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let engine = engine.weak();
        let (stop, stopped) = mpsc::channel::<()>();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        };
        Ok(Self {
            stop: Some(stop),
            thread: Some(std::thread::Builder::new().spawn(tick)?),
        })
    }
}

/// Returns when the thread has ended.
impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
