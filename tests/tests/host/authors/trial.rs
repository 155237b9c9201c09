//! `fencebox test`: what it finds in good and bad plugins.

use std::fs;
use std::path::Path;

use fencebox_sim::{Simulator, relay};

use super::{Folder, arguments, options};
use crate::support::Outcome;

/// Tests a plugin with a board of relays.
fn on_board(folder: &Folder, plugin: &str, more: &[&str]) -> Outcome {
    let board = Simulator::start(relay::config()).unwrap();
    let file = format!("{plugin}.wasm");
    let first: Vec<&str> = ["test", file.as_str()]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let mut options = options(&board, "", "1");
    options.retain(|option| !option.starts_with("action="));
    folder.fencebox(&arguments(&first, &options))
}

/// The cases of a report in JUnit's form, and how many of them fail.
fn cases(path: &Path) -> (Vec<String>, usize) {
    let text = fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document.root_element();
    assert_eq!(suite.tag_name().name(), "testsuite");
    let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
    let failing = cases
        .clone()
        .filter(|case| case.children().any(|node| node.has_tag_name("failure")));
    let count = |name: &str| suite.attribute(name).unwrap().parse::<usize>().unwrap();
    assert_eq!(
        (count("tests"), count("failures")),
        (cases.clone().count(), failing.clone().count())
    );
    (
        cases.map(|case| case.attribute("name").unwrap().to_owned()).collect(),
        failing.count(),
    )
}

/// The number before ` runs, `.
fn runs(outcome: &Outcome) -> usize {
    let line = outcome.stdout.lines().last().unwrap();
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_good_plugin_has_no_false_success_on_a_device() {
    let folder = Folder::with("fence_relay");
    let outcome = on_board(&folder, "fence_relay", &["--junit", "report.xml", "--pairs", "20"]);
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    for line in [
        "description: in order\n",
        "options: in order\n",
        "fence_relay: 7 scenes, ",
        " 0 false successes\n",
    ] {
        assert!(outcome.stdout.contains(line), "{outcome:?}");
    }
    // 21 kinds at each call of two steps and more, once and from then on.
    assert!(runs(&outcome) > 500, "{outcome:?}");
    let (cases, failing) = cases(&folder.path("report.xml"));
    assert_eq!((cases.len(), failing), (9, 0), "{cases:?}");
    assert_eq!(cases[..2], ["description", "options"]);
}

#[test]
fn a_plugin_that_trusts_an_accepted_request_is_found() {
    let folder = Folder::with("fence_credulous");
    let outcome = on_board(&folder, "fence_credulous", &["--junit", "report.xml"]);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let found = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("FALSE: --case 'fence_credulous off/on: "));
    let found = found.unwrap_or_else(|| panic!("{outcome:?}"));
    assert!(
        found.contains("Success: Powered OFF") && found.contains("the machine was on"),
        "{found}"
    );
    assert!(cases(&folder.path("report.xml")).1 >= 2);
    // The line is enough to repeat the run.
    let case = found.split('\'').nth(1).unwrap();
    let again = on_board(&folder, "fence_credulous", &["--case", case]);
    assert_eq!((again.exit, runs(&again)), (Some(1), 1), "{again:?}");
    assert!(again.stdout.ends_with("1 runs, 1 false successes\n"), "{again:?}");
}

#[test]
fn recordings_are_devices_too() {
    let folder = Folder::with("fence_relay");
    folder.add("fence_credulous", &super::bytes_of("fence_credulous"));
    let board = Simulator::start(relay::config()).unwrap();
    for (plugin, action) in [
        ("fence_relay", "off"),
        ("fence_relay", "on"),
        ("fence_relay", "reboot"),
        ("fence_credulous", "off"),
    ] {
        // On before `off` and `reboot`, and off before `on`.
        let (file, trace) = (format!("{plugin}.wasm"), format!("{plugin}-{action}.trace"));
        let before = if action == "on" { "off" } else { "on" };
        for (action, more) in [(before, &[][..]), (action, &["--trace", trace.as_str()][..])] {
            let first: Vec<&str> = ["run", file.as_str()].into_iter().chain(more.iter().copied()).collect();
            let outcome = folder.fencebox(&arguments(&first, &options(&board, action, "1")));
            assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        }
    }
    drop(board);
    let recordings = ["off", "on", "reboot"].map(|action| format!("--recording=fence_relay-{action}.trace"));
    let mut command = vec!["test", "fence_relay.wasm"];
    command.extend(recordings.iter().map(String::as_str));
    let good = folder.fencebox(&command);
    assert_eq!((good.exit, good.stderr.as_str()), (Some(0), ""), "{good:?}");
    assert!(
        good.stdout.contains("fence_relay: 3 scenes, ") && runs(&good) > 200,
        "{good:?}"
    );
    let bad = folder.fencebox(&[
        "test",
        "fence_credulous.wasm",
        "--recording",
        "fence_credulous-off.trace",
    ]);
    assert_eq!(bad.exit, Some(1), "{bad:?}");
    assert!(
        bad.stdout
            .contains("FALSE: --case 'fence_credulous off/fence_credulous-off.trace: "),
        "{bad:?}"
    );
}

#[test]
fn a_test_without_answers_and_a_foreign_recording_are_refused() {
    let folder = Folder::with("fence_relay");
    folder
        .fencebox(&["test", "fence_relay.wasm"])
        .assert_refused(&["nothing to test with", "--recording FILE"]);
    folder
        .fencebox(&["test", "fence_relay.wasm", "--recording", "absent.trace"])
        .assert_refused(&["absent.trace", "No such file"]);
    folder
        .fencebox(&["test", "fence_relay.wasm", "--", "plug"])
        .assert_refused(&["\"plug\" is not an option; write NAME=VALUE"]);
    let outcome = folder.fencebox(&["test", "fence_relay.wasm", "--", "ip=127.0.0.1", "ipport=1", "plug=1"]);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let line = "`status` without a fault fails: ";
    assert!(outcome.stderr.contains(line), "{outcome:?}");
}

#[test]
fn a_refused_description_is_a_failed_case_of_the_report() {
    let folder = Folder::with("fence_impostor");
    let command = ["test", "fence_impostor.wasm", "--junit", "report.xml", "--", "plug=1"];
    let outcome = folder.fencebox(&command);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let expected = "wrong: fence_impostor.wasm: invalid description: it is fence_somebody_else";
    assert!(
        outcome.stdout.starts_with("description: wrong\n") && outcome.stdout.contains(expected),
        "{outcome:?}"
    );
    let (cases, failing) = cases(&folder.path("report.xml"));
    assert_eq!((cases, failing), (vec!["description".to_owned()], 1));
}
