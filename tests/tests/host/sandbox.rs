//! Malicious plugins, files and devices (`tests/fixtures`): each can only make one action fail with one clear line,
//! within the deadline and with little memory, and never the host. `support::run` checks memory and secrets of every
//! run.
//!
//! `cargo xtask test --test sandbox -- --nocapture` prints the outcome of each case.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod answers;
mod compiled;
mod descriptions;
mod dns;
mod files;
mod limits;
mod named;
mod network;
mod output;
mod raw;
mod raw_module;
pub mod server;
use crate::support;
mod sockets;
mod tree;
mod written;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use support::Outcome;

/// Fixtures that other test programs run: in `named.rs`, a cloud; in `xmlrpc_bombs.rs`, calls; in `install`, one plugin and its upgrades; in
/// `matrix`, one that trusts its device too much; in `dns.rs`, a pair of names; in `secrets`, masked texts; in
/// `bad_streams`, more lines than a pipe holds; in `check_options`, a check of its own; in `conformance.rs`, the recorded devices; in `dummy.rs`, access to
/// files; and in `proof`, one with its own connection.
const ELSEWHERE: &[&str] = &[
    "fence_calls",
    "fence_choosy",
    "fence_cloud",
    "fence_credulous",
    "fence_echo",
    "fence_encodings",
    "fence_exposed",
    "fence_line",
    "fence_long_lines",
    "fence_narrow",
    "fence_pair",
    "fence_placed",
    "fence_probe",
    "fence_settled",
    "fence_silent",
    "fence_trespass",
    "fence_unproven",
    "fence_wide",
];

/// With these options the host allows 40 s for an action, and then 5 s for the logout.
const QUICK: &str = "plug=1\npower_timeout=1\nlogin_timeout=1\nshell_timeout=1\nstonith_status_sleep=0\nretry_on=0\n";
const DEADLINE: Duration = Duration::from_secs(45);

/// Every action whose false result could look like a fenced machine.
const ACTIONS: &[&str] = &["status", "off", "reboot"];

/// One kind of misbehavior, and the expected words of the message.
struct End {
    agent: &'static str,
    /// Lines on standard input, each with its line end.
    lines: &'static str,
    actions: &'static [&'static str],
    words: &'static [&'static str],
}

const fn end(agent: &'static str, words: &'static [&'static str]) -> End {
    End {
        agent,
        lines: "",
        actions: ACTIONS,
        words,
    }
}

const fn end_with(agent: &'static str, lines: &'static str, words: &'static [&'static str]) -> End {
    End {
        agent,
        lines,
        actions: ACTIONS,
        words,
    }
}

impl End {
    const fn at(self, actions: &'static [&'static str]) -> Self {
        Self { actions, ..self }
    }
}

/// The input of an agent.
fn options(action: &str, lines: &str) -> String {
    format!("action={action}\n{QUICK}{lines}")
}

/// Prints the outcome of one case.
fn show(what: &str, outcome: &Outcome) {
    let line: String = outcome
        .stderr
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(240)
        .collect();
    let (seconds, peak) = (outcome.took.as_secs_f32(), outcome.peak / 1024);
    println!(
        "{what} | exit {:?} | {seconds:.1} s | {peak} MiB | {line}",
        outcome.exit
    );
}

/// Asserts that one action failed with one line that names the agent, within the deadline.
#[track_caller]
fn assert_contained(agent: &str, what: &str, outcome: &Outcome, words: &[&str]) {
    show(what, outcome);
    outcome.assert_refused(&[]);
    for word in words {
        // One of several texts, if the result depends on timing.
        let told = word.split('|').any(|word| outcome.stderr.contains(word));
        assert!(told, "{what}: no {word:?} in {outcome:?}");
    }
    assert!(outcome.stderr.contains(&format!("{agent}: ")), "{what}: {outcome:?}");
    // 4 KiB of text, in which each character may need an escape sequence.
    assert!(
        outcome.stderr.len() < 25 * 1024,
        "{what}: {} bytes",
        outcome.stderr.len()
    );
    assert!(outcome.took < DEADLINE, "{what}: {outcome:?}");
    assert_printable(what, &outcome.stderr);
}

/// Asserts that no character moves the cursor or changes the direction of text.
#[track_caller]
fn assert_printable(what: &str, text: &str) {
    let harmful = |character: &char| {
        (character.is_control() && *character != '\n') || ('\u{2028}'..='\u{202e}').contains(character)
    };
    assert_eq!(text.chars().find(harmful), None, "{what}: {text:?}");
}

/// Runs every row with every action, some in parallel.
fn play(ends: &[End]) {
    std::thread::scope(|scope| {
        for chunk in ends.chunks(ends.len().div_ceil(4)) {
            scope.spawn(move || {
                for End {
                    agent,
                    lines,
                    actions,
                    words,
                } in chunk
                {
                    for action in *actions {
                        let outcome = support::call(agent, &options(action, lines));
                        let what = format!("{agent} {} {action}", lines.trim_end());
                        assert_contained(agent, &what, &outcome, words);
                    }
                }
            });
        }
    });
}

/// The names of the files in a folder of fixtures.
fn fixtures(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_fixture_has_a_test() {
    let tested = [
        limits::FIXTURES,
        output::FIXTURES,
        descriptions::FIXTURES,
        network::FIXTURES,
        sockets::FIXTURES,
        ELSEWHERE,
    ];
    let tested: BTreeSet<_> = tested.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(
        fixtures("examples"),
        tested,
        "each fixture needs a test, and a place in the FIXTURES of its file"
    );
}

/// Each named fixture is really run: it has a row or a test.
#[test]
fn every_fixture_is_run() {
    let sources = ["limits.rs", "output.rs", "descriptions.rs", "network.rs", "sockets.rs"].map(|file| {
        std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/host/sandbox")
                .join(file),
        )
        .unwrap()
    });
    for name in fixtures("examples")
        .iter()
        .filter(|name| !ELSEWHERE.contains(&name.as_str()))
    {
        let named = sources
            .iter()
            .map(|source| source.matches(&format!("\"{name}\"")).count());
        assert!(named.sum::<usize>() >= 2, "{name} is listed and never run");
    }
}
