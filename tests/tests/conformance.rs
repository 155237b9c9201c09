//! The cases that were recorded from the Python agents.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "test code")]

use fencebox_tests::conformance;

/// How many of our own cases may differ on purpose.
const DELIBERATE: usize = 25;

#[test]
fn shared_cases() {
    let report = conformance::run(&[conformance::own_folder()]).unwrap();
    println!("{report}");
    assert_eq!(report.failed(), 0, "{report}");
    assert!(report.deliberate() <= DELIBERATE, "{report}");
}

#[test]
fn further_cases() {
    let Some(folder) = conformance::further_folder() else {
        return;
    };
    let report = conformance::run(&[folder]).unwrap();
    println!("{report}");
    assert_eq!(report.failed(), 0, "{report}");
}
