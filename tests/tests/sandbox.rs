//! Plugins that misbehave (`tests/fixtures`): each costs one action one clear
//! line, within the deadline, and never the host.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod support;

use std::path::Path;
use std::time::Duration;

use support::{Outcome, call};

/// Every fixture, and the words in which its end is told; none where it comes
/// to no bad end and has a test of its own below.
const ENDS: &[(&str, &[&str])] = &[
    ("fence_escape", &[]),
    ("fence_flood", &[]),
    ("fence_hoard", &["the plugin failed", "64 MiB of memory"]),
    (
        "fence_impostor",
        &["describes itself badly", "does not answer to fence_impostor"],
    ),
    (
        "fence_panic",
        &["the plugin failed", "panicked at", "the fixture gives up"],
    ),
    ("fence_recurse", &["the plugin failed", "recursed too deeply"]),
    ("fence_sleep", &[]),
    ("fence_spin", &["the plugin failed", "computed for 5 s"]),
    ("fence_spin_describe", &["describes itself badly", "computed for 5 s"]),
    ("fence_undeclared", &["did not declare", "elsewhere"]),
];

/// Fixtures that their own tests run: in `xmlrpc_bombs.rs`, calls; in
/// `conformance.rs`, the recorded devices; in `dummy.rs`, what files may be
/// touched; and in `matrix.rs`, who is believed too easily.
const ELSEWHERE: &[&str] = &["fence_calls", "fence_credulous", "fence_probe", "fence_trespass"];

fn options(action: &str) -> String {
    let quick = "power_timeout=1\nlogin_timeout=1\nshell_timeout=1\nstonith_status_sleep=0\nretry_on=0\n";
    format!("action={action}\nplug=1\n{quick}")
}

fn end(name: &str, action: &str) -> Outcome {
    call(name, &options(action))
}

#[test]
fn every_fixture_is_named_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/examples");
    let mut fixtures: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    fixtures.sort();
    let mut named: Vec<_> = ENDS
        .iter()
        .map(|(name, _)| *name)
        .chain(ELSEWHERE.iter().copied())
        .collect();
    named.sort_unstable();
    assert_eq!(fixtures, named, "each fixture needs a test and a row in ENDS");
}

#[test]
fn each_ends_in_one_clear_line() {
    std::thread::scope(|scope| {
        for (name, words) in ENDS.iter().filter(|(_, words)| !words.is_empty()) {
            for action in ["status", "off", "reboot"] {
                scope.spawn(move || {
                    let outcome = end(name, action);
                    outcome.assert_refused(words);
                    assert!(outcome.took < Duration::from_secs(60), "{outcome:?}");
                });
            }
        }
    });
}

/// A guest sleeps on the host's clock, and no longer than the action lasts.
#[test]
fn a_plugin_that_sleeps_is_woken_by_the_deadline() {
    for action in ["status", "off", "reboot"] {
        let outcome = support::call_virtually("fence_sleep", &options(action));
        outcome.assert_refused(&["ran out of time"]);
        assert!(outcome.took < Duration::from_secs(60), "{outcome:?}");
    }
}

/// WASI is linked, because standard libraries import it, and leads nowhere.
#[test]
fn the_standard_library_reaches_nothing() {
    end("fence_escape", "status").assert_done("Status: ON\n");
}

#[test]
fn a_flood_of_log_lines_is_dammed_and_forges_none() {
    let outcome = end("fence_flood", "status");
    outcome.assert_done("Status: ON\n");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    assert!(lines.len() <= 1_001, "{} lines", lines.len());
    assert!(lines.iter().all(|line| line.contains("fence_flood: ")), "a forged line");
    assert!(!outcome.stderr.contains('\u{1b}'), "a control character");
    assert!(
        lines.last().unwrap().contains("the rest is dropped"),
        "{:?}",
        lines.last()
    );
}
