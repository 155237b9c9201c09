//! Bad standard streams and bad arguments: the agent never panics and never reports a false success.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod blocked;
mod debug_file;
mod files;
use crate::support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;
use std::time::Duration;

use crate::support::isolated;
use support::{Outcome, program, run};
use tempfile::TempDir;

/// Maximum size of all messages, in bytes, however much input the agent received.
const MESSAGES: usize = 16 << 10;

/// A machine that is on.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::write(machine.0.path().join("st"), "on").unwrap();
        machine
    }

    fn power(&self) -> String {
        fs::read_to_string(self.0.path().join("st")).unwrap()
    }

    /// Runs the agent with the machine's file and these lines on standard input.
    fn told(&self, lines: &[u8]) -> Outcome {
        let stdin = [b"status_file=st\nstonith_status_sleep=0\n", lines].concat();
        sound(run(self.command(program("fence_dummy")), &stdin))
    }

    fn called(&self, arguments: impl IntoIterator<Item = OsString>) -> Outcome {
        let mut command = self.command(program("fence_dummy"));
        command.args(["--status-file=st", "--stonith-status-sleep=0"]);
        command.args(arguments);
        sound(run(command, ""))
    }

    /// Runs the agent through a shell that redirects its streams.
    fn redirected(&self, redirection: &str, stdin: &str) -> Outcome {
        let mut shell = self.command("/bin/sh");
        shell.arg("-c").arg(format!("exec \"$0\" {redirection}"));
        shell.arg(program("fence_dummy"));
        sound(run(shell, stdin))
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = isolated(program);
        command.current_dir(self.0.path());
        command
    }
}

/// Asserts the properties that every outcome has.
#[track_caller]
fn sound(outcome: Outcome) -> Outcome {
    assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    assert!(outcome.stderr.len() < MESSAGES, "{} bytes", outcome.stderr.len());
    assert!(matches!(outcome.exit, Some(0..=2)), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
    outcome
}

#[test]
fn ten_megabytes_are_refused() {
    let machine = Machine::new();
    machine
        .told(&[b"action=off\n".as_slice(), &b"# nothing\n".repeat(1 << 20)].concat())
        .assert_refused(&["standard input is larger"]);
    machine
        .told(&vec![0; 10 << 20])
        .assert_refused(&["standard input is larger"]);
    machine
        .told(&vec![0xff; 10 << 20])
        .assert_refused(&["standard input is larger"]);
    machine
        .told(&vec![b'\n'; 10 << 20])
        .assert_refused(&["standard input is larger"]);
    assert_eq!(machine.power(), "on");
}

#[test]
fn a_line_of_a_megabyte_does_no_harm() {
    let machine = Machine::new();
    let long = "x".repeat(1_000_000);
    let unknown = machine.told(format!("action=status\nbogus={long}\n").as_bytes());
    unknown.assert_done("Status: ON\n");
    assert!(unknown.stderr.contains("bogus"), "{unknown:?}");
    machine
        .told(format!("action=status\n{long}\n").as_bytes())
        .assert_done("Status: ON\n");
    machine
        .told(format!("action=status\n#{long}\n").as_bytes())
        .assert_done("Status: ON\n");
    machine
        .told(format!("action={long}\n").as_bytes())
        .assert_refused(&["option action"]);
    machine
        .told(format!("action=off\npower_timeout={long}\n").as_bytes())
        .assert_refused(&["option power_timeout"]);
    machine
        .told(format!("action=off\nstatus_file={long}\n").as_bytes())
        .assert_refused(&["option status_file"]);
    // A very long number means the same as the largest number.
    let many = "9".repeat(1_000_000);
    machine
        .told(format!("action=status\nlogin_timeout={many}\n").as_bytes())
        .assert_done("Status: ON\n");
    assert_eq!(machine.power(), "on");
}

#[test]
fn bytes_that_are_not_text_do_no_harm() {
    let machine = Machine::new();
    machine
        .told(b"action=off\0\n")
        .assert_refused(&["option action", "off\\0"]);
    machine
        .told(b"\0action=off\naction=status\n")
        .assert_done("Status: ON\n");
    machine
        .told(b"action=status\nbogus\0=\0\n\0\n")
        .assert_done("Status: ON\n");
    machine
        .told(b"action=off\nstatus_file=s\0t\n")
        .assert_refused(&["option status_file"]);
    let without = machine.told(b"action=status\ndebug_file=s\0t\n");
    without.assert_done("Status: ON\n");
    assert!(without.stderr.contains("option debug_file"), "{without:?}");
    machine.told(b"action=o\xfff\n").assert_refused(&["action", "UTF-8"]);
    machine
        .told(b"action=off\nstatus_file=\xff\n")
        .assert_refused(&["status_file", "UTF-8"]);
    machine
        .told(b"action=status\nbogus=\xff\n\xfe=1\n\xff\n")
        .assert_done("Status: ON\n");
    let damaged = |text: &[u8]| OsString::from_vec(text.to_vec());
    machine
        .called([damaged(b"--action=o\xff")])
        .assert_refused(&["action", "UTF-8"]);
    machine.called([damaged(b"-\xff")]).assert_refused(&["unknown option"]);
    machine.called([damaged(b"--\xff")]).assert_refused(&["unknown option"]);
    machine
        .called([damaged(b"-o"), damaged(b"status"), damaged(b"\xff")])
        .assert_done("Status: ON\n");
    assert_eq!(machine.power(), "on");
}

#[test]
fn ten_thousand_options_do_no_harm() {
    let machine = Machine::new();
    let mut lines = "action=off\n".repeat(9_999);
    lines.push_str("action=status\n");
    machine.told(lines.as_bytes()).assert_done("Status: ON\n");
    let unknown: String = (0..10_000).map(|number| format!("bogus{number}=x\n")).collect();
    let outcome = machine.told(format!("{unknown}action=status\n").as_bytes());
    outcome.assert_done("Status: ON\n");
    assert_eq!(
        outcome.stderr.lines().count(),
        21,
        "twenty lines and a total: {outcome:?}"
    );
    assert!(outcome.stderr.contains("9980 more"), "{outcome:?}");
    machine
        .told("verbose=perhaps\n".repeat(10_000).as_bytes())
        .assert_done("Success: Rebooted\n");

    let words = |word: &str, count| std::iter::repeat_n(OsString::from(word), count);
    let status = words("--action=status", 1);
    machine
        .called(words("--action=off", 9_999).chain(status.clone()))
        .assert_done("Status: ON\n");
    machine
        .called(words("stray", 10_000).chain(status.clone()))
        .assert_done("Status: ON\n");
    machine
        .called(words("-vvvv", 10_000).chain(status.clone()))
        .assert_done("Status: ON\n");
    machine
        .called(status.chain(words("--bogus", 10_000)))
        .assert_refused(&["--bogus"]);
    machine
        .called(words(&"z".repeat(100_000), 1).chain(words("-o", 1)))
        .assert_refused(&["-o needs a value"]);
}

#[test]
fn standard_output_that_is_closed_or_full_does_not_undo_fencing() {
    for redirection in [">&-", ">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"] {
        let machine = Machine::new();
        let tell = |action: &str| {
            machine.redirected(
                redirection,
                &format!("status_file=st\nstonith_status_sleep=0\naction={action}\n"),
            )
        };
        assert_eq!(tell("status").exit, Some(0), "{redirection}");
        assert_eq!(tell("off").exit, Some(0), "{redirection}");
        assert_eq!(machine.power(), "off");
        assert_eq!(tell("status").exit, Some(2), "{redirection}");
        assert_eq!(tell("explode").exit, Some(1), "{redirection}");
        if redirection == ">/dev/full" {
            for action in ["on", "metadata"] {
                let outcome = tell(action);
                assert!(
                    outcome.stderr.contains("cannot write to standard output"),
                    "{outcome:?}"
                );
            }
        }
    }
}

#[test]
fn errors_do_not_need_a_reader() {
    for redirection in ["2>&-", "2>/dev/full"] {
        let machine = Machine::new();
        let lines = "status_file=st\nstonith_status_sleep=0\nbogus=1\nverbose=1\n";
        machine
            .redirected(redirection, &format!("{lines}action=off\n"))
            .assert_done("Success: Powered OFF\n");
        let wrong = machine.redirected(redirection, &format!("{lines}action=explode\n"));
        assert_eq!((wrong.exit, wrong.stdout.as_str()), (Some(1), ""));
    }
}

#[test]
fn a_closed_standard_input_does_not_cause_a_reboot() {
    let machine = Machine::new();
    machine.redirected("<&-", "").assert_refused(&["standard input"]);
    let outcome = machine.redirected("<&- >&- 2>&-", "");
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    // With arguments, the agent does not read standard input.
    machine
        .redirected("-o status --status-file=st <&-", "")
        .assert_done("Status: ON\n");
    // A folder can be opened but not read.
    machine.redirected("</", "").assert_refused(&["standard input"]);
    assert_eq!(machine.power(), "on");
}
