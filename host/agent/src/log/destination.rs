//! A destination of lines, with the number of dropped lines.

use std::io::{self, ErrorKind};

use super::Level;

/// A destination.
pub(super) struct Destination<T> {
    /// The writer or sink.
    pub(super) to: T,
    name: String,
    /// The number of dropped lines since the last report in this destination.
    unreported: u64,
    /// The number of all dropped lines.
    total: u64,
    fault: Fault,
}

/// A failure that is not caused by a reader that does not keep up.
enum Fault {
    None,
    New(io::Error),
    Reported,
}

impl<T> Destination<T> {
    /// A destination with this name in messages.
    pub(super) fn new(to: T, name: String) -> Self {
        Self {
            to,
            name,
            unreported: 0,
            total: 0,
            fault: Fault::None,
        }
    }

    /// Writes a line with `write`, together with a report about dropped lines before it. Both are written or none,
    /// because a short report may fit where the line does not.
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

    /// The report about all dropped lines, for every destination.
    pub(super) fn take_dropped(&mut self) -> Option<String> {
        self.unreported = 0;
        let total = std::mem::take(&mut self.total);
        (total > 0).then(|| self.dropped(total))
    }

    fn dropped(&self, number: u64) -> String {
        let lines = if number == 1 { "line" } else { "lines" };
        format!("{}: {number} {lines} dropped: its reader did not keep up", self.name)
    }

    /// The report about the first failure; returned once.
    pub(super) fn take_fault(&mut self) -> Option<String> {
        let Fault::New(cause) = &self.fault else { return None };
        let fault = format!("{}: cannot write: {cause}; lines are missing there", self.name);
        self.fault = Fault::Reported;
        Some(fault)
    }
}

/// The text of a line about the log itself.
pub(super) fn about(agent: &str, text: &str) -> String {
    match agent {
        "" => text.to_owned(),
        agent => format!("{agent}: {text}"),
    }
}
