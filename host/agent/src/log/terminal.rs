//! The progress of what takes long, for a person at a terminal.

use std::io::Write;

/// Goes to the start of the line, and erases it.
const ERASE: &str = "\r\x1b[K";
/// Characters of the line at most, so that it does not wrap.
const WIDTH: usize = 78;

/// One line that the next one replaces.
#[derive(Default)]
pub(super) struct Progress {
    is_enabled: bool,
    is_shown: bool,
}

impl Progress {
    pub(super) fn enable(&mut self) {
        self.is_enabled = true;
    }

    /// Shows a masked text instead of the one before. It does not matter if that fails.
    pub(super) fn show(&mut self, text: &str, terminal: &mut impl Write) {
        if self.is_enabled {
            let text: String = text.chars().take(WIDTH).collect();
            let _ = write!(terminal, "{ERASE}{text}").and_then(|()| terminal.flush());
            self.is_shown = true;
        }
    }

    /// Removes the text, before a line or at the end.
    pub(super) fn clear(&mut self, terminal: &mut impl Write) {
        if std::mem::take(&mut self.is_shown) {
            let _ = terminal.write_all(ERASE.as_bytes());
        }
    }
}
