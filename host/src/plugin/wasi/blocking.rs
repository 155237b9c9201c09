//! Blocking calls of a guest. The deadline and SIGTERM end every wait.
//!
//! All blocking calls of WASI preview 2 are here; the rest of `wasi:io` is passed on. If the deadline or SIGTERM ends a
//! wait, the guest is stopped: an error code would be blamed on the device.

use std::future::Future;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi_io::bindings::wasi::io::poll as unbounded;

use super::{WaitContext, WaitView};
use crate::agent::clock::Clock;

/// Time between two checks of the deadline and of SIGTERM.
const LOOK: Duration = Duration::from_millis(25);
/// Maximum size of one blocking write, in bytes, as in the WASI specification.
const WRITE_LIMIT: usize = 4096;

/// Why a waiting guest was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WaitAborted {
    /// The action's deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// SIGTERM was received.
    #[error("interrupted")]
    Interrupted,
}

/// Links `wasi:io` with waits that have a limit.
pub(super) fn add_to_linker<T: WaitView + WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    poll::add_to_linker::<T, HasWaitContext>(linker, T::wait_context)?;
    streams::add_to_linker::<T, HasWaitContext>(linker, T::wait_context)
}

struct HasWaitContext;

impl HasData for HasWaitContext {
    type Data<'a> = WaitContext<'a>;
}

impl WaitContext<'_> {
    /// Completes if a wait has to be aborted. It does not borrow the table, so the wait itself can use the table.
    fn patience(&self) -> impl Future<Output = WaitAborted> + use<> {
        let (clock, deadline, closing) = (self.clock.clone(), self.deadline, self.closing);
        async move {
            loop {
                if deadline.passed(clock.as_ref()) {
                    return WaitAborted::Deadline;
                }
                if clock.interrupted() && !closing {
                    return WaitAborted::Interrupted;
                }
                pass(clock.as_ref(), LOOK).await;
            }
        }
    }
}

/// Waits in real time, because sockets work in real time. If a test's clock did not advance during the wait, it is set
/// forward by the same time.
pub(super) async fn pass(clock: &dyn Clock, time: Duration) {
    let before = clock.now();
    tokio::time::sleep(time).await;
    if clock.now() == before {
        let _ = clock.sleep(time);
    }
}

/// The outcome of the wait, unless the wait is aborted first. For a guest without sockets the outcome is always ready,
/// so no threads are started: threads from before the confinement would not be confined.
fn bounded<F: Future>(
    has_sockets: bool,
    patience: impl Future<Output = WaitAborted>,
    wait: F,
) -> wasmtime::Result<F::Output> {
    let mut wait = std::pin::pin!(wait);
    if !has_sockets && let Poll::Ready(outcome) = wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return Ok(outcome);
    }
    in_tokio(async {
        tokio::select! {
            biased;
            outcome = &mut wait => Ok(outcome),
            gave_up = patience => Err(gave_up.into()),
        }
    })
}

impl poll::Host for WaitContext<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let (has_sockets, patience) = (self.sockets.is_some(), self.patience());
        bounded(has_sockets, patience, unbounded::Host::poll(self.table, pollables))?
    }
}

impl poll::HostPollable for WaitContext<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        poll::HostPollable::ready(self.table, pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        let (has_sockets, patience) = (self.sockets.is_some(), self.patience());
        bounded(
            has_sockets,
            patience,
            unbounded::HostPollable::block(self.table, pollable),
        )?
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        poll::HostPollable::drop(self.table, pollable)
    }
}

impl streams::Host for WaitContext<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> wasmtime::Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.table, error)
    }
}

impl WaitContext<'_> {
    fn await_input(&mut self, stream: &Resource<DynInputStream>) -> StreamResult<()> {
        let (has_sockets, patience) = (self.sockets.is_some(), self.patience());
        bounded(has_sockets, patience, self.table.get_mut(stream)?.ready()).map_err(StreamError::Trap)
    }

    fn await_output(&mut self, stream: &Resource<DynOutputStream>) -> StreamResult<()> {
        let (has_sockets, patience) = (self.sockets.is_some(), self.patience());
        bounded(has_sockets, patience, self.table.get_mut(stream)?.write_ready()).map_err(StreamError::Trap)??;
        Ok(())
    }

    /// Counts the bytes of all streams of a guest with sockets, including its output.
    fn count_bytes(&self, bytes: usize) -> StreamResult<()> {
        let Some(filter) = self.sockets else { return Ok(()) };
        filter
            .count_bytes(bytes)
            .map_err(|cause| StreamError::Trap(cause.into()))
    }

    /// Fails while nothing may be sent.
    fn check_sending(&self, bytes: usize) -> StreamResult<()> {
        match self.sockets {
            Some(filter) if !filter.allows_bytes(bytes) => Err(StreamError::Closed),
            _ => Ok(()),
        }
    }

    fn write_and_flush(&mut self, stream: &Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        if bytes.len() > WRITE_LIMIT {
            return Err(StreamError::trap("a blocking write of more than 4096 bytes"));
        }
        self.check_sending(bytes.len())?;
        self.count_bytes(bytes.len())?;
        let (has_sockets, patience) = (self.sockets.is_some(), self.patience());
        let write = self.table.get_mut(stream)?.blocking_write_and_flush(bytes.into());
        bounded(has_sockets, patience, write).map_err(StreamError::Trap)?
    }
}

impl streams::HostInputStream for WaitContext<'_> {
    fn read(&mut self, stream: Resource<DynInputStream>, length: u64) -> StreamResult<Vec<u8>> {
        let bytes = streams::HostInputStream::read(self.table, stream, length)?;
        self.count_bytes(bytes.len())?;
        Ok(bytes)
    }

    fn blocking_read(&mut self, stream: Resource<DynInputStream>, length: u64) -> StreamResult<Vec<u8>> {
        self.await_input(&stream)?;
        self.read(stream, length)
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, length: u64) -> StreamResult<u64> {
        let skipped = streams::HostInputStream::skip(self.table, stream, length)?;
        self.count_bytes(usize::try_from(skipped).unwrap_or(usize::MAX))?;
        Ok(skipped)
    }

    fn blocking_skip(&mut self, stream: Resource<DynInputStream>, length: u64) -> StreamResult<u64> {
        self.await_input(&stream)?;
        self.skip(stream, length)
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(self.table, stream)
    }

    fn drop(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<()> {
        streams::HostInputStream::drop(self.table, stream)
    }
}

impl streams::HostOutputStream for WaitContext<'_> {
    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        streams::HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        self.check_sending(bytes.len())?;
        self.count_bytes(bytes.len())?;
        streams::HostOutputStream::write(self.table, stream, bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        self.write_and_flush(&stream, bytes)
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        streams::HostOutputStream::flush(self.table, stream)
    }

    fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.table.get_mut(&stream)?.flush()?;
        self.await_output(&stream)
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(self.table, stream)
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, length: u64) -> StreamResult<()> {
        self.check_sending(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.count_bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        streams::HostOutputStream::write_zeroes(self.table, stream, length)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Resource<DynOutputStream>, length: u64) -> StreamResult<()> {
        // `write_and_flush` rejects more than the limit.
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(WRITE_LIMIT + 1);
        self.write_and_flush(&stream, vec![0; length])
    }

    fn splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        length: u64,
    ) -> StreamResult<u64> {
        self.check_sending(usize::try_from(length).unwrap_or(usize::MAX))?;
        let moved = streams::HostOutputStream::splice(self.table, to, from, length)?;
        // Counted twice, for input and output.
        self.count_bytes(usize::try_from(moved).unwrap_or(usize::MAX).saturating_mul(2))?;
        Ok(moved)
    }

    fn blocking_splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        length: u64,
    ) -> StreamResult<u64> {
        self.await_input(&from)?;
        self.await_output(&to)?;
        self.splice(to, from, length)
    }

    fn drop(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<()> {
        streams::HostOutputStream::drop(self.table, stream)
    }
}
