//! The limit on file sizes, whose signal would end an agent (row D5 of the cases), and a machine without syslog.

use std::fs;

use crate::support::isolated;
use crate::support::{Outcome, needs, program, run};

const OPTIONS: &str = "plug=1\nstonith_status_sleep=0\naction=off\n";

/// An agent that must not write to any file.
fn limited(redirection: &str, options: &str) -> Outcome {
    let mut shell = isolated("/bin/sh");
    shell.arg("-c").arg(format!("ulimit -f 0; exec \"$0\" {redirection}"));
    shell.arg(program("fence_rows"));
    run(shell, options)
}

#[test]
fn off_succeeds_with_a_file_size_limit_of_zero() {
    let folder = tempfile::tempdir().unwrap();
    let (debug, stdout) = (folder.path().join("debug"), folder.path().join("stdout"));
    let options = format!("{OPTIONS}verbose=1\ndebug_file={}\n", debug.display());
    let outcome = limited("", &options);
    outcome.assert_done("Success: Powered OFF\n");
    let warnings: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains(" WARNING: "))
        .collect();
    assert_eq!(warnings.len(), 1, "{outcome:?}");
    let fault = format!("fence_rows: debug file {debug:?}: cannot write: File too large");
    assert!(warnings[0].contains(&fault), "{}", warnings[0]);

    let outcome = limited(&format!(">{}", stdout.display()), OPTIONS);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    assert!(
        outcome
            .stderr
            .contains("cannot write to standard output: File too large"),
        "{outcome:?}"
    );
    assert_eq!(fs::metadata(&stdout).unwrap().len(), 0);

    let redirection = format!("2>{}", stdout.display());
    limited(&redirection, &options).assert_done("Success: Powered OFF\n");
}

/// A password script has the default signal handlers: the signal ends this script before it prints.
#[test]
fn password_scripts_have_the_default_signal_handlers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let script = format!("ulimit -f 0; echo long > {}; echo s3cret", file.display());
    let options = format!("action=off\nplug=1\nip=127.0.0.1\nusername=fencer\npassword_script={script}\n");
    let outcome = run(isolated(program("fence_relay")), &options);
    outcome.assert_refused(&["option password_script: the program failed", "signal: 25"]);
}

#[test]
fn missing_syslog_is_a_line_in_a_verbose_log() {
    let script = "mount -t tmpfs none /dev && exec \"$0\"";
    if !needs::are_met(&["mount"], "-m", "mount -t tmpfs none /dev") {
        return;
    }
    for (loudness, lines) in [("", 0), ("verbose=1\n", 1)] {
        let mut agent = isolated("unshare");
        agent.args(["-m", "sh", "-c", script]).arg(program("fence_rows"));
        let outcome = run(agent, &format!("{OPTIONS}{loudness}"));
        outcome.assert_done("Success: Powered OFF\n");
        let said = outcome
            .stderr
            .matches("fence_rows: no syslog: no process listens at /dev/log")
            .count();
        assert_eq!(said, lines, "{outcome:?}");
    }
}
