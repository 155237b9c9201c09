//! `fencebox check` without an agent: tests the protections of this machine against a plugin, and what agents need.
//!
//! The command confines itself, as an agent does before it contacts a device, and then tries forbidden operations. A
//! failure proves something only if the same operation succeeded before the confinement.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::bail;
use serde::Serialize;

use super::super::color::{self, Meaning};
use super::super::json;
use super::attempts::{Attempt, Attempts, Verdict};
use crate::agent::log::Syslog;
use crate::confinement::{self, InForce};
use crate::plugin::{fault, installed};
use crate::policy;

/// One line of the report.
#[derive(Serialize)]
struct Row {
    what: &'static str,
    state: State,
    detail: String,
}

/// The state of a protection.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    InForce,
    /// The system reports that it is in force, but no test was possible.
    Untried,
    /// This system does not support it; agents continue without it.
    Missing,
    /// The system reports that it is in force, but a test failed; or agents cannot do their work.
    Broken,
}

/// Prints the report. A missing protection is not an error, because agents work without it.
pub(super) fn run(json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    // While files can still be read.
    let surroundings = [("syslog", syslog()), ("policy", policy_state()), ("plugins", plugins())];
    let rows = protections();
    if json {
        let document = Document {
            protections: &rows,
            surroundings: surroundings
                .iter()
                .map(|(what, detail)| (*what, detail.as_str()))
                .collect(),
        };
        json::print("check", &document, out)?;
    } else {
        for row in &rows {
            let state = color::word(row.state.word(), row.state.meaning(), 9);
            writeln!(out, "{:<16} {state} {}", row.what, row.detail)?;
        }
        writeln!(out)?;
        for (what, detail) in surroundings {
            writeln!(out, "{what:<16} {detail}")?;
        }
    }
    let broken = rows.iter().filter(|row| row.state == State::Broken);
    let broken: Vec<_> = broken.map(|row| row.what).collect();
    if broken.is_empty() {
        Ok(())
    } else {
        bail!(
            "check: broken: {}; report it with the output of uname -a",
            broken.join(", ")
        )
    }
}

/// The report as JSON.
#[derive(Serialize)]
struct Document<'r> {
    protections: &'r [Row],
    surroundings: BTreeMap<&'static str, &'r str>,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Untried => "untested",
            Self::Missing => "MISSING",
            Self::Broken => "BROKEN",
        }
    }

    fn meaning(self) -> Meaning {
        match self {
            Self::InForce => Meaning::Good,
            Self::Untried => Meaning::Plain,
            Self::Missing => Meaning::Doubtful,
            Self::Broken => Meaning::Bad,
        }
    }
}

/// Confines this process, and tests the protections.
fn protections() -> Vec<Row> {
    let forbidden = confinement::forbid_core_dumps();
    let mut attempts = Attempts::prepare();
    let InForce { ruled, filtered } = confinement::confine(&attempts.needs());
    attempts.repeat();
    let landlock = |has: bool, since: i32| match &ruled {
        Ok(ruled) if has => Mechanism::InForce(format!("Landlock {}", ruled.abi)),
        Ok(ruled) => Mechanism::Missing(format!(
            "this kernel has Landlock version {}; version {since} is needed",
            ruled.abi
        )),
        Err(reason) => Mechanism::Missing(reason.to_string()),
    };
    let ports = ruled.as_ref().is_ok_and(|ruled| ruled.ports);
    let scopes = ruled.as_ref().is_ok_and(|ruled| ruled.scopes);
    let filter = match &filtered {
        Ok(number) => Mechanism::InForce(format!("seccomp, {number} system calls allowed")),
        Err(reason) => Mechanism::Missing(reason.to_string()),
    };
    // Each of the two is sufficient for these.
    let signals = filter.clone().or_else(|| landlock(scopes, 6));
    let programs = filter.clone().or_else(|| landlock(true, 1));
    let core = match (confinement::core_dumps_forbidden(), forbidden) {
        (true, _) => (
            State::InForce,
            "disabled; other processes of the same user cannot read an agent's memory".to_owned(),
        ),
        (false, Err(cause)) => (State::Missing, cause.to_string()),
        (false, Ok(())) => (State::Broken, "still possible".to_owned()),
    };
    let privileges = match attempts.no_new_privileges() {
        Some(true) => (State::InForce, "cannot be gained (no_new_privs)".to_owned()),
        Some(false) => (State::Broken, "can still be gained".to_owned()),
        None => (State::Missing, "/proc does not report it".to_owned()),
    };
    let plain = |what, (state, detail)| Row { what, state, detail };
    vec![
        plain("core dumps", core),
        plain("privileges", privileges),
        row("files", landlock(true, 1), &attempts.files),
        row("TCP ports", landlock(ports, 4), &attempts.ports),
        row("local sockets", landlock(scopes, 6), &attempts.sockets),
        row("signals", signals, &attempts.signals),
        row("programs", programs, &attempts.programs),
        row("system calls", filter, &attempts.calls),
    ]
}

/// What has to deny the attempts.
#[derive(Clone)]
enum Mechanism {
    /// It is in force: its name and version.
    InForce(String),
    /// It is missing, for this reason.
    Missing(String),
}

impl Mechanism {
    fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::InForce(_) => self,
            Self::Missing(_) => other(),
        }
    }
}

fn row(what: &'static str, by: Mechanism, attempts: &[Attempt]) -> Row {
    let of = |wanted: Verdict| -> Vec<_> {
        let those = attempts.iter().filter(|attempt| attempt.verdict() == wanted);
        those.map(|attempt| attempt.what.as_str()).collect()
    };
    let (wrong, right, untried) = (of(Verdict::Wrong), of(Verdict::Right), of(Verdict::Untried));
    let (state, mut detail) = match by {
        Mechanism::Missing(reason) => (State::Missing, reason),
        Mechanism::InForce(by) if !wrong.is_empty() => (
            State::Broken,
            format!("{by}, but these are not true: {}", wrong.join(", ")),
        ),
        Mechanism::InForce(by) if right.is_empty() => (State::Untried, by),
        Mechanism::InForce(by) => (State::InForce, format!("{by}: {}", right.join(", "))),
    };
    if !untried.is_empty() {
        detail.push_str(&format!("; not tested: {}", untried.join(", ")));
    }
    Row { what, state, detail }
}

fn syslog() -> String {
    let socket = Syslog::SOCKET;
    match Syslog::connect(Path::new(socket), "fencebox") {
        None => format!("no process listens at {socket}; agents log only to standard error and the debug file"),
        Some(_) => match std::fs::canonicalize(socket) {
            Ok(path) if path != Path::new(socket) => format!("reached at {socket} ({})", path.display()),
            _ => format!("reached at {socket}"),
        },
    }
}

fn policy_state() -> String {
    let places = policy::file_paths();
    let read = places.and_then(|places| {
        let existing = policy::existing(&places)?;
        let real = existing.iter().filter_map(|path| path.canonicalize().ok());
        let mut real: Vec<_> = real.map(|path| path.display().to_string()).collect();
        real.dedup();
        policy::read(&places).map(|_| (real, places))
    });
    match read {
        Ok((real, places)) if real.is_empty() => policy::none_at(&places),
        Ok((real, _)) => format!("valid: {}", real.join(" and ")),
        Err(rule) => format!("BROKEN, so every action of every agent fails: {rule}"),
    }
}

fn plugins() -> String {
    let plugins = installed();
    let examined = plugins.iter().map(|(name, path)| {
        // As in an agent: the compiled form is beside the file behind the link.
        let path = path.canonicalize().map_err(|cause| cause.to_string());
        let fault = path.and_then(|path| fault(&path).map_err(|cause| cause.to_string()));
        match fault {
            Ok(None) => Ok(()),
            Ok(Some(fault)) => Err(format!("{name}: {fault}")),
            Err(cause) => Err(format!("{name}: {cause}")),
        }
    });
    let distrusted: Vec<_> = examined.filter_map(Result::err).collect();
    let trusted = plugins.len() - distrusted.len();
    let mut line = format!("{} agents, {trusted} with a trusted compiled form", plugins.len());
    if let Some(first) = distrusted.first() {
        line.push_str(&format!(
            "; compiled at each start, until you run `fencebox compile`: {first}"
        ));
        if distrusted.len() > 1 {
            line.push_str(&format!(" and {} more", distrusted.len() - 1));
        }
    }
    line
}
