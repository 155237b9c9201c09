//! The deliberate differences. Each rule checks the content of a case and its result, never its name, so it also covers
//! new cases. The reasons in detail: `docs/protocol.md`.

use super::case::Case;
use super::difference::{Aspect, Difference};
use super::observed::Observed;
use super::{document, rules, two_plugs};

/// Runs a changed case, and returns its result and its differences from the recorded result; `None` if it cannot be
/// run.
pub(super) type Replay<'a> = &'a dyn Fn(&Case) -> Option<(Observed, Vec<Difference>)>;

/// One run of a case, with its differences.
pub(super) struct Trial<'a> {
    /// The recorded run.
    pub(super) case: &'a Case,
    /// The result here.
    pub(super) observed: &'a Observed,
    /// The differences between the two.
    pub(super) differences: &'a [Difference],
    /// Runs the case again with other input.
    pub(super) replay: Replay<'a>,
}

/// A deliberate difference from the Python agents.
#[derive(Debug)]
pub(super) struct Quirk {
    /// Its row in `docs/protocol.md`.
    pub(super) name: &'static str,
    /// The reason, in one line.
    pub(super) reason: &'static str,
    /// The aspects that may differ because of it.
    pub(super) explains: &'static [Aspect],
    /// Whether a run shows it.
    pub(super) shows: fn(&Trial<'_>) -> bool,
}

use Aspect::{Calls, Dump, Elapsed, Exit, Files, Help, Malformed, Metadata, Stderr, Stdout};

const OUTCOME: &[Aspect] = &[Exit, Stdout, Stderr, Calls, Files, Elapsed, Dump];

/// All deliberate differences.
pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        name: "8.1",
        reason: "a flag given as false is not set if setting it weakens the connection or reports a machine as off",
        explains: OUTCOME,
        shows: rules::false_flag,
    },
    Quirk {
        name: "8.4",
        reason: "the UUID of one plug is not sent for the next",
        explains: &[Calls],
        shows: rules::sticking_uuid,
    },
    Quirk {
        name: "8.5",
        reason: "several plugs are on only if all of them are on",
        explains: OUTCOME,
        shows: rules::one_plug_on,
    },
    Quirk {
        name: "8.6",
        reason: "a plug without a known status is not hidden by one that is on",
        explains: OUTCOME,
        shows: rules::hidden_status,
    },
    Quirk {
        name: "8.11",
        reason: "a negative retry_on is rejected: Python agents report success then without any call",
        explains: OUTCOME,
        shows: |trial| rules::negative(trial, &["retry_on"]),
    },
    Quirk {
        name: "8.14",
        reason: "the device gets a choice in the declared spelling, not in upper case",
        explains: &[Dump],
        shows: rules::upper_case_choice,
    },
    Quirk {
        name: "8.16",
        reason: "the name agent is skipped silently, and markers are unknown options",
        explains: OUTCOME,
        shows: rules::marker_line,
    },
    Quirk {
        name: "8.18",
        reason: "an option that the agent declares as required is checked",
        explains: OUTCOME,
        shows: rules::required_option,
    },
    Quirk {
        name: "8.20",
        reason: "a machine that was off is fenced, whatever error ends the attempt to switch it on again",
        explains: &[Exit, Stdout],
        shows: rules::lost_reboot,
    },
    Quirk {
        name: "8.23",
        reason: "a plug without an alias is listed with an empty one; an empty plug_separator is rejected",
        explains: OUTCOME,
        shows: rules::no_alias_or_separator,
    },
    Quirk {
        name: "8.24",
        reason: "negative pauses are rejected before the device is contacted",
        explains: OUTCOME,
        shows: |trial| rules::negative(trial, &["power_wait", "stonith_status_sleep"]),
    },
    Quirk {
        name: "8.25",
        reason: "numbers have ASCII digits",
        explains: OUTCOME,
        shows: rules::foreign_digits,
    },
    Quirk {
        name: "8.26",
        reason: "older names may have hyphens, too",
        explains: OUTCOME,
        shows: rules::hyphen_in_older_name,
    },
    Quirk {
        name: "8.27",
        reason: "metadata is XML whatever the descriptions contain",
        explains: &[Malformed],
        shows: |trial| document::metadata(&trial.observed.stdout).is_ok(),
    },
    Quirk {
        name: "8.31",
        reason: "standard output contains only the protocol",
        explains: &[Stdout, Stderr],
        shows: |trial| trial.case.exit == 1 && trial.observed.stdout.is_empty() && !trial.observed.stderr.is_empty(),
    },
    Quirk {
        name: "8.38",
        reason: "POSIXLY_CORRECT is ignored, so a status does not become a reboot",
        explains: OUTCOME,
        shows: |trial| trial.case.env.contains_key("POSIXLY_CORRECT"),
    },
    Quirk {
        name: "8.40",
        reason: "an agent with two options of one name or letter is rejected when it is loaded",
        explains: &[Exit, Stdout, Stderr, Calls, Files, Elapsed, Dump, Metadata, Help],
        shows: rules::same_name,
    },
    Quirk {
        name: "list-status words",
        reason: "power is printed as ON, OFF or UNKNOWN, not in the spelling of each device",
        explains: &[Stdout],
        shows: rules::status_words,
    },
    Quirk {
        name: "no status",
        reason: "a request that a device without power status accepts counts as done",
        explains: OUTCOME,
        shows: rules::asynchronous_without_status,
    },
    Quirk {
        name: "two plugs",
        reason: "of two plugs on standard input, the last one does not win",
        explains: OUTCOME,
        shows: two_plugs::shows,
    },
    Quirk {
        name: "password scripts",
        reason: "a program that fails, prints nothing or prints several lines is an error",
        explains: OUTCOME,
        shows: rules::failing_script,
    },
    Quirk {
        name: "validate-all",
        reason: "it only checks options; no agent runs a program or contacts the device",
        explains: &[Exit, Stdout, Stderr, Calls, Files],
        shows: rules::validate_all,
    },
    Quirk {
        name: "debug file",
        reason: "a debug file that cannot be opened is a warning, and the action continues",
        explains: OUTCOME,
        shows: |trial| trial.case.exit == 1 && trial.observed.stderr.contains("option debug_file: cannot open"),
    },
    Quirk {
        name: "UTF-8",
        reason: "text is UTF-8 whatever the locale; a value that is not UTF-8 is rejected",
        explains: OUTCOME,
        shows: rules::encoding,
    },
    Quirk {
        name: "own options",
        reason: "an agent's own options are in the order of declaration, with placeholders from their names",
        explains: &[Help, Metadata],
        shows: rules::own_options,
    },
    Quirk {
        name: "damaged standard input",
        reason: "a damaged line that may be the action is an error, because the default action would run without it",
        explains: OUTCOME,
        shows: rules::damaged_input,
    },
    Quirk {
        name: "standard input",
        reason: "more than 1 MiB is rejected",
        explains: OUTCOME,
        shows: |trial| trial.case.stdin.as_ref().is_some_and(|text| text.len() > 1 << 20),
    },
];

/// The deliberate differences that together explain all differences of a run; `None` if a difference is not explained.
pub(super) fn explain(trial: &Trial<'_>) -> Option<Vec<&'static Quirk>> {
    let shown: Vec<&Quirk> = QUIRKS
        .iter()
        .filter(|quirk| {
            let concerns = |difference: &Difference| quirk.explains.contains(&difference.aspect);
            trial.differences.iter().any(concerns) && (quirk.shows)(trial)
        })
        .collect();
    let explained = |difference: &Difference| shown.iter().any(|quirk| quirk.explains.contains(&difference.aspect));
    trial.differences.iter().all(explained).then_some(shown)
}
