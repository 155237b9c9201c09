//! How a run shows that a deliberate difference is the cause of its differences.

use fencebox::agent::device::PowerStatus;
use fencebox::agent::options::{catalog, catalog::OnFalse};
use serde_json::Value;

use super::case::{Case, Script};
use super::quirk::Trial;
use super::{document, dump};

/// A flag that our agents treat as not set was given as false, which is possible only on standard input.
pub(super) fn false_flag(trial: &Trial<'_>) -> bool {
    let own = |name: &str| {
        let options = trial.case.device.iter().flat_map(|script| &script.all_opt);
        options
            .filter(|(_, own)| !text(&own["getopt"]).ends_with(':'))
            .any(|(key, own)| [key, text(&own["longopt"])].iter().any(|known| same(known, name)))
    };
    let minds = |name: &str| {
        let entry = catalog::find(name).or_else(|| catalog::by_key(name));
        entry.map_or_else(|| own(name), |entry| !matches!(entry.on_false, OnFalse::Set))
    };
    let no = |value: &str| ["0", "no", "off", "false"].contains(&value.to_lowercase().as_str());
    trial.case.lines().iter().any(|(name, value)| no(value) && minds(name))
}

/// A plug that is not a UUID comes after one that is, and only the UUID differs.
pub(super) fn sticking_uuid(trial: &Trial<'_>) -> bool {
    let bare = |calls: &Vec<String>| -> Vec<String> {
        calls
            .iter()
            .map(|call| call.split(" uuid=").next().unwrap_or_default().to_owned())
            .collect()
    };
    let recorded = trial.case.calls.as_ref();
    recorded.map(bare) == trial.observed.calls.as_ref().map(bare)
}

/// The statuses that the device reported, one list for each read of all plugs.
fn readings<'a>(trial: &'a Trial<'_>) -> impl Iterator<Item = &'a [PowerStatus]> {
    let plug = trial.case.given("plug").or_else(|| trial.case.given("port"));
    let separator = trial.case.given("plug_separator").unwrap_or_else(|| ",".to_owned());
    let plugs = plug.map_or(1, |plug| plug.split(&separator).count());
    trial.observed.statuses.chunks(plugs)
}

/// The action switches plugs on, and in one read some of them were on and some were not.
pub(super) fn one_plug_on(trial: &Trial<'_>) -> bool {
    let wants_on = ["on", "enable", "reboot", ""].contains(&trial.case.action().as_str());
    wants_on
        && readings(trial).any(|reading| {
            reading.contains(&PowerStatus::On) && reading.iter().any(|&status| status != PowerStatus::On)
        })
}

/// In one read, a plug without a known status came before one that was on.
pub(super) fn hidden_status(trial: &Trial<'_>) -> bool {
    readings(trial).any(|reading| {
        let unknown = reading.iter().position(|&status| status == PowerStatus::Unknown);
        unknown.is_some_and(|unknown| reading[unknown..].contains(&PowerStatus::On))
    })
}

/// One of these numbers was negative and was rejected.
pub(super) fn negative(trial: &Trial<'_>, names: &[&str]) -> bool {
    let below = |name: &&str| {
        let value = trial.case.given(name);
        value.is_some_and(|value| value.trim().starts_with('-'))
    };
    trial.observed.exit == Some(1)
        && names
            .iter()
            .any(|name| below(name) && trial.observed.stderr.contains(name))
}

/// Whether our agent prints this, or was called with quiet.
pub(super) fn says(trial: &Trial<'_>, words: &str) -> bool {
    trial.observed.stderr.is_empty() || trial.observed.stderr.contains(words)
}

/// The values differ only in upper case.
pub(super) fn upper_case_choice(trial: &Trial<'_>) -> bool {
    let recorded = trial.case.stdout.as_deref().unwrap_or_default().to_lowercase();
    let table = trial.observed.table.as_ref();
    table.is_some_and(|table| dump::normal(&recorded, table) == trial.observed.stdout.to_lowercase())
}

/// Standard input contains `agent` or a marker.
pub(super) fn marker_line(trial: &Trial<'_>) -> bool {
    const MARKERS: [&str; 14] = [
        "agent",
        "web",
        "telnet",
        "snmp",
        "force_on",
        "fabric_fencing",
        "no_login",
        "no_password",
        "no_port",
        "no_status",
        "no_on",
        "no_off",
        "diag",
        "on_target",
    ];
    let lines = trial.case.lines();
    lines.iter().any(|(name, _)| MARKERS.contains(&name.as_str()))
}

/// The agent declares a required option that was not given, and our agent reports it.
pub(super) fn required_option(trial: &Trial<'_>) -> bool {
    let options = trial.observed.table.iter().flat_map(|table| table.options());
    let mut required = options.filter(|option| option.required);
    trial.observed.exit == Some(1)
        && required.any(|option| {
            let missing = format!("option {} is missing", option.name);
            trial.case.given(&option.name).is_none() && says(trial, &missing)
        })
}

/// The Python agent failed. Ours reports that the machine was switched off and did not start again, because the
/// device's code gave up.
pub(super) fn lost_reboot(trial: &Trial<'_>) -> bool {
    let gave_up = |script: &Script| {
        let answers = [&script.get, &script.set, &script.sync].into_iter().flatten();
        answers
            .into_iter()
            .any(|answers| answers.to_string().contains("\"fail"))
    };
    trial.case.exit == 1
        && trial.observed.exit == Some(0)
        && trial.observed.stdout == "Success: Rebooted\n"
        && trial.case.device.as_ref().is_some_and(gave_up)
}

/// The device lists a plug without an alias, or the plug separator is empty and our agent rejects it.
pub(super) fn no_alias_or_separator(trial: &Trial<'_>) -> bool {
    let separator = trial.case.given("plug_separator");
    if separator.is_some_and(|separator| separator.is_empty()) {
        return trial.observed.exit == Some(1) && says(trial, "option plug_separator");
    }
    let outlets = trial
        .case
        .device
        .as_ref()
        .and_then(|script| script.outlets.as_ref()?.0.as_ref());
    lists(trial.case) && outlets.is_some_and(|rows| rows.iter().any(|(_, alias, _)| alias.is_none()))
}

fn lists(case: &Case) -> bool {
    ["list", "list-status"].contains(&case.action().as_str())
}

/// A value has digits that are not ASCII, and was rejected.
pub(super) fn foreign_digits(trial: &Trial<'_>) -> bool {
    let foreign = |text: &str| {
        text.chars()
            .any(|character| character.is_numeric() && !character.is_ascii())
    };
    let lines = trial.case.lines();
    trial.observed.exit == Some(1)
        && (trial.case.argv.iter().any(|argument| foreign(argument)) || lines.iter().any(|(_, value)| foreign(value)))
}

/// Standard input has an option's older name with a hyphen.
pub(super) fn hyphen_in_older_name(trial: &Trial<'_>) -> bool {
    let lines = trial.case.lines();
    lines.iter().any(|(name, _)| {
        let entry = catalog::by_key(&name.replace('-', "_"));
        name.contains('-') && entry.is_some_and(|entry| !same(entry.long, name))
    })
}

/// The device declares two options with the same name or letter.
pub(super) fn same_name(trial: &Trial<'_>) -> bool {
    trial.case.device.is_some() && trial.observed.table.is_none() && trial.observed.exit == Some(1)
}

/// The rows are the same, except for the spelling of the status. Without a separator the status cannot be found in a
/// row.
pub(super) fn status_words(trial: &Trial<'_>) -> bool {
    let separator = trial.case.given("separator").unwrap_or_else(|| ",".to_owned());
    let plain = |text: &str| -> Vec<String> {
        let row = |row: &str| match row.rfind(&separator) {
            _ if separator.is_empty() => row.to_uppercase(),
            Some(end) => row[..end].to_owned() + &row[end..].to_uppercase(),
            None => row.to_owned(),
        };
        text.lines().map(row).collect()
    };
    let recorded = trial.case.stdout.as_deref().unwrap_or_default();
    trial.case.action() == "list-status" && plain(recorded) == plain(&trial.observed.stdout)
}

/// The device has no power status, and its requests are asynchronous.
pub(super) fn asynchronous_without_status(trial: &Trial<'_>) -> bool {
    let script = trial.case.device.as_ref();
    script.is_some_and(|script| script.declares("no_status") && script.set.is_some())
}

/// A program had to provide a password and did not, and our agent reports it.
pub(super) fn failing_script(trial: &Trial<'_>) -> bool {
    trial.observed.exit == Some(1)
        && ["password_script", "snmp_priv_passwd_script"]
            .iter()
            .any(|name| trial.case.given(name).is_some() && says(trial, &format!("option {name}: the program")))
}

/// The agent also checks options in its own way.
pub(super) fn validate_all(trial: &Trial<'_>) -> bool {
    const AGENTS: [&str; 5] = ["fence_ovh", "fence_lpar", "fence_scsi", "fence_mpath", "fence_zvmip"];
    let script = trial.case.device.as_ref();
    trial.case.action() == "validate-all"
        && (script.is_some_and(|script| script.other_conditions) || AGENTS.contains(&trial.case.agent.as_str()))
}

/// Python was given an encoding, its output does not fit the locale, or the input is not UTF-8.
pub(super) fn encoding(trial: &Trial<'_>) -> bool {
    let case = trial.case;
    let told = case.env.contains_key("PYTHONIOENCODING")
        || case
            .stdout
            .as_ref()
            .is_some_and(|text| text.starts_with("b'") || text.starts_with("b\""));
    let input = case.input(std::path::Path::new("")).ok().flatten().unwrap_or_default();
    let refused = std::str::from_utf8(&input).is_err() && trial.observed.stderr.contains("not UTF-8");
    told || refused
}

/// A line of standard input was not understood, and ours rejects it because it names an option or may be the action.
pub(super) fn damaged_input(trial: &Trial<'_>) -> bool {
    let said = &trial.observed.stderr;
    let reasons = [
        ": this may be a damaged action",
        ": the name of option ",
        " begins with the byte order mark",
    ];
    trial.observed.exit == Some(1)
        && said.contains("standard input")
        && reasons.iter().any(|reason| said.contains(reason))
}

/// Without the agent's own options, the documents are the same.
pub(super) fn own_options(trial: &Trial<'_>) -> bool {
    let stdout = &trial.observed.stdout;
    if let Some(recorded) = &trial.case.help_options {
        let theirs = |columns: &[String]| -> Vec<String> {
            let kept = columns.iter().filter(|column| is_catalog(long(column)));
            kept.cloned().collect()
        };
        return theirs(recorded) == theirs(&document::help(stdout));
    }
    let (Some(recorded), Ok(found)) = (&trial.case.metadata, document::metadata(stdout)) else {
        return false;
    };
    let theirs = |document: &Value| -> Vec<Value> {
        let rows = document["parameters"].as_array().into_iter().flatten();
        rows.filter(|row| is_catalog(text(&row["name"]))).cloned().collect()
    };
    theirs(recorded) == theirs(&found) && recorded["actions"] == found["actions"] && recorded["name"] == found["name"]
}

fn is_catalog(name: &str) -> bool {
    catalog::find(name).is_some() || catalog::by_key(name).is_some()
}

/// The long name in an entry of the option column.
fn long(column: &str) -> &str {
    let long = column.split("--").nth(1).unwrap_or_default();
    long.split('=').next().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn same(one: &str, other: &str) -> bool {
    one.replace('-', "_") == other.replace('-', "_")
}
