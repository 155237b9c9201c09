//! No fault may end in a success while the machine is on: every single fault at every exchange of every device, and
//! some pairs of faults.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test code"
)]

mod support;

use fencebox_tests::matrix::{self, Options};

/// Minimum number of runs. Fewer would mean that something is left out.
const RUNS: usize = 4_000;

#[test]
fn no_fault_ends_in_a_false_success() {
    support::tree();
    let options = Options {
        seed: 1,
        pairs: 100,
        brief: true,
        // What the tests have time for does not grow with the number of devices.
        sample: Some(RUNS + RUNS / 10),
        ..Options::default()
    };
    let report = matrix::run(&matrix::devices(), &options).unwrap();
    println!("{report}");
    assert!(report.is_good(), "{report}");
    assert!(report.runs >= RUNS, "{report}");
}

/// A matrix that finds nothing might check nothing. This plugin must fail.
#[test]
fn a_plugin_that_reports_accepted_as_done_is_detected() {
    let some = Options {
        sample: Some(400),
        ..Options::default()
    };
    let report = matrix::run(&[matrix::credulous()], &some).unwrap();
    println!("{report}");
    assert!(!report.false_successes.is_empty(), "{report}");
    // The name of a run from the report is enough to repeat it.
    let line = report.false_successes.first().unwrap();
    let case = line.split('\'').nth(1).unwrap().to_owned();
    let options = Options {
        case: Some(case),
        ..Options::default()
    };
    let again = matrix::run(&[matrix::credulous()], &options).unwrap();
    assert_eq!((again.runs, again.false_successes.len()), (1, 1), "{again}");
}

/// The mutation "one read is enough": the same runs are correct with the real host and produce false successes with the
/// mutated host.
#[test]
fn a_host_that_accepts_one_read_as_proof_is_detected() {
    support::tree();
    for device in ["clc", "xenapi", "ovh", "relay"] {
        let options = Options {
            device: Some(device.to_owned()),
            case: Some("off/onoff/on/replicas-".to_owned()),
            share: Some(4),
            ..Options::default()
        };
        let real = matrix::run(&matrix::devices(), &options).unwrap();
        assert!(real.is_good() && real.runs > 0, "{real}");
        let mutated = matrix::run(&matrix::with_off_reads(matrix::devices(), 1), &options).unwrap();
        println!("{mutated}");
        assert!(!mutated.false_successes.is_empty(), "{mutated}");
    }
}

#[test]
fn the_same_seed_gives_the_same_runs() {
    let runs = |seed| {
        let options = Options {
            seed,
            pairs: 200,
            brief: true,
            list: true,
            ..Options::default()
        };
        matrix::run(&[matrix::credulous()], &options).unwrap().devices
    };
    let first = runs(7);
    assert_eq!(first, runs(7));
    assert_ne!(first, runs(8));
    assert!(first.iter().filter(|run| run.contains(" + ")).count() > 100);
}
