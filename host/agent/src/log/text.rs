//! The text of a line: its time, its stars for secrets, and no character that could deceive a reader.

use std::time::SystemTime;

use super::sinks::timestamp;
use super::{Level, STARS};

/// The text of a line: with the time or, before the options are parsed, in the format of the Python library.
pub(super) fn printed((level, message): &(Level, &str), time: Option<SystemTime>) -> String {
    let word = level.word();
    match time {
        Some(time) => format!("{} {word}: {message}\n", timestamp(time)),
        None => format!("{word}:root:{message}\n"),
    }
}

/// The first `end` bytes of a text, or fewer for whole characters.
pub(super) fn up_to(text: &str, mut end: usize) -> &str {
    end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Whether a character ends a line, moves the cursor, or changes the visible order
/// of characters.
pub(crate) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text with stars in these ranges, and without blanks at its end. Secrets are found before characters are escaped,
/// because an escape inside a secret would hide it.
pub(super) fn stars(text: &str, ranges: &[(usize, usize)]) -> String {
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

/// Appends the text and escapes harmful characters.
fn escape(text: &str, clean: &mut String) {
    for character in text.chars() {
        if is_harmful(character) {
            clean.extend(character.escape_default())
        } else {
            clean.push(character)
        }
    }
}
