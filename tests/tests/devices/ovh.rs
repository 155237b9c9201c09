//! fence_ovh with the real host and plugin against the simulated service: normal operation of a cluster, its behavior
//! after errors, and outcomes that must never occur.
//!
//! An action on a dedicated server takes minutes, so most calls are on virtual time. The functions with `really` in
//! their name run the real program.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod cloud;
mod dedicated;
mod login;
mod oauth2;
mod partial;
mod rights;
mod soap;
use crate::support;
mod failures;
mod telling;
mod vps;

use fencebox_sim::fault::Plan;
use fencebox_sim::machine::Power;
use fencebox_sim::ovh::{Settings, plan};
use fencebox_sim::server::{Config, Simulator};
use support::{Outcome, call, call_virtually};

/// The agent.
const AGENT: &str = "fence_ovh";
/// Has a `power` entry (95083), two rescue systems, and its disk (1), from which it runs.
const SERVER: &str = "ns1234567.ip-192-0-2.eu";
/// Has no `power` entry.
const NO_POWER: &str = "ns3000001.ip-198-51-100.eu";
/// The keys that the simulator accepts.
const KEYS: &str = "application_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
                    consumer_key=simCK0123456789abcdef\n";

/// The service with these settings.
fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

/// The service with these faults.
fn broken(faults: &[&str]) -> Simulator {
    broken_with(Settings::default(), faults)
}

fn broken_with(settings: Settings, faults: &[&str]) -> Simulator {
    let faults: Vec<Plan> = faults.iter().map(|text| plan(text).unwrap()).collect();
    Simulator::start(Config {
        faults,
        ..settings.config()
    })
    .unwrap()
}

/// Calls the agent with the keys, on virtual time.
fn fence(service: &Simulator, lines: &str) -> Outcome {
    fence_with(service, KEYS, lines)
}

/// Calls the agent with another login, on virtual time.
fn fence_with(service: &Simulator, login: &str, lines: &str) -> Outcome {
    call_virtually(AGENT, &format!("{login}api_url={}/1.0\n{lines}", service.url()))
}

/// Runs the real program, with options that keep its sleeps short.
fn fence_really(service: &Simulator, lines: &str) -> Outcome {
    call(
        AGENT,
        &format!("{KEYS}api_url={}/1.0\nstonith_status_sleep=0\n{lines}", service.url()),
    )
}

/// The lines of an action on a plug.
fn action(action: &str, plug: &str) -> String {
    format!("action={action}\nplug={plug}\n")
}

/// The number of requests with this method whose path ends with this text.
fn requests(service: &Simulator, method: &str, end: &str) -> usize {
    let requests = service.requests();
    let fit = requests.iter().filter(|request| request.method == method);
    fit.filter(|request| request.path().ends_with(end)).count()
}

/// The bodies of all PUT requests.
fn written(service: &Simulator) -> Vec<String> {
    let requests = service.requests();
    let puts = requests.iter().filter(|request| request.method == "PUT");
    puts.map(|request| request.body.clone()).collect()
}

/// A power state with a name.
fn state(word: &str) -> Power {
    Power::Other(word.to_owned())
}

/// One step of a story: the action, its exit code, its output, and the true power afterwards.
type Step<'a> = (&'a str, i32, &'a str, Power);

/// Plays a story on one plug.
#[track_caller]
fn play(service: &Simulator, plug: &str, more: &str, machine: &str, story: &[Step<'_>]) {
    for (word, exit, stdout, truth) in story {
        let outcome = fence(service, &(action(word, plug) + more));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(*exit), *stdout),
            "{word}: {outcome:?}"
        );
        assert_eq!(outcome.stderr, "", "{word}");
        assert_eq!(service.power(machine).as_ref(), Some(truth), "{word}");
    }
}
