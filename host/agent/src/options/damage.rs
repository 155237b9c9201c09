//! Damaged standard input: what has to stop the run, because a part of it would be ignored without a word.
//!
//! The Python agents ignore each line that they do not understand, and an input without an action means the default
//! action, mostly a reboot. So a damaged line `action=status` reboots the machine. Here the default action is only for
//! an input in which no line can have been the action.

use super::error::UsageError;
use super::table::Table;
use super::unknown::is_of_name;

/// The mark with which some editors begin a file in UTF-8.
const MARK: &str = "\u{feff}";

/// The input without byte order marks at its start.
///
/// # Errors
///
/// If the mark is that of another encoding than UTF-8.
pub(super) fn without_mark(mut input: &[u8]) -> Result<&[u8], UsageError> {
    if input.starts_with(b"\xff\xfe") || input.starts_with(b"\xfe\xff") || input.starts_with(b"\0\0\xfe\xff") {
        return Err(UsageError::call(
            "standard input begins with the byte order mark of UTF-16 or UTF-32; send name=value lines in UTF-8"
                .to_owned(),
        ));
    }
    while let Some(rest) = input.strip_prefix(MARK.as_bytes()) {
        input = rest;
    }
    Ok(input)
}

/// Checks the unknown name of a line: whether it is the name of an option with something in it or before it. On the
/// first line this includes everything that a shell or a mail program puts before a text.
///
/// # Errors
///
/// If it is. The message contains only the option's own name.
pub(super) fn check_name(table: &Table, number: usize, name: &str) -> Result<(), UsageError> {
    let letters: String = name.chars().filter(|character| is_of_name(*character)).collect();
    let last = name.rsplit(|character| !is_of_name(character)).next();
    let known = |name: &str| table.position_of(&name.to_lowercase());
    let index = if is_damaged(name) {
        known(&letters).or_else(|| known(last?))
    } else {
        last.filter(|last| number == 1 && *last != name).and_then(known)
    };
    let Some(index) = index else { return Ok(()) };
    let option = &table.options()[index].name;
    // Harmless beside an intact action, and without one an error of its own ([`lost_action`]).
    if option == "action" {
        return Ok(());
    }
    Err(UsageError::option(
        option,
        format!(
            "standard input, line {number}: the name of option {option} is damaged: it has other characters in it or \
             before it; begin the line with {option}="
        ),
    ))
}

/// Whether an ignored line may have been the action.
pub(super) fn may_be_action(name: &str, has_value: bool) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    letters.contains("action") || has_value && is_damaged(name)
}

/// Whether the value of an option may contain the line with the action, because the line end between them is damaged.
pub(super) fn contains_action(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.contains("action=") || value.contains(char::is_control) && value.contains("action")
}

/// The error for an input without an action, in which this line may have been the action.
pub(super) fn lost_action(table: &Table, number: usize) -> UsageError {
    UsageError::option(
        "action",
        format!(
            "standard input, line {number}: this may be a damaged action, and without an action this agent would do a \
             {}; send action=ACTION as a line of its own",
            table.default_action().word()
        ),
    )
}

/// Whether the name has characters that are in no name of an option.
fn is_damaged(name: &str) -> bool {
    name.chars()
        .any(|character| !character.is_ascii() || character.is_control())
}
