//! The differences between the result of a case and the recorded result.

use std::fmt;
use std::path::Path;

use fencebox::agent::run::VERSION;
use serde_json::Value;

use super::case::Case;
use super::observed::Observed;
use super::{document, dump};

/// The output of `--version` of the recorded agents; ours prints its own release.
const RECORDED_RELEASE: &str = "4.12.1\n";
/// The maximum time in seconds that the recorded agents needed for their own work.
const OWN_TIME: f64 = 1.0;
/// The maximum delay of the program on a busy machine, in seconds.
const HELD_UP: f64 = 3.0;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Aspect {
    Exit,
    Stdout,
    Stderr,
    Calls,
    Files,
    Elapsed,
    Metadata,
    /// The recorded metadata is not XML.
    Malformed,
    Help,
    Dump,
}

/// One difference, as text.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// The aspect that differs.
    pub(super) aspect: Aspect,
    /// The difference.
    pub(super) text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.aspect, self.text)
    }
}

/// Every difference; none if the case passes. `folder` contains the case's files.
pub(super) fn all(case: &Case, observed: &Observed, folder: &Path) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |aspect, text: Option<String>| found.extend(text.map(|text| Difference { aspect, text }));
    let exit = observed.exit;
    add(
        Aspect::Exit,
        unequal(&format!("{:?}", Some(case.exit)), &format!("{exit:?}")),
    );
    if case.is_malformed {
        add(Aspect::Malformed, Some("the recorded metadata is not XML".to_owned()));
    }
    if let Some((aspect, text)) = printed(case, observed) {
        add(aspect, Some(text));
    }
    if let (Some(expected), Some(calls)) = (&case.calls, &observed.calls) {
        add(Aspect::Calls, unequal(&expected.join("\n"), &calls.join("\n")));
    }
    // A traceback that does not change the exit code is specific to Python and has no useful text.
    let said = case.stderr && !(case.traceback && case.exit != 1);
    if said && observed.stderr.trim().is_empty() {
        add(Aspect::Stderr, Some("standard error is empty".to_owned()));
    }
    add(Aspect::Files, files(case, folder));
    add(Aspect::Elapsed, elapsed(case, observed));
    found
}

fn printed(case: &Case, observed: &Observed) -> Option<(Aspect, String)> {
    let stdout = &observed.stdout;
    if let Some(expected) = &case.metadata {
        let text = match document::metadata(stdout) {
            Ok(document) => rows(expected, &document),
            Err(cause) => Some(format!("{cause}: {stdout:?}")),
        };
        return text.map(|text| (Aspect::Metadata, text));
    }
    if let Some(expected) = case.help_options.as_ref().filter(|expected| !expected.is_empty()) {
        let text = unequal(&expected.join("\n"), &document::help(stdout).join("\n"));
        return text.map(|text| (Aspect::Help, text));
    }
    let expected = case.stdout.as_deref()?;
    let dumps = case.device.as_ref().is_some_and(|script| script.dump.is_some());
    if dumps && let Some(table) = &observed.table {
        return unequal(&dump::normal(expected, table), stdout).map(|text| (Aspect::Dump, text));
    }
    let own = format!("{VERSION}\n");
    let expected = if expected == RECORDED_RELEASE { &own } else { expected };
    unequal(expected, stdout).map(|text| (Aspect::Stdout, text))
}

/// Whether each row of the document is as recorded. The names of symbolic links are recorded in two ways.
fn rows(expected: &Value, found: &Value) -> Option<String> {
    let mut differing = Vec::new();
    for part in ["name", "parameters", "actions", "symlinks"] {
        if expected.get(part).is_none() {
            continue;
        }
        let list = |value: &Value| -> Vec<String> {
            match &value[part] {
                Value::Array(rows) => rows
                    .iter()
                    .map(|row| row.as_array().and_then(|row| row.first()).unwrap_or(row).to_string())
                    .collect(),
                value => vec![value.to_string()],
            }
        };
        differing.extend(unequal(&list(expected).join("\n"), &list(found).join("\n")));
    }
    (!differing.is_empty()).then(|| differing.join("; "))
}

/// The lines that only one of two texts has; both texts if no line is different.
fn unequal(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let without = |text: &str, other: &str| -> Vec<String> {
        let others: Vec<&str> = other.lines().collect();
        let lines = text.lines().filter(|line| !others.contains(line));
        lines.map(str::to_owned).collect()
    };
    let (missing, extra) = (without(expected, found), without(found, expected));
    if missing.is_empty() && extra.is_empty() {
        return Some(format!("recorded {expected:?}, here {found:?}"));
    }
    Some(format!("recorded {missing:?}, here {extra:?}"))
}

fn files(case: &Case, folder: &Path) -> Option<String> {
    let wrong = case.files_after.iter().filter_map(|(name, expected)| {
        let found = std::fs::read(folder.join(name)).ok();
        let found = found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let same = match (expected, &found) {
            (Some(expected), Some(found)) if expected.contains("<TS>") => logged(expected, found),
            (expected, found) => expected == found,
        };
        (!same).then(|| format!("{name}: recorded {expected:?}, here {found:?}"))
    });
    let wrong: Vec<_> = wrong.collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// Whether a debug file has at least the lines of the recorded one: a line of each level, in the same order and with a
/// time before it. The wording is ours, and more lines are allowed.
fn logged(expected: &str, found: &str) -> bool {
    let levels = |text: &str, stamp: fn(&str) -> Option<&str>| -> Vec<String> {
        let lines = text.lines().filter_map(stamp);
        let levels = lines.filter_map(|line| line.split_once(": ").map(|(level, _)| level.to_owned()));
        levels.collect()
    };
    let expected = levels(expected, |line| line.strip_prefix("<TS> "));
    let mut found = levels(found, |line| line.get("2026-11-20 22:03:18,123 ".len()..)).into_iter();
    !expected.is_empty() && expected.iter().all(|level| found.any(|other| other == *level))
}

/// Compares the times. On a virtual clock only sleep takes time, so the recorded run took a little longer.
fn elapsed(case: &Case, observed: &Observed) -> Option<String> {
    let recorded = case.elapsed_s?;
    let took = observed.took.as_secs_f64();
    let longest = if observed.virtually {
        recorded
    } else {
        recorded + HELD_UP
    };
    let fits = took > recorded - OWN_TIME && took <= longest;
    (!fits).then(|| format!("recorded {recorded} s, here {took:.1} s"))
}
