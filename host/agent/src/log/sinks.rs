//! Destinations of lines in addition to standard error.

use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Level, Sink, printed};
use crate::stream::Lines;

/// Local time in the format of the agents: `2026-11-20 22:03:18,123`.
pub(super) fn timestamp(time: SystemTime) -> String {
    let zoned = local(time);
    format!("{},{:03}", zoned.strftime("%Y-%m-%d %H:%M:%S"), zoned.millisecond())
}

fn local(time: SystemTime) -> jiff::Zoned {
    jiff::Timestamp::try_from(time)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::system())
}

/// The debug file. It gets the same lines as standard error, also with `quiet`.
pub struct DebugFile {
    lines: Lines,
    name: String,
}

impl DebugFile {
    /// Mode of a new file, before the umask: not every user should read about the
    /// devices.
    const MODE: u32 = 0o640;

    /// Opens the file to append to it, and creates it if it is missing. Does not
    /// wait: a pipe without a reader is an error.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or is a block device.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .mode(Self::MODE)
            .open(path)?;
        if file.metadata()?.file_type().is_block_device() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is a block device"));
        }
        Ok(Self {
            lines: Lines::nonblocking(file),
            name: format!("debug file {path:?}"),
        })
    }
}

impl Sink for DebugFile {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn lines(&mut self, time: SystemTime, lines: &[(Level, &str)]) -> io::Result<()> {
        let text: String = lines.iter().map(|line| printed(line, Some(time))).collect();
        self.lines.write_all(text.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}

/// The local syslog daemon. The format is that of libc's `syslog`, with the agent's
/// name as the tag.
pub struct Syslog {
    pub(super) socket: UnixDatagram,
    pub(super) tag: String,
}

impl Syslog {
    /// The socket of the daemon.
    pub const SOCKET: &str = "/dev/log";
    /// The facility `user`.
    const USER: u8 = 1 << 3;

    /// Connects to the daemon's socket, usually `/dev/log`. None if it is missing,
    /// as in many containers.
    pub fn connect(socket: &Path, tag: &str) -> Option<Self> {
        let path = socket;
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect(path).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self {
            socket,
            tag: tag.to_owned(),
        })
    }

    /// Makes lines wait for a daemon with a full queue, at most this time. After
    /// that they are dropped.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Option<Self> {
        self.socket.set_write_timeout(Some(timeout)).ok()?;
        self.socket.set_nonblocking(false).ok()?;
        Some(self)
    }

    /// Sends a line with this facility and severity.
    ///
    /// # Errors
    ///
    /// If the line was not accepted: `WouldBlock` if the daemon's queue is full.
    pub(crate) fn send(&self, priority: u8, time: SystemTime, line: &str) -> io::Result<()> {
        let time = local(time).strftime("%b %e %H:%M:%S").to_string();
        let datagram = format!("<{priority}>{time} {}: {line}", self.tag);
        self.socket.send(datagram.as_bytes()).map(drop)
    }
}

impl Sink for Syslog {
    fn name(&self) -> String {
        "syslog".to_owned()
    }

    fn lines(&mut self, time: SystemTime, lines: &[(Level, &str)]) -> io::Result<()> {
        lines.iter().try_for_each(|(level, line)| {
            let severity = match level {
                Level::Error => 3,
                Level::Warning => 4,
                Level::Info => 6,
                Level::Debug => 7,
            };
            self.send(Self::USER | severity, time, line)
        })
    }
}
