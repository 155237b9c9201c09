//! The cases that were recorded from the Python agents.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "test code")]

use fencebox_tests::conformance;

/// Number of our own cases that may differ on purpose.
const DELIBERATE: usize = 26;

/// Minimum number of our own cases that the plugin plays.
const PLAYED: usize = 83;

#[test]
fn shared_cases_pass() {
    let report = conformance::run(&[conformance::own_folder()]).unwrap();
    println!("{report}");
    assert_eq!(report.failed(), 0, "{report}");
    assert!(report.deliberate() <= DELIBERATE, "{report}");
}

#[test]
fn further_cases_pass() {
    let Some(folder) = conformance::further_folder() else {
        return;
    };
    let report = conformance::run(&[folder]).unwrap();
    println!("{report}");
    assert_eq!(report.failed(), 0, "{report}");
}

/// The engine gives the same results if the device is behind a real plugin in a real process.
#[test]
fn scripted_devices_pass_as_plugins() {
    let ways = conformance::run_with_plugin(&[conformance::own_folder()]).unwrap();
    println!("{ways}");
    assert!(ways.disagreements.is_empty(), "{ways}");
    assert!(ways.agreed >= PLAYED, "{ways}");
    if let Some(folder) = conformance::further_folder() {
        let ways = conformance::run_with_plugin(&[folder]).unwrap();
        println!("{ways}");
        assert!(ways.disagreements.is_empty(), "{ways}");
    }
}

/// A runner that accepts every difference proves nothing.
#[test]
fn an_unexplained_difference_fails() {
    let folder = tempfile::tempdir().unwrap();
    let cases = std::fs::read_to_string(conformance::own_folder().join("device.jsonl")).unwrap();
    let mut wrong = String::new();
    let mut number = 0;
    for line in cases.lines() {
        let mut case: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(calls) = case["calls"].as_array_mut() else {
            continue;
        };
        calls.push("get plug=9 action=status".into());
        number += 1;
        wrong.push_str(&format!("{case}\n"));
        case["exit"] = 7.into();
        number += 1;
        wrong.push_str(&format!("{case}\n"));
    }
    std::fs::write(folder.path().join("wrong.jsonl"), wrong).unwrap();
    let report = conformance::run(&[folder.path().to_owned()]).unwrap();
    assert_eq!(report.passed(), 0, "{report}");
    assert!(report.deliberate() <= number / 10, "{report}");
}
