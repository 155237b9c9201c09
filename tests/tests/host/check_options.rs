//! The check of options by the plugin: for `validate-all`, and before each action, without the device.

use std::fs;

use tempfile::TempDir;

use crate::support::{Outcome, call};

const CHOOSY: &str = "fence_choosy";

fn lines(action: &str, more: &str) -> String {
    format!("action={action}\nip=127.0.0.1\nipport=9\npower_timeout=1\nlogin_timeout=1\nshell_timeout=1\n{more}")
}

fn choosy(action: &str, more: &str) -> Outcome {
    call(CHOOSY, &lines(action, more))
}

/// Asserts that it failed, and that the last line has this text.
#[track_caller]
fn assert_ends(outcome: &Outcome, words: &str) {
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(last.contains(words), "{outcome:?}");
}

/// The plugin's own lines.
fn said(outcome: &Outcome) -> Vec<&str> {
    let plugin = format!("{CHOOSY}: ");
    let lines = outcome.stderr.lines();
    lines.filter_map(|line| Some(line.split_once(&plugin)?.1)).collect()
}

#[test]
fn every_action_asks_the_plugin_first() {
    for action in ["status", "monitor", "off", "reboot"] {
        let outcome = choosy(action, "password=geheim\nplug=ambiguous\ndelay=40\n");
        assert_ends(&outcome, "option plug: is not one of a, b");
        assert_eq!(
            said(&outcome),
            [
                "checks plug ambiguous: password of 6 bytes, token missing",
                "option plug: is not one of a, b"
            ],
            "{action}"
        );
    }
    let outcome = choosy("status", "password=geheim\nplug=1\n");
    outcome.assert_done("Status: ON\n");
    assert_eq!(
        said(&outcome),
        ["checks plug 1: password of 6 bytes, token missing", "opens"]
    );
}

#[test]
fn validate_all_and_monitor_report_the_same_line() {
    let more = "password=geheim\nplug=ambiguous\n";
    let (validate, monitor) = (choosy("validate-all", more), choosy("monitor", more));
    assert_ends(&validate, "option plug: is not one of a, b");
    assert_eq!(said(&validate), said(&monitor));
    choosy("validate-all", "password=geheim\nplug=1\n").assert_done("");
}

#[test]
fn each_plug_is_checked() {
    let outcome = choosy("validate-all", "password=geheim\nplug=1,2,ambiguous,3\n");
    assert_ends(&outcome, "option plug: is not one of a, b");
    assert_eq!(
        said(&outcome),
        [
            "checks plug 1: password of 6 bytes, token missing",
            "checks plug 2: password of 6 bytes, token missing",
            "checks plug ambiguous: password of 6 bytes, token missing",
            "option plug: is not one of a, b",
        ]
    );
}

#[test]
fn a_secret_from_a_source_counts_as_given_and_is_not_read() {
    let folder = TempDir::new().unwrap();
    let ran = folder.path().join("ran");
    let script = format!(
        "password_script=echo geheim; touch {}\ntoken_file=/nonexistent\nplug=1\n",
        ran.display()
    );
    let outcome = choosy("validate-all", &script);
    outcome.assert_done("");
    assert_eq!(
        said(&outcome),
        ["checks plug 1: password pending as *, token pending as *"]
    );
    assert!(!ran.exists(), "validate-all ran the script");
    // An action reads it before the check.
    let script = format!("password_script=echo geheim; touch {}\nplug=1\n", ran.display());
    let outcome = choosy("status", &script);
    outcome.assert_done("Status: ON\n");
    assert_eq!(said(&outcome)[0], "checks plug 1: password of 6 bytes, token missing");
    assert!(ran.exists());
}

#[test]
fn the_check_reads_declared_files_and_reaches_nothing_else() {
    let folder = TempDir::new().unwrap();
    let note = folder.path().join("note");
    fs::write(&note, "words").unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let more = format!(
        "password=geheim\nplug=everything\nnote={}\nipport={port}\n",
        note.display()
    );
    let input = lines("validate-all", &more).replace("ipport=9\n", "");
    let outcome = call(CHOOSY, &input);
    outcome.assert_done("");
    assert!(said(&outcome).contains(&"read 5 bytes"), "{outcome:?}");
    assert_eq!(fs::read_to_string(&note).unwrap(), "words");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "the check connected to the device");
    let missing = format!("password=geheim\nplug=1\nnote={}/missing\n", folder.path().display());
    assert_ends(&choosy("validate-all", &missing), "option note: ");
}

#[test]
fn a_check_that_fails_itself_ends_with_one_clear_line() {
    assert_ends(
        &choosy("validate-all", "password=geheim\nplug=panic\n"),
        "the plugin failed",
    );
    // 5 s of computing take longer on a busy machine, and the check has 8 s.
    let outcome = choosy("off", "password=geheim\nplug=spin\n");
    let reason = if outcome.stderr.contains("it computed for 5 s without an answer") {
        "it computed for 5 s without an answer"
    } else {
        "the action ran out of time after 8 s"
    };
    assert_ends(&outcome, reason);
}

/// pcs validates a device when it is created: one that can never work is refused there.
#[test]
fn a_device_that_can_never_work_is_refused() {
    let keys = "application_key=a\napplication_secret=b\nconsumer_key=c\n";
    for (agent, options, words) in [
        ("fence_ovh", "plug=1\n", "option application_key: is required"),
        (
            "fence_ovh",
            &format!("{keys}client_id=x\nplug=1\n"),
            "contradicts application_key",
        ),
        (
            "fence_ovh",
            "application_key=a\nplug=1\n",
            "option application_secret: is required",
        ),
        (
            "fence_ovh",
            "username=a\npassword=b\nplug=1\n",
            "option api_url: is required",
        ),
        (
            "fence_ovh",
            "client_id=a\nclient_secret=b\nendpoint=kimsufi-eu\nplug=1\n",
            "kimsufi-eu does not support service accounts",
        ),
        (
            "fence_xvm",
            "key_file=/nonexistent\nplug=1\n",
            "option key_file: /nonexistent",
        ),
        (
            "fence_xvm",
            "auth=none\nhash=none\nhypervisors=0\nplug=1\n",
            "option hypervisors: is 0",
        ),
        (
            "fence_clc",
            "username=a\npassword=b\nplug=a/b\n",
            "option plug: is not a server id",
        ),
        (
            "fence_clc",
            "username=a\npassword=b\naccount=a/b\nplug=1\n",
            "option account: is not an account alias",
        ),
    ] {
        let lines = |action: &str| format!("action={action}\n{options}");
        let (validate, status) = (call(agent, &lines("validate-all")), call(agent, &lines("monitor")));
        validate.assert_refused(&[words]);
        status.assert_refused(&[words]);
        // The time stands before it.
        let reason = |outcome: &Outcome| {
            outcome
                .stderr
                .split_once(" ERROR: ")
                .map(|(_, reason)| reason.to_owned())
        };
        assert_eq!(reason(&validate), reason(&status));
    }
    // The secrets of a service account come from files that only an action reads.
    for options in [
        "application_key=a\napplication_secret_file=/nonexistent\nconsumer_key_file=/nonexistent\n",
        "client_id=a\nclient_secret_fd=77\n",
        "client_id=a\nclient_secret_credential=none\n",
    ] {
        call("fence_ovh", &format!("action=validate-all\nplug=1\n{options}")).assert_done("");
    }
}
