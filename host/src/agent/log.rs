//! Everything that is not the protocol: standard error, syslog, the debug file.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

#[cfg(test)]
mod tests;

/// Longest message, in bytes: what is longer was written by a device or a
/// plugin that wants to flood, and does not fit a syslog datagram.
pub const LENGTH_LIMIT: usize = 4 * 1024;
/// Stands where a secret was.
const STARS: &str = "********";

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Detail.
    Debug,
    /// Progress.
    Info,
    /// Something is not as it should be.
    Warning,
    /// The action fails because of this.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// A place that lines go to, beside standard error.
pub trait Sink: Send {
    /// One line, already masked, without its end.
    fn line(&mut self, level: Level, time: SystemTime, line: &str);
}

/// The log of one run. Every line passes through here, so that a secret or a
/// control character has one place to be stopped at.
pub struct Log {
    state: Mutex<State>,
}

struct State {
    stderr: Box<dyn Write + Send>,
    sinks: Vec<Box<dyn Sink>>,
    secrets: Vec<String>,
    /// Before the options are known, lines look as the Python library's do at
    /// that stage, and go to standard error alone.
    configured: bool,
    quiet: bool,
    verbose: bool,
}

impl Log {
    /// A log that writes to `stderr`.
    pub fn new(stderr: Box<dyn Write + Send>) -> Self {
        Self {
            state: Mutex::new(State {
                stderr,
                sinks: Vec::new(),
                secrets: Vec::new(),
                configured: false,
                quiet: false,
                verbose: false,
            }),
        }
    }

    /// From now on: time-stamped lines, at the wanted loudness. `quiet` only
    /// silences standard error.
    pub fn configure(&self, verbose: bool, quiet: bool) {
        let mut state = self.state();
        state.configured = true;
        state.verbose = verbose;
        state.quiet = quiet;
    }

    /// Adds a place that every later line goes to as well.
    pub fn add_sink(&self, sink: Box<dyn Sink>) {
        self.state().sinks.push(sink);
    }

    /// Never prints this value again. Very short values are left alone: to
    /// mask them would only tell where they occur.
    pub fn hide(&self, secret: &str) {
        if secret.len() >= 3 {
            self.state().secrets.push(secret.to_owned());
        }
    }

    /// The text without secrets and control characters.
    pub fn masked(&self, text: &str) -> String {
        self.state().masked(text)
    }

    /// The action fails because of this.
    pub fn error(&self, message: impl Display) {
        self.line(Level::Error, &message.to_string());
    }

    /// Something is not as it should be.
    pub fn warning(&self, message: impl Display) {
        self.line(Level::Warning, &message.to_string());
    }

    /// Progress.
    pub fn info(&self, message: impl Display) {
        self.line(Level::Info, &message.to_string());
    }

    /// Detail.
    pub fn debug(&self, message: impl Display) {
        self.line(Level::Debug, &message.to_string());
    }

    /// One line of any loudness.
    pub fn line(&self, level: Level, message: &str) {
        self.state().line(level, message);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn masked(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = 0;
        for (start, end) in self.secret_ranges(text) {
            escape(text.get(rest..start).unwrap_or_default(), &mut clean);
            clean.push_str(STARS);
            rest = end;
        }
        escape(text.get(rest..).unwrap_or_default().trim_end(), &mut clean);
        clean
    }

    /// Where secrets are, in order and apart from each other: of secrets that
    /// overlap, no part stays.
    fn secret_ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for secret in &self.secrets {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.find(secret.as_str())) {
                let start = from + at;
                found.push((start, start + secret.len()));
                from = start + secret.chars().next().map_or(1, char::len_utf8);
            }
        }
        found.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (start, end) in found {
            match apart.last_mut() {
                Some((_, last)) if start < *last => *last = end.max(*last),
                _ => apart.push((start, end)),
            }
        }
        apart
    }

    /// The start of a message that is too long. A secret at the cut goes as a
    /// whole, for half of it would not be recognised.
    fn shortened<'m>(&self, message: &'m str) -> &'m str {
        if message.len() <= LENGTH_LIMIT {
            return message;
        }
        let longest = self.secrets.iter().map(String::len).max().unwrap_or_default();
        let near = up_to(message, LENGTH_LIMIT + longest);
        let ranges = self.secret_ranges(near);
        let cut = ranges
            .into_iter()
            .find(|(start, end)| (*start..*end).contains(&LENGTH_LIMIT));
        up_to(message, cut.map_or(LENGTH_LIMIT, |(start, _)| start))
    }

    fn line(&mut self, level: Level, message: &str) {
        let short = self.shortened(message);
        let cut = if short.len() < message.len() { " …" } else { "" };
        let message = format!("{}{cut}", self.masked(short));
        if !self.configured {
            if level >= Level::Warning {
                self.print(&format!("{}:root:{message}\n", level.word()));
            }
            return;
        }
        if level < Level::Warning && !self.verbose {
            return;
        }
        let now = SystemTime::now();
        if !self.quiet {
            let line = format!("{} {}: {message}\n", timestamp(now), level.word());
            self.print(&line);
        }
        for sink in &mut self.sinks {
            sink.line(level, now, &message);
        }
    }

    fn print(&mut self, line: &str) {
        // A closed standard error is no reason to stop fencing.
        let _ = self.stderr.write_all(line.as_bytes());
    }
}

/// At most so many bytes of a text, in whole characters.
fn up_to(text: &str, mut end: usize) -> &str {
    end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Whether a character ends a line, moves the cursor, or makes a reader see
/// another order of characters.
pub(super) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Appends the text with what is harmful in it spelt out.
fn escape(text: &str, clean: &mut String) {
    for character in text.chars() {
        match is_harmful(character) {
            true => clean.extend(character.escape_default()),
            false => clean.push(character),
        }
    }
}

/// Local time as the agents write it: `2026-11-20 22:03:18,123`.
fn timestamp(time: SystemTime) -> String {
    let zoned = jiff::Timestamp::try_from(time)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::system());
    format!("{},{:03}", zoned.strftime("%Y-%m-%d %H:%M:%S"), zoned.millisecond())
}

/// The debug file: the same lines as standard error, whatever `quiet` says.
pub struct DebugFile(std::fs::File);

impl DebugFile {
    /// Opens it for appending, and makes it if it is not there.
    pub fn open(path: &std::path::Path) -> std::io::Result<Self> {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
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

/// The local syslog daemon: facility user, and the agent's name as the tag,
/// as libc's `syslog` writes it.
pub struct Syslog {
    socket: std::os::unix::net::UnixDatagram,
    tag: String,
}

impl Syslog {
    /// Where the daemon listens.
    pub const SOCKET: &str = "/dev/log";

    /// Connects to the daemon; none is there in many containers, and then
    /// nothing is missed.
    pub fn connect(tag: &str) -> Option<Self> {
        let socket = std::os::unix::net::UnixDatagram::unbound().ok()?;
        socket.connect(Self::SOCKET).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self {
            socket,
            tag: tag.to_owned(),
        })
    }
}

impl Sink for Syslog {
    fn line(&mut self, level: Level, time: SystemTime, line: &str) {
        const USER: u8 = 1 << 3;
        let severity = match level {
            Level::Error => 3,
            Level::Warning => 4,
            Level::Info => 6,
            Level::Debug => 7,
        };
        let zoned = jiff::Timestamp::try_from(time)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(jiff::tz::TimeZone::system());
        let datagram = format!(
            "<{}>{} {}: {line}",
            USER | severity,
            zoned.strftime("%b %e %H:%M:%S"),
            self.tag
        );
        // A daemon that does not keep up must not hold up fencing.
        let _ = self.socket.send(datagram.as_bytes());
    }
}
