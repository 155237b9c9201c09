//! The differences that are meant. Each rule looks at what a case says and at
//! what came of it, never at its name, so that a case that nobody has seen is
//! judged too. The reasons at length: `docs/protocol.md`.

use super::case::Case;
use super::difference::{Aspect, Difference};
use super::observed::Observed;
use super::rules;

/// One run of a case, with what differs.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    /// What was recorded.
    pub(super) case: &'a Case,
    /// What came of it.
    pub(super) observed: &'a Observed,
    /// Where the two differ.
    pub(super) differences: &'a [Difference],
}

/// A decision not to do what the Python agents do.
#[derive(Debug)]
pub(super) struct Quirk {
    /// Its row in `docs/protocol.md`.
    pub(super) name: &'static str,
    /// Why, in a line.
    pub(super) reason: &'static str,
    /// What may differ because of it.
    pub(super) explains: &'static [Aspect],
    /// Whether a run shows it.
    pub(super) shows: fn(&Trial<'_>) -> bool,
}

use Aspect::{Calls, Dump, Elapsed, Exit, Files, Help, Metadata, Stderr, Stdout};

const OUTCOME: &[Aspect] = &[Exit, Stdout, Stderr, Calls, Files, Elapsed, Dump];

/// Every decision.
pub(super) static QUIRKS: &[Quirk] = &[
    Quirk {
        name: "8.1",
        reason: "a flag given as false is not set where setting it weakens the connection or calls a machine off",
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
        reason: "several plugs are on when all of them are",
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
        reason: "a negative retry_on is refused: with it they say success without asking the device",
        explains: OUTCOME,
        shows: |trial| rules::negative(trial, &["retry_on"]),
    },
    Quirk {
        name: "8.14",
        reason: "the device gets a choice as it was declared, not in upper case",
        explains: &[Dump],
        shows: rules::upper_case_choice,
    },
    Quirk {
        name: "8.16",
        reason: "the name agent is skipped in silence, and markers are unknown options",
        explains: OUTCOME,
        shows: rules::marker_line,
    },
    Quirk {
        name: "8.18",
        reason: "an option that the agent declares as required has to be given",
        explains: OUTCOME,
        shows: rules::required_option,
    },
    Quirk {
        name: "8.20",
        reason: "a machine that was off is fenced, whatever ends the attempt to switch it on again",
        explains: &[Exit, Stdout],
        shows: rules::lost_reboot,
    },
    Quirk {
        name: "8.23",
        reason: "a plug without an alias is listed with an empty one; an empty plug_separator is refused at once",
        explains: OUTCOME,
        shows: rules::no_alias_or_separator,
    },
    Quirk {
        name: "8.24",
        reason: "negative pauses are refused before the device is asked for anything",
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
        reason: "older names are understood with hyphens too",
        explains: OUTCOME,
        shows: rules::hyphen_in_older_name,
    },
    Quirk {
        name: "8.31",
        reason: "standard output has nothing but the protocol on it",
        explains: &[Stdout, Stderr],
        shows: |trial| trial.case.exit == 1 && trial.observed.stdout.is_empty() && !trial.observed.stderr.is_empty(),
    },
    Quirk {
        name: "8.38",
        reason: "POSIXLY_CORRECT turns no status into a reboot",
        explains: OUTCOME,
        shows: |trial| trial.case.env.contains_key("POSIXLY_CORRECT"),
    },
    Quirk {
        name: "8.40",
        reason: "an agent with two options of one name or letter is refused when it is loaded",
        explains: &[Exit, Stdout, Stderr, Calls, Files, Elapsed, Dump, Metadata, Help],
        shows: rules::same_name,
    },
    Quirk {
        name: "list-status words",
        reason: "power is printed as ON, OFF or UNKNOWN, not as each device spells it",
        explains: &[Stdout],
        shows: rules::status_words,
    },
    Quirk {
        name: "no status",
        reason: "what a device without power status accepts is done, however it was asked",
        explains: OUTCOME,
        shows: rules::asynchronous_without_status,
    },
    Quirk {
        name: "password scripts",
        reason: "a program that fails or prints nothing gives no password",
        explains: OUTCOME,
        shows: rules::failing_script,
    },
    Quirk {
        name: "validate-all",
        reason: "it looks at the options and neither runs a program nor asks the device, in any agent",
        explains: &[Exit, Stdout, Stderr, Calls, Files],
        shows: rules::validate_all,
    },
    Quirk {
        name: "debug file",
        reason: "a debug file that cannot be opened is a warning, and the action goes on",
        explains: OUTCOME,
        shows: |trial| trial.case.exit == 1 && trial.observed.stderr.contains("option debug_file: cannot open"),
    },
    Quirk {
        name: "UTF-8",
        reason: "text is UTF-8 whatever the locale; a value that is not is refused",
        explains: OUTCOME,
        shows: rules::encoding,
    },
    Quirk {
        name: "own options",
        reason: "an agent's own options come in the order and with the placeholders that their names give",
        explains: &[Help, Metadata],
        shows: rules::own_options,
    },
    Quirk {
        name: "standard input",
        reason: "more than 1 MiB is no list of options",
        explains: OUTCOME,
        shows: |trial| trial.case.stdin.as_ref().is_some_and(|text| text.len() > 1 << 20),
    },
];

/// The decisions that together explain all differences of a run; none if one
/// is left over.
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
