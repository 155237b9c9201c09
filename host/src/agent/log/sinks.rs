//! Where lines go beside standard error.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Level, Sink};

/// Local time as the agents write it: `2026-11-20 22:03:18,123`.
pub(super) fn timestamp(time: SystemTime) -> String {
    let zoned = local(time);
    format!("{},{:03}", zoned.strftime("%Y-%m-%d %H:%M:%S"), zoned.millisecond())
}

fn local(time: SystemTime) -> jiff::Zoned {
    jiff::Timestamp::try_from(time)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::system())
}

/// The debug file: the same lines as standard error, whatever `quiet` says.
pub struct DebugFile(std::fs::File);

impl DebugFile {
    /// What a new one may be, whatever the umask leaves of it: the story of the
    /// devices is not for everybody.
    const MODE: u32 = 0o640;

    /// Opens it for appending, and makes it if it is not there.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            // A pipe that nobody reads must not hold up fencing.
            .custom_flags(libc::O_NONBLOCK)
            .mode(Self::MODE)
            .open(path)
            .map(Self)
    }
}

impl Sink for DebugFile {
    fn line(&mut self, level: Level, time: SystemTime, line: &str) {
        // As with standard error.
        let _ = writeln!(self.0, "{} {}: {line}", timestamp(time), level.word());
    }
}

/// The local syslog daemon, with the agent's name as the tag, as libc's
/// `syslog` writes it.
pub struct Syslog {
    pub(super) socket: UnixDatagram,
    pub(super) tag: String,
}

impl Syslog {
    /// Where the daemon listens.
    pub const SOCKET: &str = "/dev/log";
    /// The facility of programs.
    const USER: u8 = 1 << 3;

    /// Connects to the daemon's socket, which is `/dev/log`; none is there in
    /// many containers, and then nothing is missed.
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

    /// The same, but a line waits so long for a daemon whose queue is full
    /// before it is lost.
    pub(crate) fn patient(self, patience: Duration) -> Option<Self> {
        self.socket.set_write_timeout(Some(patience)).ok()?;
        self.socket.set_nonblocking(false).ok()?;
        Some(self)
    }

    /// One line of this facility and severity.
    pub(crate) fn send(&self, priority: u8, time: SystemTime, line: &str) {
        let time = local(time).strftime("%b %e %H:%M:%S").to_string();
        let datagram = format!("<{priority}>{time} {}: {line}", self.tag);
        // A daemon that does not keep up must not hold up fencing.
        let _ = self.socket.send(datagram.as_bytes());
    }
}

impl Sink for Syslog {
    fn line(&mut self, level: Level, time: SystemTime, line: &str) {
        let severity = match level {
            Level::Error => 3,
            Level::Warning => 4,
            Level::Info => 6,
            Level::Debug => 7,
        };
        self.send(Self::USER | severity, time, line);
    }
}
