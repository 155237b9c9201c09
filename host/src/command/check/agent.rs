//! `fencebox check AGENT`: everything that the agent needs to switch a plug off, short of switching it.
//!
//! The agent runs as in an action, in the same confinement, with a seam that keeps back what would switch.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use serde::Serialize;

use super::super::color::{self, Meaning};
use super::super::installed::Installed;
use super::super::json;
use super::super::run::options_text;
use crate::agent::device::{Device, PowerTarget};
use crate::agent::examination::{Examination, Outcome, Stage, Step};
use crate::agent::log::Log;
use crate::capability::http::{self, Report};
use crate::capture::Capture;
use crate::confinement;

/// A difference of the clocks that is reported: tokens and signatures of some devices allow five minutes.
const CLOCKS: Duration = Duration::from_secs(60);
/// Bytes of a detail at most: a plugin or a device may have chosen it.
const DETAIL: usize = 1024;
/// Days before the end of a certificate from which on it is reported.
const DAYS: u64 = 30;

/// One row of the report.
#[derive(Serialize)]
struct Row {
    step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plug: Option<String>,
    state: State,
    /// None for a step that was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<f64>,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// The report as JSON.
#[derive(Serialize)]
struct Document<'r> {
    agent: &'r str,
    steps: &'r [Row],
}

/// Checks the agent with these options, or with those on standard input.
pub(super) fn run(name: &str, options: &[String], json: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let text = options_text(options)?;
    let agent = Installed::agent(name)?;
    let capture = Arc::new(Capture::default());
    let (log, clock) = (agent.log.clone(), agent.clock.clone());
    let mut device = agent.instance.with_seam(capture.clone());
    let table = device.declared.table().clone();
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
    let steps = Examination {
        name,
        stdin: &mut text.as_bytes(),
        log: &log,
        clock: clock.as_ref(),
        credentials: credentials.as_deref(),
        confine: &|needs| {
            log.connect();
            log.debug(format!("{name}: {}", confinement::confine(needs)));
        },
    }
    .run(&table, &mut device, &mut |device, plug| {
        let outcome = device.set_power(plug, PowerTarget::Off);
        match capture.take() {
            Some(first) => Ok(Some(first)),
            None => outcome.map(|()| None),
        }
    });
    let rows = rows(
        steps,
        &device.reports(),
        &device
            .contacts()
            .into_iter()
            .map(|peer| peer.origin)
            .collect::<Vec<_>>(),
    );
    device.abandon();
    let rows: Vec<Row> = rows.into_iter().map(|row| row.masked(&log)).collect();
    if json {
        let document = Document {
            agent: name,
            steps: &rows,
        };
        json::print("check", &document, out)?;
    } else {
        print(&rows, out)?;
    }
    let failed = rows.iter().any(|row| row.state == State::Failed);
    log.finish();
    out.flush().context("standard output")?;
    Ok(u8::from(failed))
}

/// The rows of the steps, with those of the connections before the first step that made one.
fn rows(steps: Vec<Step>, reports: &[Report], contacts: &[String]) -> Vec<Row> {
    let mut rows = Vec::new();
    for step in steps {
        if step.stage == Stage::LogIn {
            rows.extend(reports.iter().flat_map(connection));
            let others = contacts
                .iter()
                .filter(|origin| reports.iter().all(|report| report.origin != **origin));
            rows.extend(others.map(|origin| {
                // Datagrams have no connection.
                let detail = format!("{origin}; only an answer proves that it was reached");
                Row::new("address", State::Ok, None, detail)
            }));
        }
        let is_last = step.stage == Stage::LogOut;
        let mut row = Row::of(step);
        // The row of the connection has the reason.
        let failed = reports.iter().filter_map(|report| report.failure.as_ref());
        if row.state == State::Failed && failed.clone().any(|reason| row.detail.contains(reason)) {
            row.detail = "the device was not reached, see above".to_owned();
        }
        rows.push(row);
        if is_last {
            rows.extend(reports.iter().filter_map(clock));
        }
    }
    rows
}

/// Name resolution, connection and TLS of an exchange.
fn connection(report: &Report) -> Vec<Row> {
    use http::Step;
    let failed = report.failed_step();
    let origin = &report.origin;
    let mut rows = Vec::new();
    let mut add = |name, step: Step, fact: String| {
        let Some(took) = report.took(step) else { return };
        let (state, detail) = match (&report.failure, failed == Some(step)) {
            (Some(reason), true) => (State::Failed, reason.clone()),
            _ => (State::Ok, fact),
        };
        rows.push(Row::new(name, state, Some(took), detail));
    };
    let addresses: Vec<_> = report.addresses.iter().map(ToString::to_string).collect();
    let address = addresses.join(", ");
    add("name", Step::Resolution, format!("{origin} is {address}"));
    add("connection", Step::Connection, address.clone());
    add("tunnel", Step::Tunnel, address);
    add("TLS", Step::Handshake, String::new());
    if let (Some(row), Some(certificate)) = (rows.iter_mut().find(|row| row.step == "TLS"), &report.certificate) {
        let text = describe(certificate);
        if row.state == State::Ok {
            row.detail = text;
        }
        let soon = SystemTime::now() + Duration::from_secs(DAYS * 24 * 60 * 60);
        if row.state == State::Ok && certificate.expires.is_some_and(|end| end < soon) {
            row.state = State::Warning;
            row.remedy = Some("renew the certificate of the device before it ends".to_owned());
        }
    }
    if matches!(failed, Some(Step::Request | Step::Wait | Step::Answer)) {
        let took = [Step::Request, Step::Wait, Step::Answer]
            .iter()
            .filter_map(|step| report.took(*step))
            .sum();
        rows.push(Row::new(
            "exchange",
            State::Failed,
            Some(took),
            report.failure.clone().unwrap_or_default(),
        ));
    }
    rows
}

fn describe(certificate: &http::PresentedCertificate) -> String {
    let mut text = String::new();
    if !certificate.names.is_empty() {
        let _ = write!(text, "for {}; ", certificate.names.join(", "));
    }
    match (&certificate.issuer, certificate.is_self_issued) {
        (_, true) => text.push_str("issued by itself; "),
        (Some(issuer), false) => drop(write!(text, "issued by {issuer}; ")),
        (None, false) => {}
    }
    if let Some(day) = &certificate.last_day {
        let _ = write!(text, "until {day}; ");
    }
    text + "ssl_fingerprint=" + &certificate.fingerprint
}

/// The difference of the clocks.
fn clock(report: &Report) -> Option<Row> {
    let (there, here) = report.clocks?;
    let (ahead, word) = match there.duration_since(here) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    // The header field has whole seconds.
    if ahead < Duration::from_secs(2) {
        return Some(Row::new(
            "clock",
            State::Ok,
            None,
            "the device and this machine agree".to_owned(),
        ));
    }
    let detail = format!("the device is {} s {word} this machine", ahead.as_secs());
    let state = if ahead < CLOCKS { State::Ok } else { State::Warning };
    let remedy = "synchronize the clocks of both: tokens, signatures and certificates depend on the time";
    let mut row = Row::new("clock", state, None, detail);
    row.remedy = (state == State::Warning).then(|| remedy.to_owned());
    Some(row)
}

impl Row {
    fn new(step: &'static str, state: State, took: Option<Duration>, detail: String) -> Self {
        Self {
            step,
            plug: None,
            state,
            milliseconds: took.map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0),
            detail,
            remedy: None,
        }
    }

    fn of(step: Step) -> Self {
        let took = Some(step.took);
        let mut row = match step.outcome {
            Outcome::Passed(fact) => Self::new(step.stage.word(), State::Ok, took, fact),
            Outcome::Skipped(reason) => Self::new(step.stage.word(), State::Skipped, None, reason.to_owned()),
            Outcome::Failed { reason, remedy } => Self {
                remedy: remedy.map(|remedy| remedy.into_owned()),
                ..Self::new(step.stage.word(), State::Failed, took, reason)
            },
        };
        row.plug = step.plug;
        row
    }

    /// Without secrets: the device and the plugin have chosen the texts.
    fn masked(self, log: &Log) -> Self {
        Self {
            plug: self.plug.map(|plug| log.masked(&plug)),
            detail: log.excerpt(&self.detail, DETAIL),
            remedy: self.remedy.map(|remedy| log.masked(&remedy)),
            ..self
        }
    }
}

/// Prints the rows in columns. A remedy is a line of its own below its row.
fn print(rows: &[Row], out: &mut dyn Write) -> std::io::Result<()> {
    for row in rows {
        let (state, meaning) = match row.state {
            State::Ok => ("ok", Meaning::Good),
            State::Warning => ("WARNING", Meaning::Doubtful),
            State::Failed => ("FAILED", Meaning::Bad),
            State::Skipped => ("skipped", Meaning::Plain),
        };
        let state = color::word(state, meaning, 8);
        let time = row.milliseconds.map(|time| format!("{time:.1} ms")).unwrap_or_default();
        let detail = match &row.plug {
            Some(plug) => format!("plug {plug}: {}", row.detail),
            None => row.detail.clone(),
        };
        writeln!(
            out,
            "{}",
            format!("{:<11} {state} {time:>11}  {detail}", row.step).trim_end()
        )?;
        if let Some(remedy) = &row.remedy {
            writeln!(out, "{:34}remedy: {remedy}", "")?;
        }
    }
    Ok(())
}
