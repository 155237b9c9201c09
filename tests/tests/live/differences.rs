//! Where our agents are meant to differ from the Python ones, and no further.

use super::document::frame;
use super::input::{Input, Way};
use super::outcome::Outcome;

/// One deliberate difference.
pub struct Difference {
    /// Its number in `docs/protocol.md`, if it has one, and what it is.
    pub quirk: &'static str,
    /// Why.
    pub reason: &'static str,
    /// Where it holds.
    pub scope: Scope,
}

/// Where a difference holds, as narrow as can be.
pub enum Scope {
    /// Where what ours does is what theirs does with another input; none if it
    /// is not concerned.
    AsIf(fn(&Input) -> Option<Input>),
    /// Where this says so of what came of it: of ours, and then of theirs.
    Outcomes(fn(&Input, &Outcome, &Outcome) -> bool),
}

/// All of them.
pub const DIFFERENCES: [Difference; 13] = [
    Difference {
        quirk: "descriptions",
        reason: "help and metadata say the same of the same options, in our own words",
        scope: Scope::Outcomes(descriptions),
    },
    Difference {
        quirk: "version",
        reason: "the version is ours",
        scope: Scope::Outcomes(version),
    },
    Difference {
        quirk: "encoding",
        reason: "a value that is not UTF-8 was damaged on its way; to go on with something else is no good",
        scope: Scope::Outcomes(encoding),
    },
    Difference {
        quirk: "status file",
        reason: "a status file that is there and cannot be read is not a machine that is off",
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
        reason: "what a device can do is no option of its user: a warning, and no crash",
        scope: Scope::AsIf(markers),
    },
    Difference {
        quirk: "8.38",
        reason: "POSIXLY_CORRECT would make a reboot of `foo -o status`",
        scope: Scope::AsIf(posix),
    },
    Difference {
        quirk: "8.19 debug_file",
        reason: "a debug file without a name, or one that cannot be opened, does not keep a machine from being fenced",
        scope: Scope::AsIf(unusable_debug_file),
    },
    Difference {
        quirk: "no syslog",
        reason: "with verbose, a line says that nobody listens at /dev/log",
        scope: Scope::Outcomes(no_syslog),
    },
    Difference {
        quirk: "8.19 random_sleep_range",
        reason: "an empty value is none to a plugin: no sleep, and no crash",
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
    input.is_damaged() && refused(input, ours) && said(ours, |line| line.contains("is not UTF-8; encode it so"))
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

/// Exit 1, and nothing done.
fn refused(input: &Input, ours: &Outcome) -> bool {
    ours.exit == Some(1)
        && ours.stdout.is_empty()
        && ours.files.get("st") == input.status.as_ref()
        && !ours.files.contains_key("st2")
}

/// Whether some line is as it should be. With `quiet` there is none.
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

/// Without the debug files that cannot be opened, in whatever way they are given.
fn unusable_debug_file(input: &Input) -> Option<Input> {
    let mut other = input.clone();
    for piece in &mut other.pieces {
        match input.way {
            Way::Arguments if is_unusable_debug_argument(piece) => piece.clear(),
            Way::Arguments => {}
            Way::Lines | Way::Closed => {
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

/// A long option, perhaps abbreviated, or the letter, with the value in the same argument or in the next.
fn is_unusable_debug_argument(piece: &[Vec<u8>]) -> bool {
    let texts: Vec<_> = piece.iter().map(|item| String::from_utf8_lossy(item)).collect();
    let is_long = |option: &str| option.len() > "--de".len() && "--debug-file".starts_with(option);
    match texts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().as_slice() {
        [one] => {
            let long = one.split_once('=').filter(|(option, _)| is_long(option));
            let value = long.map(|(_, value)| value).or_else(|| one.strip_prefix("-D"));
            value.is_some_and(is_unusable)
        }
        [option, value] => (is_long(option) || *option == "-D") && is_unusable(value),
        _ => false,
    }
}

/// Of the names that the inputs have (`words.rs`), perhaps with something after it.
fn is_unusable(file: &str) -> bool {
    let path = file.trim_start_matches(['"', '\'', '=', ' ']);
    matches!(file, "" | "folder") || path.starts_with("/nonexistent/") || path.starts_with("folder/none/")
}

fn no_syslog(_: &Input, ours: &Outcome, theirs: &Outcome) -> bool {
    let only_that = ours.stderr.lines().all(|line| line.contains(": no syslog: "));
    only_that && theirs.stderr.is_empty() && ours.stdout == theirs.stdout && ours.same_but_for_output(theirs)
}

/// A sleep of up to a second leaves no trace.
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

/// Name, with underscores, and value of a line, or of an argument that has
/// both in one.
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

/// With other arguments or lines in the place of some, or with nothing; none
/// if all stay.
fn changed(input: &Input, change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Input> {
    let mut other = input.clone();
    for piece in &mut other.pieces {
        let items: Vec<Vec<u8>> = match (input.way, piece.as_slice()) {
            // The value of a long option may be an argument of its own.
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
