//! The thread that increments the epoch, so that a computing plugin is interrupted regularly.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// Time between two checks of a computing plugin.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// The ticker of one engine, shared by all instances of its plugin: with two tickers, each instance would get only half
/// of its computing time.
#[derive(Default)]
pub(super) struct EpochTicker(Mutex<Weak<Ticker>>);

/// Increments the engine's epoch until it is dropped. It uses real time and not the agent's clock, because a plugin can
/// compute forever on a virtual clock too.
pub(super) struct Ticker {
    /// The thread ends when this is dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTicker {
    /// The ticker, which is shared and ends when its last user drops it.
    ///
    /// # Errors
    /// If the system cannot start a thread.
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

/// Waits until the thread has ended.
impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
