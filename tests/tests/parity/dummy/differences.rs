//! The differences that our agents are meant to have from the Python agents, and no others.

use super::document::frame;
use super::input::{Input, Way};
use super::outcome::Outcome;

/// One deliberate difference.
pub struct Difference {
    /// Its number in `docs/protocol.md`, if it has one, or a short name.
    pub quirk: &'static str,
    /// The reason for the difference.
    pub reason: &'static str,
    /// The inputs or outcomes that the difference explains.
    pub scope: Scope,
}

/// What a difference explains, as narrow as possible.
pub enum Scope {
    /// Our agent does what the Python agent does with another input, which this function returns; `None` if the
    /// difference does not apply to the input.
    AsIf(fn(&Input) -> Option<Input>),
    /// Whether the difference explains our outcome and then the Python agent's outcome.
    Outcomes(fn(&Input, &Outcome, &Outcome) -> bool),
}

/// All deliberate differences.
pub const DIFFERENCES: [Difference; 14] = [
    Difference {
        quirk: "descriptions",
        reason: "help and metadata describe the same options, in our own words",
        scope: Scope::Outcomes(descriptions),
    },
    Difference {
        quirk: "version",
        reason: "the version is ours",
        scope: Scope::Outcomes(version),
    },
    Difference {
        quirk: "encoding",
        reason: "a value that is not UTF-8 was damaged in transit; it is not replaced by something else",
        scope: Scope::Outcomes(encoding),
    },
    Difference {
        quirk: "damaged standard input",
        reason: "a damaged line that may be the action, or names an option, does not lead to the default action",
        scope: Scope::Outcomes(damaged_line),
    },
    Difference {
        quirk: "status file",
        reason: "a status file that exists but cannot be read does not mean off",
        scope: Scope::Outcomes(status_file),
    },
    Difference {
        quirk: "8.11, 8.24",
        reason: "negative times and counts crash after the command was sent, or report success without one",
        scope: Scope::Outcomes(negative),
    },
    Difference {
        quirk: "8.25",
        reason: "numbers are written with ASCII digits",
        scope: Scope::Outcomes(digits),
    },
    Difference {
        quirk: "8.16 agent",
        reason: "the protocol document allows agent on standard input: no warning, no crash",
        scope: Scope::AsIf(agent),
    },
    Difference {
        quirk: "8.16 markers",
        reason: "a capability of the device is not an option of its user: a warning, and no crash",
        scope: Scope::AsIf(markers),
    },
    Difference {
        quirk: "8.38",
        reason: "POSIXLY_CORRECT would make a reboot of `foo -o status`",
        scope: Scope::AsIf(posix),
    },
    Difference {
        quirk: "8.19 debug_file",
        reason: "a debug file without a name, or one that cannot be opened, does not prevent fencing",
        scope: Scope::AsIf(unusable_debug_file),
    },
    Difference {
        quirk: "no syslog",
        reason: "with verbose, a line says that /dev/log has no listener",
        scope: Scope::Outcomes(no_syslog),
    },
    Difference {
        quirk: "8.19 random_sleep_range",
        reason: "an empty value counts as no value: no sleep, and no crash",
        scope: Scope::AsIf(empty_sleep),
    },
    Difference {
        quirk: "8.21",
        reason: "a crash of the Python agent is an error like any other, which quiet silences",
        scope: Scope::Outcomes(crash),
    },
];

fn descriptions(_: &Input, ours: &Outcome, theirs: &Outcome) -> bool {
    let frames = (frame(&ours.stdout), frame(&theirs.stdout));
    frames.0.is_some()
        && frames.0 == frames.1
        && ours.same_but_for_output(theirs)
        && ours.stderr.is_empty() == theirs.stderr.is_empty()
}

fn version(_: &Input, ours: &Outcome, theirs: &Outcome) -> bool {
    ours.stdout == format!("{}\n", fencebox::agent::run::VERSION)
        && theirs.stdout.starts_with("4.")
        && theirs.stdout.lines().count() == 1
        && ours.same_but_for_output(theirs)
        && ours.stderr.is_empty() == theirs.stderr.is_empty()
}

fn encoding(input: &Input, ours: &Outcome, _: &Outcome) -> bool {
    input.is_damaged() && refused(input, ours) && said(ours, |line| line.contains("is not UTF-8; encode it in UTF-8"))
}

fn damaged_line(input: &Input, ours: &Outcome, _: &Outcome) -> bool {
    let reasons = [": this may be a damaged action", ": the name of option "];
    input.way == Way::Lines && refused(input, ours) && reasons.iter().any(|reason| ours.stderr.contains(reason))
}

fn status_file(input: &Input, ours: &Outcome, _: &Outcome) -> bool {
    refused(input, ours) && ours.stderr.contains("option status_file: ")
}

fn negative(input: &Input, ours: &Outcome, _: &Outcome) -> bool {
    let values = ["-1", "-2"].into_iter().filter(|value| input.contains(value));
    let lines: Vec<_> = values
        .flat_map(|value| {
            let names = ["power_wait", "stonith_status_sleep", "retry_on"].into_iter();
            names.map(move |name| format!("option {name} is \"{value}\"; give 0 or more"))
        })
        .collect();
    refused(input, ours) && !lines.is_empty() && said(ours, |line| lines.iter().any(|told| line.ends_with(told)))
}

fn digits(input: &Input, ours: &Outcome, _: &Outcome) -> bool {
    let given = ["\u{665}", "\u{ff13}", "\u{661}"];
    let mut given = given.into_iter().filter(|digit| input.contains(digit));
    refused(input, ours)
        && given.any(|digit| {
            said(ours, |line| {
                let told = line.split_once(&format!("is \"{digit}\"; give "));
                told.is_some_and(|(_, wanted)| matches!(wanted, "a time in whole seconds" | "a whole number"))
            })
        })
}

fn crash(_: &Input, ours: &Outcome, theirs: &Outcome) -> bool {
    ours.stderr.is_empty()
        && theirs.stderr.contains("Traceback (most recent call last):\n")
        && ours.exit == Some(1)
        && ours.stdout == theirs.stdout
        && ours.same_but_for_output(theirs)
}

/// Our agent exits with code 1 and does nothing.
fn refused(input: &Input, ours: &Outcome) -> bool {
    ours.exit == Some(1)
        && ours.stdout.is_empty()
        && ours.files.get("st") == input.status.as_ref()
        && !ours.files.contains_key("st2")
}

/// Whether at least one line of our messages has the expected text. With `quiet`, the agent prints no lines.
fn said(ours: &Outcome, line: impl FnMut(&str) -> bool) -> bool {
    ours.stderr.is_empty() || ours.stderr.lines().any(line)
}

fn agent(input: &Input) -> Option<Input> {
    changed(input, |item| {
        let agent = input.way == Way::Lines && named(item)?.0 == "agent";
        agent.then(Vec::new)
    })
}

fn markers(input: &Input) -> Option<Input> {
    const WORDS: [&str; 8] = ["1", "yes", "on", "true", "0", "no", "off", "false"];
    changed(input, |item| {
        let (name, value) = named(item)?;
        let crash =
            matches!(name.as_str(), "no_password" | "no_port") && WORDS.contains(&value.to_lowercase().as_str());
        crash.then(|| b"no_port=x".to_vec())
    })
}

fn posix(input: &Input) -> Option<Input> {
    let other = Input {
        posix: false,
        ..input.clone()
    };
    input.posix.then_some(other)
}

/// The input without debug files that cannot be opened, in each form of the option.
fn unusable_debug_file(input: &Input) -> Option<Input> {
    let mut other = input.clone();
    match input.way {
        Way::Arguments => {
            // The value may be in the next piece.
            let items: Vec<Vec<u8>> = input.items().map(<[u8]>::to_vec).collect();
            let mut is_kept = Vec::new();
            while let Some(first) = items.get(is_kept.len()) {
                let second = items.get(is_kept.len() + 1);
                let dropped = debug_arguments(first, second.map(Vec::as_slice));
                is_kept.resize(is_kept.len() + dropped.max(1), dropped == 0);
            }
            let mut is_kept = is_kept.into_iter();
            for piece in &mut other.pieces {
                piece.retain(|_| is_kept.next() == Some(true));
            }
        }
        Way::Lines | Way::Closed => {
            for piece in &mut other.pieces {
                let text = piece.join(&b'\n');
                let lines = text.split(|&byte| byte == b'\n');
                let kept = lines.filter(|line| !is_unusable_debug_line(line));
                *piece = kept.map(<[u8]>::to_vec).collect();
            }
        }
    }
    (other != *input).then_some(other)
}

fn is_unusable_debug_line(line: &[u8]) -> bool {
    let given = named(line);
    given.is_some_and(|(name, value)| matches!(name.as_str(), "debug_file" | "debug") && is_unusable(&value))
}

/// How many of these two arguments set a debug file that cannot be opened: as a long option, perhaps abbreviated, or as
/// the letter, with the value in the same argument or in the next.
fn debug_arguments(first: &[u8], second: Option<&[u8]>) -> usize {
    let is_long = |option: &str| option.len() > "--de".len() && "--debug-file".starts_with(option);
    let first = String::from_utf8_lossy(first);
    if is_long(&first) || first == "-D" {
        let value = second.map(String::from_utf8_lossy);
        return if value.is_some_and(|value| is_unusable(&value)) {
            2
        } else {
            0
        };
    }
    let long = first.split_once('=').filter(|(option, _)| is_long(option));
    let value = long.map(|(_, value)| value).or_else(|| first.strip_prefix("-D"));
    usize::from(value.is_some_and(is_unusable))
}

/// Whether this is one of the unusable names in `words.rs`, perhaps with text after it.
fn is_unusable(file: &str) -> bool {
    let path = file.trim_start_matches(['"', '\'', '=', ' ']);
    matches!(file, "" | "folder") || path.starts_with("/nonexistent/") || path.starts_with("folder/none/")
}

fn no_syslog(_: &Input, ours: &Outcome, theirs: &Outcome) -> bool {
    let only_that = ours.stderr.lines().all(|line| line.contains(": no syslog: "));
    only_that && theirs.stderr.is_empty() && ours.stdout == theirs.stdout && ours.same_but_for_output(theirs)
}

/// A sleep of up to a second is not visible in the outcome.
fn empty_sleep(input: &Input) -> Option<Input> {
    changed(input, |item| {
        let (name, value) = named(item)?;
        let abbreviated =
            input.way == Way::Arguments && name.starts_with('r') && "random_sleep_range".starts_with(&name);
        let dashes = if input.way == Way::Arguments { "--" } else { "" };
        let empty = (abbreviated || name == "random_sleep_range") && value.is_empty();
        empty.then(|| format!("{dashes}random_sleep_range=1").into_bytes())
    })
}

/// The name, with underscores, and the value of a line, or of an argument that contains both.
fn named(item: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(item);
    let text = text.trim();
    let (name, value) = match text.strip_prefix("--") {
        Some(argument) => argument.split_once('=')?,
        None => text.split_once('=').unwrap_or((text, "")),
    };
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some((name.replace('-', "_"), unquoted.unwrap_or(value).to_owned()))
}

/// Replaces arguments or lines by others, or removes them; `None` if none changes.
fn changed(input: &Input, change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Input> {
    let mut other = input.clone();
    for piece in &mut other.pieces {
        let items: Vec<Vec<u8>> = match (input.way, piece.as_slice()) {
            // The value of a long option may be a separate argument.
            (Way::Arguments, [option, value]) if option.starts_with(b"--") && value.is_empty() => {
                vec![[option.as_slice(), b"="].concat()]
            }
            (Way::Arguments, items) => items.to_vec(),
            (Way::Lines | Way::Closed, items) => items
                .join(&b'\n')
                .split(|&byte| byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect(),
        };
        let changes: Vec<_> = items.iter().map(|item| change(item)).collect();
        if changes.iter().any(Option::is_some) {
            let items = items
                .into_iter()
                .zip(changes)
                .map(|(item, change)| change.unwrap_or(item));
            *piece = items.filter(|item| !item.is_empty()).collect();
        }
    }
    (other != *input).then_some(other)
}
