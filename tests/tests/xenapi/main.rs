//! The real program, the real plugin, a simulated pool: what a cluster does
//! with `fence_xenapi`, and what it must never come to.

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
mod sessions;
#[path = "../support/mod.rs"]
mod support;
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

/// With faults from the beginning.
fn faulty(settings: Settings, faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| xenapi::plan(fault).unwrap()).collect();
    Simulator::start(Config {
        faults,
        ..settings.config()
    })
    .unwrap()
}

/// What a cluster sends, `lines` before the rest: of an option that is given
/// twice, the last counts.
fn input(urls: &str, lines: &str) -> String {
    format!("session_url={urls}\n{LOGIN}{lines}")
}

/// The real program, as a cluster calls it.
fn fence(pool: &Simulator, lines: &str) -> Outcome {
    fence_at(pool, &pool.url(), lines)
}

fn fence_at(pool: &Simulator, urls: &str, lines: &str) -> Outcome {
    let outcome = call(AGENT, &input(urls, lines));
    assert_clean(pool, &outcome);
    outcome
}

/// The real host and plugin on virtual time, where the host waits before it
/// tries again.
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

/// Whatever came of it, no session is left open and no secret was told.
#[track_caller]
fn assert_clean(pool: &Simulator, outcome: &Outcome) {
    assert_eq!(pool.sessions().open, 0, "a session was left open: {outcome:?}");
    for secret in [PASSWORD, "OpaqueRef"] {
        let told = outcome.stdout.contains(secret) || outcome.stderr.contains(secret);
        assert!(!told, "{secret} was told: {outcome:?}");
    }
}

/// The methods that were called, in order, each with the member it was called
/// at.
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

/// What was done to a VM.
fn operations(pool: &Simulator, uuid: &str) -> Vec<String> {
    pool.machine(uuid).unwrap().operations().to_vec()
}
