//! The log of an agent: standard error, syslog and the debug file.
//!
//! The log never blocks the action. A line that a destination does not accept is dropped. The number of dropped lines
//! is logged there as soon as it accepts lines again, and in the other destinations at the end of the run. If a
//! destination fails, the others get a warning.

mod destination;
mod escapes;
mod fingerprints;
mod mask;
mod reading;
mod sinks;
mod terminal;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::stream::Lines;
use destination::Destination;
use fingerprints::CUT_MARK;
use mask::Mask;
pub use sinks::{DebugFile, Syslog};
use terminal::Progress;
pub(super) use text::is_harmful;
use text::{printed, stars, up_to};

/// Maximum length of a message, in bytes. It fits a syslog datagram, and stops
/// devices and plugins from flooding the log.
pub const LENGTH_LIMIT: usize = 4 * 1024;
/// Replaces a secret.
const STARS: &str = "********";

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details.
    Debug,
    /// Progress of the action.
    Info,
    /// A problem that does not end the action.
    Warning,
    /// The reason why the action fails.
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

/// A destination of lines, in addition to standard error.
pub trait Sink: Send {
    /// The name of the destination in messages.
    fn name(&self) -> String;

    /// Connects to the destination now instead of at the first line. False if it does not exist; then it accepts and
    /// discards every line.
    fn connect(&mut self) -> bool {
        true
    }

    /// Writes all of these masked lines or none of them. They have no line ends.
    ///
    /// # Errors
    ///
    /// If the lines were not written: `WouldBlock` if a reader does not keep up.
    fn lines(&mut self, time: SystemTime, lines: &[(Level, &str)]) -> io::Result<()>;

    /// Writes the rest of accepted lines.
    ///
    /// # Errors
    ///
    /// If the rest cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of one run. Every line passes through it, so that secrets and control
/// characters are masked in one place.
pub struct Log {
    state: Mutex<State>,
}

struct State {
    /// The agent's name, for lines about the log itself.
    agent: String,
    stderr: Destination<Box<dyn Write + Send>>,
    sinks: Vec<Destination<Box<dyn Sink>>>,
    mask: Mask,
    /// Whether the options are parsed. Before that, lines have the format of the
    /// Python library at that time, and go to standard error only.
    configured: bool,
    quiet: bool,
    verbose: bool,
    /// Whether what is sent and received is logged too.
    bodies: bool,
    progress: Progress,
}

impl Log {
    /// A log that writes to `stderr`.
    pub fn new(stderr: Box<dyn Write + Send>) -> Self {
        Self {
            state: Mutex::new(State {
                agent: String::new(),
                stderr: Destination::new(stderr, "standard error".to_owned()),
                sinks: Vec::new(),
                mask: Mask::default(),
                configured: false,
                quiet: false,
                verbose: false,
                bodies: false,
                progress: Progress::default(),
            }),
        }
    }

    /// Sets the options of the log. Later lines have a time stamp. `quiet` disables
    /// only standard error.
    pub fn configure(&self, verbose: bool, quiet: bool) {
        let mut state = self.state();
        state.configured = true;
        state.verbose = verbose;
        state.quiet = quiet;
    }

    /// Also logs what is sent and received, as debug lines (verbose level 2).
    pub fn show_bodies(&self, shown: bool) {
        self.state().bodies = shown;
    }

    /// Whether what is sent and received is logged.
    pub fn shows_bodies(&self) -> bool {
        let state = self.state();
        state.bodies && state.wants(Level::Debug)
    }

    /// Standard error is a terminal: from now on it shows the progress of what takes long.
    pub fn set_terminal(&self) {
        self.state().progress.enable();
    }

    /// Shows how far something is that takes long, in one line that the next one replaces. Only on a terminal, and not
    /// if all lines are logged.
    pub fn progress(&self, text: impl Display) {
        let mut state = self.state();
        if !state.quiet && !state.verbose {
            let text = state.excerpt(&text.to_string(), LENGTH_LIMIT);
            let State { progress, stderr, .. } = &mut *state;
            progress.show(&text, &mut stderr.to);
        }
    }

    /// Removes the progress from the terminal, before other output.
    pub fn end_progress(&self) {
        let state = &mut *self.state();
        state.progress.clear(&mut state.stderr.to);
    }

    /// Adds a destination for later lines.
    pub fn add_sink(&self, sink: Box<dyn Sink>) {
        let name = sink.name();
        self.state().sinks.push(Destination::new(sink, name));
    }

    /// Connects to all destinations now, because the confinement denies it later. Returns the names of those that do not
    /// exist.
    pub fn connect(&self) -> Vec<String> {
        let mut state = self.state();
        let sinks = state.sinks.iter_mut().map(|place| &mut place.to);
        let absent = sinks.filter_map(|sink| if sink.connect() { None } else { Some(sink.name()) });
        absent.collect()
    }

    /// Sets the name of the agent, for lines about the log itself.
    pub fn set_agent(&self, name: &str) {
        name.clone_into(&mut self.state().agent);
    }

    /// Masks this value in later lines, in plain and in the encodings that
    /// docs/security.md lists. Values of one or two bytes are not masked: the mask
    /// would only show where they occur.
    pub fn hide(&self, secret: &str) {
        self.state().mask.add(secret);
    }

    /// Masks a value that a device or a plugin has chosen. False if there are too
    /// many of them: then the value must not be used.
    #[must_use]
    pub fn hide_token(&self, token: &str) -> bool {
        self.state().mask.add_token(token)
    }

    /// The text with masked secrets. Everything else is unchanged.
    pub fn without_secrets(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = 0;
        for (start, end) in self.state().mask.ranges(text) {
            clean.push_str(text.get(rest..start).unwrap_or_default());
            clean.push_str(STARS);
            rest = end;
        }
        clean.push_str(text.get(rest..).unwrap_or_default());
        clean
    }

    /// The text with masked secrets and escaped control characters.
    pub fn masked(&self, text: &str) -> String {
        self.state().masked(text)
    }

    /// The first `limit` bytes of a text, masked and escaped. No part of a secret
    /// stays at the cut. The rest of the text is not searched.
    pub fn excerpt(&self, text: &str, limit: usize) -> String {
        self.state().excerpt(text, limit)
    }

    /// Logs the reason why the action fails.
    pub fn error(&self, message: impl Display) {
        self.log(Level::Error, message);
    }

    /// Logs a problem that does not end the action.
    pub fn warning(&self, message: impl Display) {
        self.log(Level::Warning, message);
    }

    /// Logs progress.
    pub fn info(&self, message: impl Display) {
        self.log(Level::Info, message);
    }

    /// Logs details.
    pub fn debug(&self, message: impl Display) {
        self.log(Level::Debug, message);
    }

    /// Logs a line with any severity.
    pub fn line(&self, level: Level, message: &str) {
        self.state().line(level, message);
    }

    /// Logs the last line of a process that fails, even before the options are
    /// parsed. If the log itself fails, it cannot mask secrets, so it prints
    /// `harmless` instead, which contains none.
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

    /// Writes the rest of the lines, as far as readers accept it. Call this before
    /// the process ends.
    pub fn finish(&self) {
        self.state().finish();
    }

    fn log(&self, level: Level, message: impl Display) {
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

    /// The start of a message that is too long. A secret at the cut is removed
    /// completely, because a part of it would not be recognized.
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

    /// Whether lines with this severity are logged. Checked first, because the
    /// search for secrets takes longer than the output.
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

    /// Writes a line to every destination.
    fn write(&mut self, level: Level, message: &str) {
        let (now, configured) = (SystemTime::now(), self.configured);
        if !(configured && self.quiet) {
            self.progress.clear(&mut self.stderr.to);
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

    /// Logs the first failure of a destination in the others.
    fn report_faults(&mut self) {
        loop {
            let sinks = self.sinks.iter_mut().find_map(Destination::take_fault);
            let Some(fault) = sinks.or_else(|| self.stderr.take_fault()) else {
                return;
            };
            self.write(Level::Warning, &destination::about(&self.agent, &fault));
        }
    }

    fn finish(&mut self) {
        self.progress.clear(&mut self.stderr.to);
        let _ = self.stderr.to.flush();
        for sink in &mut self.sinks {
            let _ = sink.to.flush();
        }
        // Every destination gets the numbers, because one of them may not accept its own.
        let sinks = self.sinks.iter_mut().filter_map(Destination::take_dropped);
        let dropped: Vec<String> = self.stderr.take_dropped().into_iter().chain(sinks).collect();
        for text in dropped {
            self.write(Level::Warning, &destination::about(&self.agent, &text));
        }
    }
}
