//! The real program and the real plugin with a simulated pool: the actions of a cluster with `fence_xenapi`, and
//! outcomes that must never occur.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod actions;
mod dead_host;
mod masters;
mod moves;
mod names;
mod odd_records;
mod sessions;
use crate::support;
mod tls;

use fencebox_sim::xenapi::{self, Settings};
use fencebox_sim::{Config, Simulator};
use support::{Outcome, call, call_with};

const AGENT: &str = "fence_xenapi";
const PASSWORD: &str = "s3cret";
const LOGIN: &str = "login=root\npasswd=s3cret\nstonith_status_sleep=0\n";

fn pool() -> Simulator {
    start(Settings::default())
}

fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// A pool with faults from the start.
fn faulty(settings: Settings, faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| xenapi::plan(fault).unwrap()).collect();
    Simulator::start(Config {
        faults,
        ..settings.config()
    })
    .unwrap()
}

/// The input of a cluster, with `lines` before the rest. If an option occurs twice, the last one counts.
fn input(urls: &str, lines: &str) -> String {
    format!("session_url={urls}\n{LOGIN}{lines}")
}

/// Calls the real program as a cluster does.
fn fence(pool: &Simulator, lines: &str) -> Outcome {
    fence_at(pool, &pool.url(), lines)
}

fn fence_at(pool: &Simulator, urls: &str, lines: &str) -> Outcome {
    let outcome = call(AGENT, &input(urls, lines));
    assert_clean(pool, &outcome);
    outcome
}

/// Calls the real host and plugin on virtual time, for cases in which the host waits before it retries.
fn fence_virtually(pool: &Simulator, urls: &str, lines: &str) -> Outcome {
    let outcome = support::call_virtually(AGENT, &input(urls, lines));
    assert_clean(pool, &outcome);
    outcome
}

fn fence_by_arguments(pool: &Simulator, arguments: &[&str]) -> Outcome {
    let url = format!("--session-url={}", pool.url());
    let login = ["-l", "root", "-p", PASSWORD, "--stonith-status-sleep=0", &url];
    let outcome = call_with(AGENT, &[&login, arguments].concat());
    assert_clean(pool, &outcome);
    outcome
}

/// Asserts that no session is left open and no secret was printed, whatever the outcome.
#[track_caller]
fn assert_clean(pool: &Simulator, outcome: &Outcome) {
    assert_eq!(pool.sessions().open, 0, "a session was left open: {outcome:?}");
    let told = |secret: &str| outcome.stdout.contains(secret) || outcome.stderr.contains(secret);
    assert!(!told(PASSWORD), "the password was printed: {outcome:?}");
    for session in logins(pool) {
        assert!(!told(&session), "{session} was printed: {outcome:?}");
    }
    // References of machines are not secret, but only bodies have them (verbose level 2).
    let is_body = |line: &&str| line.contains(": sent: ") || line.contains(": received: ");
    let mut lines = outcome.stderr.lines().filter(|line| !is_body(line));
    assert!(
        !lines.any(|line| line.contains("OpaqueRef")),
        "a reference was printed: {outcome:?}"
    );
    assert!(
        !outcome.stdout.contains("OpaqueRef"),
        "a reference was printed: {outcome:?}"
    );
}

/// The sessions that requests had: the first parameter of each method but the login.
fn logins(pool: &Simulator) -> Vec<String> {
    let session = |body: &str| {
        let rest = body.split_once("<params>")?.1.split_once("<string>")?.1;
        let session = rest.split_once('<')?.0;
        session.starts_with("OpaqueRef:").then(|| session.to_owned())
    };
    let requests = pool.requests();
    requests.iter().filter_map(|request| session(&request.body)).collect()
}

/// The methods that were called, in order, each with the address of the member.
fn calls(pool: &Simulator) -> Vec<(String, String)> {
    let method = |body: &str| {
        let rest = body.split_once("<methodName>").unwrap().1;
        rest.split_once("</methodName>").unwrap().0.to_owned()
    };
    let requests = pool.requests().into_iter();
    requests.map(|request| (method(&request.body), request.at)).collect()
}

/// The members at which a method was called, in order.
fn places(pool: &Simulator, method: &str) -> Vec<String> {
    let calls = calls(pool).into_iter();
    calls.filter(|(own, _)| own == method).map(|(_, at)| at).collect()
}

/// The operations on a VM.
fn operations(pool: &Simulator, uuid: &str) -> Vec<String> {
    pool.machine(uuid).unwrap().operations().to_vec()
}
