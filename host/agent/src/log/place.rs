//! A place that lines go to, and what became of those that it did not take.

use std::io::{self, ErrorKind};

use super::Level;

/// A place.
pub(super) struct Place<T> {
    /// What takes the lines.
    pub(super) to: T,
    name: String,
    /// Lines that were dropped since the last report of it here.
    unreported: u64,
    /// Lines that were dropped.
    total: u64,
    fault: Fault,
}

/// A failure other than that of a reader who does not keep up.
enum Fault {
    None,
    New(io::Error),
    Reported,
}

impl<T> Place<T> {
    /// One that messages call `name`.
    pub(super) fn new(to: T, name: String) -> Self {
        Self {
            to,
            name,
            unreported: 0,
            total: 0,
            fault: Fault::None,
        }
    }

    /// One line, which `write` writes, together with the number of lines that were dropped before it: all of that or
    /// nothing, for a short line may fit where a long one does not.
    pub(super) fn line(
        &mut self,
        agent: &str,
        line: (Level, &str),
        write: impl FnOnce(&mut T, &[(Level, &str)]) -> io::Result<()>,
    ) {
        let report = (self.unreported > 0).then(|| about(agent, &self.dropped(self.unreported)));
        let report = report.as_deref().map(|report| (Level::Warning, report));
        let lines: Vec<_> = report.into_iter().chain([line]).collect();
        match write(&mut self.to, &lines) {
            Ok(()) => self.unreported = 0,
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.unreported += 1;
                self.total += 1;
            }
            Err(cause) if matches!(self.fault, Fault::None) => self.fault = Fault::New(cause),
            Err(_) => {}
        }
    }

    /// How many lines were dropped in all, in words, for a report to every place.
    pub(super) fn take_dropped(&mut self) -> Option<String> {
        self.unreported = 0;
        let total = std::mem::take(&mut self.total);
        (total > 0).then(|| self.dropped(total))
    }

    fn dropped(&self, number: u64) -> String {
        let lines = if number == 1 { "line" } else { "lines" };
        format!("{}: {number} {lines} dropped: its reader did not keep up", self.name)
    }

    /// Why it does not take lines, in words; once.
    pub(super) fn take_fault(&mut self) -> Option<String> {
        let Fault::New(cause) = &self.fault else { return None };
        let fault = format!("{}: cannot write: {cause}; lines are missing there", self.name);
        self.fault = Fault::Reported;
        Some(fault)
    }
}

/// A line about the log itself.
pub(super) fn about(agent: &str, text: &str) -> String {
    match agent {
        "" => text.to_owned(),
        agent => format!("{agent}: {text}"),
    }
}
