//! Writing to streams that others made: standard output, standard error, the debug file.
//!
//! At the other end of a pipe, a terminal or a socket may be nobody who reads. A plain write then blocks for good, and
//! neither the deadline nor SIGTERM ends it. Here a write never blocks: what waits is a loop that ends.
//!
//! `O_NONBLOCK` is never set on a descriptor that was inherited, because the processes that share it would get it too.
//! A pipe or a terminal is opened again by its name in `/proc`, which gives a descriptor of this process's own, and a
//! socket has a flag for each call. Without `/proc` the kernel is asked whether there is room, and no more is written
//! than a pipe then takes at once.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};

/// So many bytes fit into a pipe that has room.
const PIPE_BUF: usize = 4096;
/// How soon a writer notices that it is to give up.
const TICK: Duration = Duration::from_millis(50);
/// Longest time without anyone reading after which standard output is given up.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(10);
/// Longest time that all lines of a log together wait for their reader.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// A stream to which a write does not block.
struct Stream {
    file: File,
    way: Way,
}

/// How a write is kept from blocking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `O_NONBLOCK` is set.
    Own,
    /// A socket.
    Socket,
    /// The descriptor is shared, and the kernel is asked first. Of files, which always take something, too.
    Shared,
}

impl Stream {
    /// One that this process inherited.
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

    /// Writes what fits at once; `WouldBlock` if nothing does.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.way {
            Way::Own => self.file.write(bytes),
            Way::Socket => Ok(send(&self.file, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?),
            Way::Shared if self.has_room(Duration::ZERO)? => self.file.write(bytes.get(..PIPE_BUF).unwrap_or(bytes)),
            Way::Shared => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Waits at most so long for room; also ends when a write would fail.
    fn has_room(&self, limit: Duration) -> io::Result<bool> {
        let limit = Timespec::try_from(limit).ok();
        let mut streams = [PollFd::from_borrowed_fd(self.file.as_fd(), PollFlags::OUT)];
        match poll(&mut streams, limit.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }
}

/// Standard output: waits for its reader, but not for one that never reads.
pub struct Output<S> {
    stream: Stream,
    patience: Duration,
    stop: S,
}

impl<S: Fn() -> bool> Output<S> {
    /// The standard output of this process. A write gives up when nothing of it was taken for ten seconds, or when
    /// `stop` says so.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn standard(stop: S) -> io::Result<Self> {
        Ok(Self {
            stream: Stream::inherited(io::stdout().as_fd())?,
            patience: OUTPUT_PATIENCE,
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
            if start.elapsed() >= self.patience {
                let seconds = self.patience.as_secs();
                let cause = format!("no process read it for {seconds} s");
                return Err(io::Error::new(ErrorKind::TimedOut, cause));
            }
            self.stream.has_room(TICK.min(self.patience))?;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where lines of a log go. Each write is one line: it is taken as a whole or, with `WouldBlock`, not at all.
pub struct Lines {
    stream: Stream,
    /// Waiting for the reader takes no longer, in sum.
    patience: Duration,
    /// The end of a line that only fitted in part.
    rest: Vec<u8>,
}

impl Lines {
    /// The standard error of this process.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn standard_error() -> io::Result<Self> {
        Ok(Self::of(Stream::inherited(io::stderr().as_fd())?))
    }

    /// A file that was opened with `O_NONBLOCK`.
    pub fn nonblocking(file: File) -> Self {
        Self::of(Stream { file, way: Way::Own })
    }

    fn of(stream: Stream) -> Self {
        Self {
            stream,
            patience: LOG_PATIENCE,
            rest: Vec::new(),
        }
    }

    /// Writes what fits while there is patience.
    fn push(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(bytes) {
                Err(cause) if cause.kind() == ErrorKind::WouldBlock && !self.patience.is_zero() => {
                    let start = Instant::now();
                    self.stream.has_room(TICK.min(self.patience))?;
                    self.patience = self.patience.saturating_sub(start.elapsed());
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

    /// What is left of the last line, if it fits.
    fn flush(&mut self) -> io::Result<()> {
        self.finish_line()
    }
}

#[cfg(test)]
mod tests;
