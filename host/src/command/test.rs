//! `fencebox test`: tests a plugin file for its author, with faults at each exchange.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use fencebox_trial::{Group, Options, Report, Wrong};
use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::candidate;
use super::candidate::Candidate;
use crate::agent::clock::Clock;
use crate::agent::options::Table;
use crate::agent::virtual_clock::VirtualClock;
use crate::trial::PluginDevice;

/// What is tested, and how.
pub(super) struct Selection<'a> {
    /// Recordings of `fencebox run --trace`.
    pub(super) recordings: &'a [PathBuf],
    /// The options of a device that may be switched, as `NAME=VALUE`.
    pub(super) options: &'a [String],
    /// Only this run, as in the report.
    pub(super) case: Option<String>,
    /// The number of pairs of faults.
    pub(super) pairs: usize,
    /// The seed that chooses the pairs.
    pub(super) seed: u64,
    /// Where to write the report as JUnit XML.
    pub(super) junit: Option<&'a Path>,
}

/// One part of the report that is not a scene.
struct Part {
    name: &'static str,
    wrong: Vec<String>,
}

/// Tests the plugin and prints the report. Returns exit code 1 if something is wrong.
pub(super) fn run(file: &Path, selection: &Selection<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    ensure!(
        !selection.recordings.is_empty() || !selection.options.is_empty(),
        "nothing to test with; give recordings of `fencebox run --trace` (--recording FILE), or after -- the options of a \
         simulated device: ip=127.0.0.1 plug=1"
    );
    let clock = Arc::new(VirtualClock::default()) as Arc<dyn Clock>;
    let attempt = candidate::attempt(file, clock, Box::new(std::io::sink()))?;
    let options = parse(selection.options)?;
    let candidate = Candidate::of(&attempt.plugin, file);
    let declared = match candidate.as_ref().map(Candidate::first) {
        Ok(declared) => declared?,
        // Without a description there is no agent, and nothing else to test.
        Err(cause) => {
            let part = Part {
                name: "description",
                wrong: vec![format!("{cause:#}")],
            };
            return conclude(&attempt.name, &[part], None, selection.junit, out);
        }
    };
    let device = PluginDevice::new(&attempt, declared, options, selection.recordings)?;
    let parts = [
        Part {
            name: "description",
            wrong: Vec::new(),
        },
        Part {
            name: "options",
            wrong: wrong_options(&device, declared.table())?,
        },
    ];
    let has_sockets = declared.sockets.iter().next().is_some();
    let alone = !selection.options.is_empty();
    let devices: Vec<Box<dyn fencebox_trial::Device<Scene = _>>> = vec![Box::new(device)];
    let report = fencebox_trial::run(
        &devices,
        &Options {
            seed: selection.seed,
            pairs: selection.pairs,
            case: selection.case.clone(),
            alone,
            ..Options::default()
        },
    )?;
    if has_sockets {
        writeln!(
            out,
            "sockets: no faults, because a trial does not see what is sent by them"
        )?;
    }
    conclude(&attempt.name, &parts, Some(&report), selection.junit, out)
}

/// Prints the report, and writes it as JUnit XML. Returns exit code 1 if something is wrong.
fn conclude(
    name: &str,
    parts: &[Part],
    report: Option<&Report>,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    for part in parts {
        let verdict = if part.wrong.is_empty() { "in order" } else { "wrong" };
        writeln!(out, "{}: {verdict}", part.name)?;
        for line in &part.wrong {
            writeln!(out, "wrong: {line}")?;
        }
    }
    if let Some(report) = report {
        writeln!(out, "{report}")?;
    }
    if let Some(path) = file {
        let groups = report.map_or(&[][..], |report| &report.groups);
        std::fs::write(path, junit(name, parts, groups)?).with_context(|| path.display().to_string())?;
    }
    let is_good = report.is_none_or(Report::is_good) && parts.iter().all(|part| part.wrong.is_empty());
    Ok(u8::from(!is_good))
}

fn parse(options: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let pairs = options.iter().map(|option| {
        let (name, value) = option
            .split_once('=')
            .with_context(|| format!("{option:?} is not an option; write NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// `validate-all` must accept the options, and must refuse them without one that is required.
fn wrong_options(device: &PluginDevice, table: &Table) -> anyhow::Result<Vec<String>> {
    let Some(options) = device.options() else {
        return Ok(Vec::new());
    };
    let mut options = options.clone();
    options.insert("action".to_owned(), "validate-all".to_owned());
    let mut wrong = Vec::new();
    let whole = device.call(&options)?;
    if whole.exit != Some(0) {
        wrong.push(format!("validate-all refuses the options: {}", whole.stderr.trim_end()));
        return Ok(wrong);
    }
    let required = table
        .options()
        .iter()
        .filter(|option| option.required && option.name != "action");
    for option in required {
        let names = [Some(&option.name), option.older.as_ref()];
        let given = names.into_iter().flatten().find(|name| options.contains_key(*name));
        let Some(given) = given.filter(|_| option.default.is_none()) else {
            continue;
        };
        let mut less = options.clone();
        less.remove(given);
        let outcome = device.call(&less)?;
        if outcome.exit != Some(1) || !outcome.stderr.contains(option.name.as_str()) {
            wrong.push(format!(
                "validate-all without the required option {given} does not name it: {outcome:?}"
            ));
        }
    }
    Ok(wrong)
}

/// The report in the form of JUnit, which CI services read: one case for each scene.
fn junit(name: &str, parts: &[Part], groups: &[Group]) -> anyhow::Result<Vec<u8>> {
    let wrong_groups = groups.iter().filter(|group| !group.wrong.is_empty()).count();
    let wrong_parts = parts.iter().filter(|part| !part.wrong.is_empty()).count();
    let tests = (parts.len() + groups.len()).to_string();
    let failures = (wrong_parts + wrong_groups).to_string();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let suite = writer.create_element("testsuite").with_attributes([
        ("name", name),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
    ]);
    suite.write_inner_content(|writer| {
        for part in parts {
            case(writer, name, part.name, &part.wrong)?;
        }
        for group in groups {
            let wrong: Vec<String> = group.wrong.iter().map(line).collect();
            case(writer, name, &format!("{} ({} runs)", group.name, group.runs), &wrong)?;
        }
        Ok(())
    })?;
    let mut xml = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
    xml.extend(writer.into_inner());
    xml.push(b'\n');
    Ok(xml)
}

fn line((case, wrong): &(String, Wrong)) -> String {
    match wrong {
        Wrong::FalseSuccess(why) => format!("FALSE: {case}: {why}"),
        Wrong::Other(why) => format!("{case}: {why}"),
    }
}

fn case(writer: &mut Writer<Vec<u8>>, class: &str, name: &str, wrong: &[String]) -> std::io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attributes([("classname", class), ("name", name)]);
    if wrong.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        let message = format!("wrong results: {}", wrong.len());
        // XML has no form for most control characters.
        let text = wrong.join("\n");
        let text: String = text
            .chars()
            .filter(|letter| !letter.is_control() || *letter == '\n')
            .collect();
        writer
            .create_element("failure")
            .with_attribute(("message", message.as_str()))
            .write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}
