//! Everything that is not the protocol: standard error, syslog, the debug file.
//!
//! No line holds up the action: what a place does not take is dropped, and the number of such lines is a line there as
//! soon as it takes lines again, and elsewhere at the end of the run. A place that fails is a line in the others.

mod escapes;
mod fingerprints;
mod mask;
mod place;
mod reading;
mod sinks;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::stream::Lines;
use fingerprints::CUT_MARK;
use mask::Mask;
use place::Place;
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
    /// What messages call it.
    fn name(&self) -> String;

    /// Some lines, already masked, without their ends: all or none.
    ///
    /// # Errors
    ///
    /// When they were not taken: `WouldBlock` if a reader does not keep up.
    fn lines(&mut self, time: SystemTime, lines: &[(Level, &str)]) -> io::Result<()>;

    /// What is left of lines that were taken.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of one run. Every line passes through here, so that a secret or a
/// control character has one place to be stopped at.
pub struct Log {
    state: Mutex<State>,
}

struct State {
    /// The agent's name, with which this log's own lines begin.
    agent: String,
    stderr: Place<Box<dyn Write + Send>>,
    sinks: Vec<Place<Box<dyn Sink>>>,
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
                agent: String::new(),
                stderr: Place::new(stderr, "standard error".to_owned()),
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
        let name = sink.name();
        self.state().sinks.push(Place::new(sink, name));
    }

    /// The name of the agent, for lines about the log itself.
    pub fn set_agent(&self, name: &str) {
        name.clone_into(&mut self.state().agent);
    }

    /// Never prints this value again, in plain or in an encoding that
    /// docs/security.md lists. Values of one or two bytes are left alone: to
    /// mask them would only show where they occur.
    pub fn hide(&self, secret: &str) {
        self.state().mask.add(secret);
    }

    /// The same for a value that a device or a plugin has made up. False if
    /// there were too many of them: then this one must not be used.
    #[must_use]
    pub fn hide_token(&self, token: &str) -> bool {
        self.state().mask.add_token(token)
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

    /// The last line of a program that fails. Printed even before it is known
    /// how to log, and also from within the log: then, since its secrets are
    /// out of reach, without what may contain one.
    pub fn last_words(&self, message: &str, harmless: &str) {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let line = format!("ERROR: {harmless}\n");
                let _ = Lines::standard_error().and_then(|mut stderr| stderr.write_all(line.as_bytes()));
                return;
            }
        };
        state.configured = true;
        state.line(Level::Error, message);
        state.finish();
    }

    /// Writes what is left to write, as far as readers take it. To be called
    /// before the process ends.
    pub fn finish(&self) {
        self.state().finish();
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
        stars(text, &self.mask.ranges(text))
    }

    /// The start of a message that is too long. A secret at the cut goes as a
    /// whole, for half of it would not be recognised.
    fn excerpt(&self, message: &str, limit: usize) -> String {
        if message.len() <= limit {
            return self.masked(message);
        }
        let near = up_to(message, limit.saturating_add(Mask::REACH));
        let mut ranges = self.mask.ranges(&Zeroizing::new(format!("{near}{CUT_MARK}")));
        let cut = ranges.iter().find(|(start, end)| (*start..*end).contains(&limit));
        let short = up_to(message, cut.map_or(limit, |(start, _)| *start));
        ranges.retain(|(_, end)| *end <= short.len());
        format!("{} {CUT_MARK}", stars(short, &ranges))
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
        self.write(level, &message);
        self.report_faults();
    }

    /// One line to every place.
    fn write(&mut self, level: Level, message: &str) {
        let (now, configured) = (SystemTime::now(), self.configured);
        if !(configured && self.quiet) {
            self.stderr.line(&self.agent, (level, message), |stderr, lines| {
                let text: String = lines
                    .iter()
                    .map(|line| printed(line, configured.then_some(now)))
                    .collect();
                stderr.write_all(text.as_bytes())
            });
        }
        for sink in self.sinks.iter_mut().filter(|_| configured) {
            sink.line(&self.agent, (level, message), |sink, lines| sink.lines(now, lines));
        }
    }

    /// A place that fails for the first time is a line in the others.
    fn report_faults(&mut self) {
        loop {
            let sinks = self.sinks.iter_mut().find_map(Place::take_fault);
            let Some(fault) = sinks.or_else(|| self.stderr.take_fault()) else {
                return;
            };
            self.write(Level::Warning, &place::about(&self.agent, &fault));
        }
    }

    fn finish(&mut self) {
        let _ = self.stderr.to.flush();
        for sink in &mut self.sinks {
            let _ = sink.to.flush();
        }
        // What a place cannot take itself, the others get.
        let sinks = self.sinks.iter_mut().filter_map(Place::take_dropped);
        let dropped: Vec<String> = self.stderr.take_dropped().into_iter().chain(sinks).collect();
        for text in dropped {
            self.write(Level::Warning, &place::about(&self.agent, &text));
        }
    }
}

/// A line as it is printed: with the time or, before the options are known, as the Python library has it then.
fn printed((level, message): &(Level, &str), time: Option<SystemTime>) -> String {
    let word = level.word();
    match time {
        Some(time) => format!("{} {word}: {message}\n", timestamp(time)),
        None => format!("{word}:root:{message}\n"),
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

/// The text with stars in these places, and without the blanks at its end. Secrets are found before characters are
/// escaped, for an escape in the middle of one would hide it.
fn stars(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = 0;
    for (start, end) in ranges {
        escape(text.get(rest..*start).unwrap_or_default(), &mut clean);
        clean.push_str(STARS);
        rest = *end;
    }
    escape(text.get(rest..).unwrap_or_default().trim_end(), &mut clean);
    clean
}

/// Appends the text with what is harmful in it display_name out.
fn escape(text: &str, clean: &mut String) {
    for character in text.chars() {
        if is_harmful(character) {
            clean.extend(character.escape_default())
        } else {
            clean.push(character)
        }
    }
}
