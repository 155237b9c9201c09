//! Everything that is not the protocol: standard error, syslog, the debug file.

mod base64;
mod escapes;
mod mask;
mod sinks;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;

use zeroize::Zeroizing;

use mask::Mask;
use sinks::timestamp;
pub use sinks::{DebugFile, Syslog};

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
    mask: Mask,
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
                mask: Mask::default(),
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

    /// Never prints this value again, in plain or in a common encoding. Very
    /// short values are left alone: to mask them would only tell where they
    /// occur.
    pub fn hide(&self, secret: &str) {
        self.state().mask.add(secret);
    }

    /// The text without secrets and control characters.
    pub fn masked(&self, text: &str) -> String {
        self.state().masked(text)
    }

    /// The same of the start of a text, of so many bytes: no half of a secret
    /// stays at the cut, and the rest is not looked at.
    pub fn excerpt(&self, text: &str, limit: usize) -> String {
        self.state().excerpt(text, limit)
    }

    /// The action fails because of this.
    pub fn error(&self, message: impl Display) {
        self.say(Level::Error, message);
    }

    /// Something is not as it should be.
    pub fn warning(&self, message: impl Display) {
        self.say(Level::Warning, message);
    }

    /// Progress.
    pub fn info(&self, message: impl Display) {
        self.say(Level::Info, message);
    }

    /// Detail.
    pub fn debug(&self, message: impl Display) {
        self.say(Level::Debug, message);
    }

    /// One line of any loudness.
    pub fn line(&self, level: Level, message: &str) {
        self.state().line(level, message);
    }

    /// The last line of a program that fails. Said also where nothing said how
    /// to log yet, and also from within the log: then, since its secrets are
    /// out of reach, without what may contain one.
    pub fn last_words(&self, message: &str, harmless: &str) {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let _ = writeln!(std::io::stderr(), "ERROR: {harmless}");
                return;
            }
        };
        state.configured = true;
        state.line(Level::Error, message);
    }

    fn say(&self, level: Level, message: impl Display) {
        let wanted = self.state().wants(level);
        if wanted {
            self.line(level, &Zeroizing::new(message.to_string()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn masked(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = 0;
        for (start, end) in self.mask.ranges(text) {
            escape(text.get(rest..start).unwrap_or_default(), &mut clean);
            clean.push_str(STARS);
            rest = end;
        }
        escape(text.get(rest..).unwrap_or_default().trim_end(), &mut clean);
        clean
    }

    /// The start of a message that is too long. A secret at the cut goes as a
    /// whole, for half of it would not be recognised.
    fn shortened<'m>(&self, message: &'m str, limit: usize) -> &'m str {
        if message.len() <= limit {
            return message;
        }
        let near = up_to(message, limit.saturating_add(self.mask.reach()));
        let mut ranges = self.mask.ranges(near).into_iter();
        let cut = ranges.find(|(start, end)| (*start..*end).contains(&limit));
        up_to(message, cut.map_or(limit, |(start, _)| start))
    }

    fn excerpt(&self, message: &str, limit: usize) -> String {
        let short = self.shortened(message, limit);
        let cut = if short.len() < message.len() { " …" } else { "" };
        format!("{}{cut}", self.masked(short))
    }

    /// Whether anybody gets to see such lines. Asked first: to look for
    /// secrets takes longer than to print.
    fn wants(&self, level: Level) -> bool {
        level >= Level::Warning || (self.configured && self.verbose)
    }

    fn line(&mut self, level: Level, message: &str) {
        if !self.wants(level) {
            return;
        }
        let message = self.excerpt(message, LENGTH_LIMIT);
        if !self.configured {
            self.print(&format!("{}:root:{message}\n", level.word()));
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
