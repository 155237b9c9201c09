//! Values that have to be one line of text, such as secrets.

/// What is wrong with a value, and the remedy. The text continues "option NAME", and contains nothing of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("ends with a line break; remove it")]
    EndsWithBreak,
    #[error("ends with a carriage return; remove it, and save files with the line ends of Unix")]
    EndsWithReturn,
    #[error("contains a line break; give it as one line")]
    Break,
    #[error("contains a control character, such as a tab or a carriage return; remove it")]
    Control,
}

/// Checks that a value has no line breaks and no control characters.
///
/// # Errors
///
/// The first of these that explains the most.
pub(super) fn check(value: &str) -> Result<(), Fault> {
    let text = value.trim_end_matches(is_break);
    let fault = if text.contains(is_break) {
        Fault::Break
    } else if value.len() > text.len() {
        Fault::EndsWithBreak
    } else if value.ends_with('\r') {
        Fault::EndsWithReturn
    } else {
        Fault::Control
    };
    let wrong = value.contains(|character: char| character.is_control() || is_break(character));
    if wrong { Err(fault) } else { Ok(()) }
}

/// Whether an editor shows a new line here.
fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::{Fault, check};

    #[test]
    fn one_line_has_no_breaks_and_no_control_characters() {
        for value in ["", "AK", " A K ", "gehé\u{a0}im", "\u{feff}x", "\\n"] {
            assert_eq!(check(value), Ok(()), "{value:?}");
        }
        for (value, fault) in [
            ("AK\n", Fault::EndsWithBreak),
            ("AK\n\n", Fault::EndsWithBreak),
            ("AK\r\n", Fault::EndsWithBreak),
            ("\n", Fault::EndsWithBreak),
            ("AK\r", Fault::EndsWithReturn),
            ("A\nK", Fault::Break),
            ("\nAK", Fault::Break),
            ("A\nK\n", Fault::Break),
            ("A\u{2028}K", Fault::Break),
            ("A\rK", Fault::Control),
            ("A\tK", Fault::Control),
            ("AK\0", Fault::Control),
            ("A\u{7f}K", Fault::Control),
        ] {
            assert_eq!(check(value), Err(fault), "{value:?}");
        }
    }
}
