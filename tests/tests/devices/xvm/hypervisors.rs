//! Several hypervisors in one group that contradict each other, are late, or do not answer, and callers without the
//! key. All single faults of two hypervisors are in the matrix (`xvm-group`), on virtual time.

use std::time::{Duration, Instant};

use fencebox_sim::machine::Power;

use crate::support::{Outcome, in_parallel, isolated};
use crate::xvm::lab::{Lab, UUID, available};

const FIRST: &str = "127.0.0.2";
const SECOND: &str = "127.0.0.3";
/// A fault plan that never applies.
const NO_FAULT: &str = "on*0=drop";

/// The first hypervisor runs the machine. The second has the machine shut off, as after a migration.
fn leftover(first: &str, second: &str) -> Lab {
    let (runs, left) = (format!("{UUID}01=on,name=vm"), format!("{UUID}01=off,name=vm"));
    Lab::simulated(&[
        "--machine",
        &runs,
        "--source",
        FIRST,
        "--fault",
        first,
        "--second-machine",
        &left,
        "--second-source",
        SECOND,
        "--second-fault",
        second,
    ])
}

fn fence(lab: &Lab, action: &str, further: &[&str]) -> Outcome {
    let key = lab.key().display().to_string();
    let arguments = ["-o", action, "-n", "vm", "-k", &key, "-t", "6", "--power-timeout", "6"];
    lab.ours("fence_xvm", &[&arguments[..], further].concat())
}

fn is_off_at_the_first(lab: &mut Lab) -> bool {
    lab.running("vm") == 0
}

#[test]
fn off_reaches_a_late_hypervisor() {
    if !available() {
        return;
    }
    in_parallel([&[][..], &["--hypervisors", "2"]], |further| {
        let mut lab = leftover("any=late:30", NO_FAULT);
        let outcome = fence(&lab, "off", further);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        assert!(is_off_at_the_first(&mut lab), "{outcome:?}");
        assert!(lab.requests()[0].contains(&"off".to_owned()));
    });
    let mut lab = leftover("any=late:30", NO_FAULT);
    let outcome = fence(&lab, "reboot", &[]);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(lab.histories("vm")[0].contains(&"off".to_owned()), "{outcome:?}");
}

#[test]
fn a_late_hypervisor_is_awaited_if_the_count_is_known() {
    if !available() {
        return;
    }
    let lab = leftover("any=late:30", NO_FAULT);
    fence(&lab, "status", &["--hypervisors", "2"]).assert_done("Status: ON\n");
}

#[test]
fn a_missing_hypervisor_is_not_off() {
    if !available() {
        return;
    }
    let habits = ["any=silent", "any=hang-up", "any=reset", "any=garbage", "any=wrong-key"];
    in_parallel(habits, |habit| {
        let mut lab = leftover(habit, NO_FAULT);
        for action in ["status", "off", "monitor"] {
            // Enough time for the one that answers, also on a busy machine.
            let outcome = fence(&lab, action, &["-t", "2", "--hypervisors", "2"]);
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(1), ""),
                "{habit} {outcome:?}"
            );
            let words = ["1 of 2 hypervisors (option hypervisors) answered", SECOND];
            assert!(
                words.iter().all(|word| outcome.stderr.contains(word)),
                "{habit} {outcome:?}"
            );
        }
        assert!(!is_off_at_the_first(&mut lab), "{habit}");
    });
}

/// A hypervisor that has answered once must answer again, whatever the options.
#[test]
fn a_hypervisor_that_stops_answering_is_not_off() {
    if !available() {
        return;
    }
    in_parallel(
        ["off=silent", "off=reset", "list#2=silent", "list#2=hang-up"],
        |habit| {
            let mut lab = leftover(habit, NO_FAULT);
            let outcome = fence(&lab, "off", &["-t", "2"]);
            if habit.starts_with("off") {
                assert_eq!(outcome.exit, Some(1), "{habit} {outcome:?}");
                assert!(!is_off_at_the_first(&mut lab), "{habit}");
            } else {
                assert_eq!(outcome.exit, Some(1), "{habit} {outcome:?}");
                assert!(outcome.stderr.contains(FIRST), "{habit} {outcome:?}");
            }
        },
    );
}

#[test]
fn a_contradiction_is_not_off_and_names_both_hypervisors() {
    if !available() {
        return;
    }
    let mut lab = leftover(NO_FAULT, NO_FAULT);
    let status = fence(&lab, "status", &[]);
    status.assert_done("Status: ON\n");
    for word in [FIRST, SECOND, "vm is off at"] {
        assert!(status.stderr.contains(word), "{status:?}");
    }
    fence(&lab, "off", &[]).assert_done("Success: Powered OFF\n");
    assert!(is_off_at_the_first(&mut lab));
    // The first hypervisor refuses the request. On the second the machine is off, and it reports success.
    let mut lab = leftover("off=code:1", NO_FAULT);
    let outcome = fence(&lab, "off", &["--power-timeout", "2"]);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    assert!(!is_off_at_the_first(&mut lab));
}

#[test]
fn a_hypervisor_that_answers_with_an_error_is_not_off() {
    if !available() {
        return;
    }
    in_parallel(
        ["list=code:1", "list=code:3", "list=list-code:1", "list=code:9"],
        |code| {
            let mut lab = leftover(code, NO_FAULT);
            let outcome = fence(&lab, "off", &["-t", "2", "--retry-on", "0", "--power-timeout", "2"]);
            assert_eq!(outcome.exit, Some(1), "{code} {outcome:?}");
            assert_eq!(outcome.stdout, "", "{code} {outcome:?}");
            let _ = is_off_at_the_first(&mut lab);
        },
    );
}

/// One hypervisor that answers twice counts once.
#[test]
fn two_equal_answers_count_as_one_hypervisor() {
    if !available() {
        return;
    }
    let mut lab = leftover("any=silent", "any=twice");
    fence(&lab, "status", &["-t", "3", "--hypervisors", "2"]).assert_refused(&["1 of 2 hypervisors"]);
    assert!(!is_off_at_the_first(&mut lab));
    let mut lab = leftover("any=twice", "any=twice");
    fence(&lab, "off", &["--hypervisors", "2"]).assert_done("Success: Powered OFF\n");
    assert!(is_off_at_the_first(&mut lab));
    assert_eq!(*lab.machine("vm").power(), Power::Off);
}

/// Row D1: a caller that connected and reset the connection once crashed the plugin, in the standard library of wasm,
/// before the plugin could drop the connection.
#[test]
fn callers_without_the_key_do_not_end_an_action() {
    if !available() {
        return;
    }
    let ends = ["reset", "late-reset", "close", "garbage", "silent"];
    let cases = ends.into_iter().flat_map(|end| [(end, "none"), (end, "sha256")]);
    in_parallel(cases, |(end, digest)| actions_work_beside_a_stranger(end, digest));
}

fn actions_work_beside_a_stranger(end: &str, digest: &str) {
    let mut lab = Lab::simulated(&["--unrelated-client", end, "--hash", digest, "--auth", digest]);
    let call = |lab: &Lab, action| {
        let key = lab.key().display().to_string();
        let arguments = ["-o", action, "-n", "vm-alpha", "-k", &key, "-t", "10", "-r", "5"];
        lab.ours("fence_xvm", &[&arguments[..], &["-c", digest, "-C", digest]].concat())
    };
    call(&lab, "monitor").assert_done("");
    call(&lab, "status").assert_done("Status: ON\n");
    call(&lab, "off").assert_done("Success: Powered OFF\n");
    assert_eq!(*lab.machine("vm-alpha").power(), Power::Off, "{end} {digest}");
    call(&lab, "reboot").assert_done("Success: Rebooted\n");
    assert_eq!(*lab.machine("vm-alpha").power(), Power::On, "{end} {digest}");
}

#[test]
fn a_known_count_needs_no_waiting_time() {
    if !available() {
        return;
    }
    let lab = leftover(NO_FAULT, NO_FAULT);
    let status = || {
        let start = Instant::now();
        fence(&lab, "status", &["--hypervisors", "2"]).assert_done("Status: ON\n");
        start.elapsed()
    };
    // Without the option, each list takes two seconds. On a busy machine, the program may need as long for itself.
    assert!((0..10).any(|_| status() < Duration::from_millis(1800)));
    fence(&lab, "status", &["--hypervisors", "0"]).assert_refused(&["option hypervisors"]);
}

/// Each fault of either hypervisor, combined with each behavior of the one that runs the machine, on virtual time. A
/// separate program, because it needs its own network.
#[test]
fn no_fault_of_two_hypervisors_ends_in_a_false_success() {
    if !available() {
        return;
    }
    let matrix = isolated(env!("CARGO_BIN_EXE_fencebox-matrix"))
        .args(["--device", "xvm-group", "--brief", "--sample", "600"])
        .args(["--pairs", "20", "--seed", "1"])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&matrix.stdout);
    assert!(matrix.status.success(), "{report}");
    let runs = report.lines().last().and_then(|line| line.split(' ').next());
    let runs: usize = runs.unwrap().parse().unwrap();
    assert!(runs >= 500 && report.ends_with(" 0 false successes\n"), "{report}");
}

/// A hypervisor without a list may run a machine that the other one lists as off.
#[test]
fn a_hypervisor_that_answers_garbage_does_not_hide_the_list_of_the_other() {
    if !available() {
        return;
    }
    for habit in [
        "list=code:9",
        "list=list-code:1",
        "list=cut:70",
        "list=code:1",
        "list=code:3",
    ] {
        let lab = leftover(habit, NO_FAULT);
        let outcome = fence(&lab, "list-status", &["-t", "2"]);
        assert_eq!(outcome.exit, Some(0), "{habit} {outcome:?}");
        assert!(
            outcome.stdout.contains("vm ") && outcome.stdout.contains(" unknown"),
            "{habit} {outcome:?}"
        );
        assert!(
            outcome.stderr.contains("the list is not complete"),
            "{habit} {outcome:?}"
        );
    }
    let lab = leftover(NO_FAULT, NO_FAULT);
    let key = lab.key().display().to_string();
    let outcome = lab.ours("fence_xvm", &["-o", "monitor", "-n", "none", "-k", &key, "-t", "2"]);
    outcome.assert_refused(&["has no plug", "none"]);
    fence(&lab, "monitor", &[]).assert_done("");
}
