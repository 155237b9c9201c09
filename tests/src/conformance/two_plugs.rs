//! `port` and `plug` on standard input with different values.
//!
//! The library uses the last line. Ours ignores the value that is the name of the node, or rejects both
//! (`docs/protocol.md`).

use std::path::Path;

use super::case::{self, Case};
use super::observed::Observed;
use super::quirk::{self, Trial};
use super::rules;

/// The two names of the option.
const NAMES: [&str; 2] = ["port", "plug"];

/// Two different plugs were given, the recorded agent used the last one, and ours did not.
///
/// Both sides are verified: with the last line alone, our agent has the recorded result; and the observed result is a
/// rejection, or what our agent does with the other line alone.
pub(super) fn shows(trial: &Trial<'_>) -> bool {
    let case = trial.case;
    let (Some(port), Some(plug)) = (value(case, "port"), value(case, "plug")) else {
        return false;
    };
    let lines = case.lines();
    let last = lines.iter().rev().find(|(name, _)| NAMES.contains(&name.as_str()));
    let Some((last, _)) = last.filter(|_| !port.eq_ignore_ascii_case(&plug)) else {
        return false;
    };
    let node = value(case, "nodename");
    let meant = match (node.as_ref() == Some(&port), node.as_ref() == Some(&plug)) {
        (true, false) => Some("plug"),
        (false, true) => Some("port"),
        _ => None,
    };
    let is_ours = match meant {
        Some(meant) if meant == last => false,
        Some(meant) => (trial.replay)(&with_only(case, meant)).is_some_and(|(other, _)| same(&other, trial.observed)),
        None => is_rejected(trial),
    };
    is_ours && is_recorded(trial, &with_only(case, last))
}

/// Whether our agent has the recorded result for this case, except for other deliberate differences.
fn is_recorded(trial: &Trial<'_>, case: &Case) -> bool {
    (trial.replay)(case).is_some_and(|(observed, differences)| {
        let other = Trial {
            case,
            observed: &observed,
            differences: &differences,
            replay: trial.replay,
        };
        quirk::explain(&other).is_some()
    })
}

/// Our agent rejected the two options, and did nothing.
fn is_rejected(trial: &Trial<'_>) -> bool {
    let observed = trial.observed;
    observed.exit == Some(1)
        && observed.stdout.is_empty()
        && observed.calls.as_ref().is_none_or(Vec::is_empty)
        && rules::says(trial, "options port and plug mean the same and have different values")
}

fn same(one: &Observed, other: &Observed) -> bool {
    one.exit == other.exit && one.stdout == other.stdout && one.calls == other.calls
}

/// The value of the last line with this name.
fn value(case: &Case, name: &str) -> Option<String> {
    let lines = case.lines().into_iter().rev();
    let mut lines = lines.filter(|(found, _)| found == name);
    lines.next().map(|(_, value)| value)
}

/// The case with the last line of this name, and no other line of the two names.
fn with_only(case: &Case, name: &str) -> Case {
    let is = |line: &str, names: &[&str]| case::entry(line).is_some_and(|(found, _)| names.contains(&found.as_str()));
    let input = case.input(Path::new("@D@")).ok().flatten().unwrap_or_default();
    let input = String::from_utf8_lossy(&input);
    let lines: Vec<&str> = input.split('\n').collect();
    let kept = lines.iter().rposition(|line| is(line, &[name]));
    let lines = lines.iter().enumerate();
    let lines = lines.filter(|(index, line)| Some(*index) == kept || !is(line, &NAMES));
    Case {
        stdin: Some(lines.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")),
        stdin_b64: None,
        ..case.clone()
    }
}
