//! Writes to standard output, standard error and the debug file without blocking.
//!
//! If no process reads from a pipe, a terminal or a socket, a plain write blocks forever, and neither the deadline nor
//! SIGTERM ends it. Writes of this module never block; loops with a time limit wait instead.
//!
//! `O_NONBLOCK` is never set on an inherited descriptor, because the processes that share it would be affected too. A
//! pipe or a terminal is opened again by its name in `/proc`, which returns a separate descriptor, and a socket has a
//! flag for each call. Without `/proc`, the module polls the descriptor first, and writes at most as much as a pipe
//! then accepts without blocking.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};

/// Number of bytes that always fit into a pipe that is ready for writing.
const PIPE_BUF: usize = 4096;
/// Time between checks whether a writer should stop.
const TICK: Duration = Duration::from_millis(50);
/// Maximum time to wait for a reader of standard output.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum time that all lines of a log together wait for their reader.
const LOG_TIMEOUT: Duration = Duration::from_secs(1);

/// A stream with non-blocking writes.
struct Stream {
    file: File,
    way: Way,
}

/// The way in which writes avoid blocking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `O_NONBLOCK` is set.
    Own,
    /// The stream is a socket, and each call has a flag.
    Socket,
    /// The descriptor is shared, and is polled before each write. Also for files, which are always ready.
    Shared,
}

impl Stream {
    /// A stream that this process inherited.
    fn inherited(stream: BorrowedFd<'_>) -> io::Result<Self> {
        let file = File::from(stream.try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        if kind.is_socket() {
            return Ok(Self { file, way: Way::Socket });
        }
        if kind.is_fifo() || file.is_terminal() {
            let name = format!("/proc/self/fd/{}", file.as_raw_fd());
            let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
            if let Ok(file) = OpenOptions::new().write(true).custom_flags(flags).open(name) {
                return Ok(Self { file, way: Way::Own });
            }
        }
        Ok(Self { file, way: Way::Shared })
    }

    /// Writes as much as fits without blocking; `WouldBlock` if nothing fits.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.way {
            Way::Own => self.file.write(bytes),
            Way::Socket => Ok(send(&self.file, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?),
            Way::Shared if self.wait_for_room(Duration::ZERO)? => {
                self.file.write(bytes.get(..PIPE_BUF).unwrap_or(bytes))
            }
            Way::Shared => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Waits at most `limit` until the stream is ready; also returns when a write would fail.
    fn wait_for_room(&self, limit: Duration) -> io::Result<bool> {
        let limit = Timespec::try_from(limit).ok();
        let mut streams = [PollFd::from_borrowed_fd(self.file.as_fd(), PollFlags::OUT)];
        match poll(&mut streams, limit.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }
}

/// Standard output. It waits for its reader for a limited time.
pub struct Output<S> {
    stream: Stream,
    timeout: Duration,
    stop: S,
}

impl<S: Fn() -> bool> Output<S> {
    /// The standard output of this process. A write fails if nothing was read for ten seconds, or when `stop` returns
    /// true.
    ///
    /// # Errors
    ///
    /// If the system has no free descriptor.
    pub fn standard(stop: S) -> io::Result<Self> {
        Ok(Self {
            stream: Stream::inherited(io::stdout().as_fd())?,
            timeout: OUTPUT_TIMEOUT,
            stop,
        })
    }
}

impl<S: Fn() -> bool> Write for Output<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = Instant::now();
        loop {
            match self.stream.write(bytes) {
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
            if (self.stop)() {
                return Err(io::Error::other("interrupted while no process read it"));
            }
            if start.elapsed() >= self.timeout {
                let seconds = self.timeout.as_secs();
                let cause = format!("no process read it for {seconds} s");
                return Err(io::Error::new(ErrorKind::TimedOut, cause));
            }
            self.stream.wait_for_room(TICK.min(self.timeout))?;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream of log lines. Each write is one line, which is written completely or, with `WouldBlock`, not at all.
pub struct Lines {
    stream: Stream,
    /// The remaining time of all waits for the reader.
    timeout: Duration,
    /// The rest of a line that did not fit completely.
    rest: Vec<u8>,
}

impl Lines {
    /// The standard error of this process.
    ///
    /// # Errors
    ///
    /// If the system has no free descriptor.
    pub fn standard_error() -> io::Result<Self> {
        Ok(Self::of(Stream::inherited(io::stderr().as_fd())?))
    }

    /// A stream for a file that was opened with `O_NONBLOCK`.
    pub fn nonblocking(file: File) -> Self {
        Self::of(Stream { file, way: Way::Own })
    }

    fn of(stream: Stream) -> Self {
        Self {
            stream,
            timeout: LOG_TIMEOUT,
            rest: Vec::new(),
        }
    }

    /// Writes as much as fits within the remaining time.
    fn push(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Err(cause) if cause.kind() == ErrorKind::WouldBlock && !self.timeout.is_zero() => {
                    let start = Instant::now();
                    self.stream.wait_for_room(TICK.min(self.timeout))?;
                    self.timeout = self.timeout.saturating_sub(start.elapsed());
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                outcome => return outcome,
            }
        }
    }

    /// Writes the rest of the last line.
    fn finish_line(&mut self) -> io::Result<()> {
        while !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            let outcome = self.push(&rest);
            let written = *outcome.as_ref().unwrap_or(&0);
            self.rest = rest;
            self.rest.drain(..written);
            outcome?;
        }
        Ok(())
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.finish_line()?;
        let written = self.push(line)?;
        self.rest.extend_from_slice(line.get(written..).unwrap_or_default());
        match self.finish_line() {
            Err(cause) if cause.kind() != ErrorKind::WouldBlock => Err(cause),
            _ => Ok(line.len()),
        }
    }

    /// Writes the rest of the last line, if it fits.
    fn flush(&mut self) -> io::Result<()> {
        self.finish_line()
    }
}

#[cfg(test)]
mod tests;
