//! `fencebox check`: what protects this machine from a plugin, tried out, and
//! what agents need of it.
//!
//! The command confines itself as an agent does before it contacts a device,
//! and then tries what nobody may. That something is refused counts only where
//! the same was possible before.

use std::io::Write;
use std::path::Path;

use anyhow::bail;

use crate::agent::log::Syslog;
use crate::confinement::{self, InForce};
use crate::plugin::{fault, installed};
use crate::policy;
use attempts::{Attempt, Attempts, Verdict};

mod attempts;

/// Where the administrator's rules are.
const POLICY: &str = "/etc/fencebox/policy.toml";

/// One line of the report.
struct Row {
    what: &'static str,
    state: State,
    detail: String,
}

/// What became of a protection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    InForce,
    /// The system says that it is in force, and nothing of it could be tried.
    Untried,
    /// This system does not have it; agents go on without.
    Missing,
    /// The system says that it is in force, and it is not; or agents cannot do
    /// what they have to.
    Broken,
}

/// Exit 0 also where something is missing: no agent fails for that.
pub(super) fn run(out: &mut dyn Write) -> anyhow::Result<()> {
    // While files can still be read.
    let surroundings = [
        format!("{:<16} {}", "syslog", syslog()),
        format!("{:<16} {}", "policy", policy_state()),
        format!("{:<16} {}", "plugins", plugins()),
    ];
    let rows = protections();
    for row in &rows {
        let state = match row.state {
            State::InForce => "in force",
            State::Untried => "untried",
            State::Missing => "MISSING",
            State::Broken => "BROKEN",
        };
        writeln!(out, "{:<16} {state:<9} {}", row.what, row.detail)?;
    }
    writeln!(out)?;
    for line in surroundings {
        writeln!(out, "{line}")?;
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

/// Confines this process, and tries.
fn protections() -> Vec<Row> {
    let forbidden = confinement::forbid_core_dumps();
    let mut attempts = Attempts::prepare();
    let InForce { ruled, filtered } = confinement::confine(&attempts.needs());
    attempts.repeat();
    let landlock = |has: bool, since: i32| match &ruled {
        Ok(ruled) if has => Ok(format!("Landlock {}", ruled.abi)),
        Ok(ruled) => Err(format!("Landlock {} of this kernel is too old; {since} can", ruled.abi)),
        Err(reason) => Err(reason.clone()),
    };
    let ports = ruled.as_ref().is_ok_and(|ruled| ruled.ports);
    let scopes = ruled.as_ref().is_ok_and(|ruled| ruled.scopes);
    let filter = match &filtered {
        Ok(number) => Ok(format!("seccomp, {number} calls are left")),
        Err(reason) => Err(reason.clone()),
    };
    // Either of the two is enough for these.
    let signals = filter.clone().or_else(|_| landlock(scopes, 6));
    let programs = filter.clone().or_else(|_| landlock(true, 1));
    let core = match (confinement::core_dumps_forbidden(), forbidden) {
        (true, _) => (
            State::InForce,
            "none, and nobody of the same user reads an agent's memory".to_owned(),
        ),
        (false, Err(cause)) => (State::Missing, cause.to_string()),
        (false, Ok(())) => (State::Broken, "they are possible".to_owned()),
    };
    let privileges = match attempts.no_new_privileges() {
        Some(true) => (State::InForce, "none can be gained (no_new_privs)".to_owned()),
        Some(false) => (State::Broken, "they can be gained".to_owned()),
        None => (State::Missing, "/proc does not tell".to_owned()),
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
        row("kernel calls", filter, &attempts.calls),
    ]
}

/// `by` is what ought to refuse, or why nothing does.
fn row(what: &'static str, by: Result<String, String>, attempts: &[Attempt]) -> Row {
    let of = |wanted: Verdict| -> Vec<_> {
        let those = attempts.iter().filter(|attempt| attempt.verdict() == wanted);
        those.map(|attempt| attempt.what.as_str()).collect()
    };
    let (wrong, right, untried) = (of(Verdict::Wrong), of(Verdict::Right), of(Verdict::Untried));
    let (state, mut detail) = match by {
        Err(reason) => (State::Missing, reason),
        Ok(by) if !wrong.is_empty() => (State::Broken, format!("{by}, but not so: {}", wrong.join(", "))),
        Ok(by) if right.is_empty() => (State::Untried, by),
        Ok(by) => (State::InForce, format!("{by}: {}", right.join(", "))),
    };
    if !untried.is_empty() {
        detail.push_str(&format!("; could not be tried: {}", untried.join(", ")));
    }
    Row { what, state, detail }
}

fn syslog() -> String {
    let socket = Syslog::SOCKET;
    match Syslog::connect(Path::new(socket), "fencebox") {
        None => format!("nobody listens at {socket}; agents log to standard error and the debug file alone"),
        Some(_) => match std::fs::canonicalize(socket) {
            Ok(path) if path != Path::new(socket) => format!("reached at {socket} ({})", path.display()),
            _ => format!("reached at {socket}"),
        },
    }
}

fn policy_state() -> String {
    let places = policy::places();
    let read = places.and_then(|places| {
        let existing = policy::existing(&places)?;
        let real = existing.iter().filter_map(|path| path.canonicalize().ok());
        let mut real: Vec<_> = real.map(|path| path.display().to_string()).collect();
        real.dedup();
        policy::read(&places).map(|_| real)
    });
    match read {
        Ok(real) if real.is_empty() => format!("there is no {POLICY}"),
        Ok(real) => format!("there is {}", real.join(" and ")),
        Err(rule) => format!("BROKEN, so every action of every agent fails: {rule}"),
    }
}

fn plugins() -> String {
    let plugins = installed();
    let examined = plugins.iter().map(|(name, path)| {
        // As an agent does: the compiled form lies beside the file itself.
        let path = path.canonicalize().map_err(|cause| cause.to_string());
        path.and_then(|path| fault(&path).map_err(|cause| cause.to_string())?.map_or(Ok(()), Err))
            .map_err(|reason| format!("{name}: {reason}"))
    });
    let distrusted: Vec<_> = examined.filter_map(Result::err).collect();
    let trusted = plugins.len() - distrusted.len();
    let mut line = format!(
        "{} agents, {trusted} with a compiled form that is trusted",
        plugins.len()
    );
    if let Some(first) = distrusted.first() {
        line.push_str(&format!(
            "; compiled at each start, which `fencebox compile` mends: {first}"
        ));
        if distrusted.len() > 1 {
            line.push_str(&format!(" and {} more", distrusted.len() - 1));
        }
    }
    line
}
