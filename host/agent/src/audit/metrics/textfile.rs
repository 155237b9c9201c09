//! The content of one file, in Prometheus' text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>). Only files that this module wrote are parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter};

use serde_json::Value;

use super::super::Record;
use crate::action::Action;
use crate::audit::Ending;

/// Maximum number of plugs in a file.
const PLUGS: usize = 64;
/// The label for all plugs above the limit, and for actions that do not exist.
const OTHER: &str = "other";

/// The results, in the order of [`Numbers::results`].
const RESULTS: [Ending; 5] = [
    Ending::Success,
    Ending::Failure,
    Ending::Refused,
    Ending::Interrupted,
    Ending::Panic,
];

const ACTIONS: &str = "fencebox_actions_total";
const LAST_SUCCESS: &str = "fencebox_action_last_success_timestamp_seconds";
const LAST_FAILURE: &str = "fencebox_action_last_failure_timestamp_seconds";
const LAST_DURATION: &str = "fencebox_action_last_duration_seconds";
const DURATION_SUM: &str = "fencebox_action_duration_seconds_sum";
const DURATION_COUNT: &str = "fencebox_action_duration_seconds_count";

/// The labels of a series.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    agent: String,
    device: String,
    plug: String,
    action: String,
}

/// The numbers of a series. Times are milliseconds; 0 means never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Numbers {
    results: [u64; RESULTS.len()],
    last_success: u64,
    last_failure: u64,
    last_duration: u64,
    duration_sum: u64,
}

/// One plug of an action that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    labels: Labels,
    result: usize,
    time: u64,
    duration: u64,
}

impl Sample {
    /// One for each plug of the action; none for a record of its begin. The texts of a record are masked already.
    pub(super) fn of(record: &Record) -> Option<Vec<Self>> {
        let text = |name: &str| record.field(name).and_then(Value::as_str);
        let result = text("result").and_then(place_of)?;
        let action = match text("action").unwrap_or_default() {
            "" => "",
            word => Action::parse_fabric(&word.to_lowercase()).map_or(OTHER, Action::word),
        };
        let device = record
            .field("contacts")
            .and_then(|contacts| contacts[0]["origin"].as_str());
        let time = text("time").and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let time = time.and_then(|time| u64::try_from(time.as_millisecond()).ok());
        let duration = record.field("milliseconds").and_then(|parts| parts["total"].as_u64());
        let of = |plug: &str| Self {
            labels: Labels {
                agent: record.agent().to_owned(),
                device: device.unwrap_or_default().to_owned(),
                plug: plug.to_owned(),
                action: action.to_owned(),
            },
            result,
            time: time.unwrap_or_default(),
            duration: duration.unwrap_or_default(),
        };
        let plugs = record.field("plugs").and_then(Value::as_array);
        let plugs: BTreeSet<&str> = plugs.into_iter().flatten().filter_map(Value::as_str).collect();
        Some(if plugs.is_empty() {
            vec![of("")]
        } else {
            plugs.into_iter().map(of).collect()
        })
    }

    pub(super) fn agent(&self) -> &str {
        &self.labels.agent
    }

    pub(super) fn device(&self) -> &str {
        &self.labels.device
    }
}

fn place_of(word: &str) -> Option<usize> {
    RESULTS.iter().position(|result| result.word() == word)
}

/// The content of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Textfile(BTreeMap<Labels, Numbers>);

impl Textfile {
    /// Adds an action. A plug above the limit is counted under another label.
    pub(super) fn add(&mut self, sample: &Sample) {
        let mut labels = sample.labels.clone();
        let plugs: BTreeSet<&str> = self.0.keys().map(|labels| labels.plug.as_str()).collect();
        if plugs.len() >= PLUGS && !plugs.contains(labels.plug.as_str()) {
            OTHER.clone_into(&mut labels.plug);
        }
        let numbers = self.0.entry(labels).or_default();
        if let Some(result) = numbers.results.get_mut(sample.result) {
            *result = result.saturating_add(1);
        }
        let last = if RESULTS.get(sample.result) == Some(&Ending::Success) {
            &mut numbers.last_success
        } else {
            &mut numbers.last_failure
        };
        *last = sample.time;
        numbers.last_duration = sample.duration;
        numbers.duration_sum = numbers.duration_sum.saturating_add(sample.duration);
    }

    /// Reads what [`Display`] wrote. The error is the number of the first line that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, usize> {
        let mut textfile = Self::default();
        for (index, line) in text.lines().enumerate() {
            if !line.starts_with('#') {
                textfile.parse_line(line).ok_or(index + 1)?;
            }
        }
        // The last line of a file that was cut has no end.
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(text.lines().count());
        }
        Ok(textfile)
    }

    fn parse_line(&mut self, line: &str) -> Option<()> {
        let (name, rest) = line.split_once('{')?;
        let (mut labels, value) = parse_labels(rest)?;
        let result = labels.remove("result");
        let key = Labels {
            agent: labels.remove("agent")?,
            device: labels.remove("device")?,
            plug: labels.remove("plug")?,
            action: labels.remove("action")?,
        };
        let numbers = self.0.entry(key).or_default();
        let target = match name {
            ACTIONS => numbers.results.get_mut(place_of(&result?)?)?,
            LAST_SUCCESS => &mut numbers.last_success,
            LAST_FAILURE => &mut numbers.last_failure,
            LAST_DURATION => &mut numbers.last_duration,
            DURATION_SUM => &mut numbers.duration_sum,
            // The sum of all results.
            DURATION_COUNT => return value.parse::<u64>().is_ok().then_some(()),
            _ => return None,
        };
        *target = if name == ACTIONS {
            value.parse().ok()?
        } else {
            parse_seconds(value)?
        };
        labels.is_empty().then_some(())
    }
}

/// The labels, and the value after them.
fn parse_labels(text: &str) -> Option<(BTreeMap<&str, String>, &str)> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    loop {
        let (name, quoted) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        let end = loop {
            match letters.next()? {
                (end, '"') => break end,
                (_, '\\') => value.push(match letters.next()?.1 {
                    'n' => '\n',
                    letter @ ('\\' | '"') => letter,
                    _ => return None,
                }),
                (_, letter) => value.push(letter),
            }
        };
        labels.insert(name, value);
        let after = quoted.get(end + 1..)?;
        if let Some(value) = after.strip_prefix("} ") {
            return Some((labels, value));
        }
        rest = after.strip_prefix(',')?;
    }
}

/// Seconds with three decimals.
fn parse_seconds(text: &str) -> Option<u64> {
    let (seconds, rest) = text.split_once('.')?;
    let rest: u64 = rest.parse().ok().filter(|_| rest.len() == 3)?;
    seconds.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(rest)
}

struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// The labels without the closing brace.
impl Display for Labels {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let labels = [
            ("agent", &self.agent),
            ("device", &self.device),
            ("plug", &self.plug),
            ("action", &self.action),
        ];
        for (index, (name, value)) in labels.into_iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(formatter, "{before}{name}=\"{value}\"")?;
        }
        Ok(())
    }
}

/// The exporter merges families of several files, so the texts must not differ between versions.
impl Display for Textfile {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let family = |formatter: &mut Formatter<'_>, name: &str, kind: &str, help: &str| {
            writeln!(formatter, "# HELP {name} {help}\n# TYPE {name} {kind}")
        };
        family(formatter, ACTIONS, "counter", "Actions that have ended, by result.")?;
        for (labels, numbers) in &self.0 {
            for (result, number) in RESULTS.iter().zip(numbers.results) {
                writeln!(formatter, "{ACTIONS}{labels},result=\"{}\"}} {number}", result.word())?;
            }
        }
        let mut gauge = |name, help, number: fn(&Numbers) -> u64| {
            family(formatter, name, "gauge", help)?;
            for (labels, numbers) in &self.0 {
                writeln!(formatter, "{name}{labels}}} {}", Seconds(number(numbers)))?;
            }
            Ok(())
        };
        gauge(LAST_SUCCESS, "Time of the last success, 0 for never.", |numbers| {
            numbers.last_success
        })?;
        gauge(LAST_FAILURE, "Time of the last other result, 0 for never.", |numbers| {
            numbers.last_failure
        })?;
        gauge(LAST_DURATION, "Duration of the last action.", |numbers| {
            numbers.last_duration
        })?;
        let name = DURATION_SUM.trim_end_matches("_sum");
        family(formatter, name, "summary", "Durations of all actions.")?;
        for (labels, numbers) in &self.0 {
            let count = numbers
                .results
                .iter()
                .fold(0_u64, |sum, number| sum.saturating_add(*number));
            writeln!(formatter, "{DURATION_SUM}{labels}}} {}", Seconds(numbers.duration_sum))?;
            writeln!(formatter, "{DURATION_COUNT}{labels}}} {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
