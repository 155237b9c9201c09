//! Debug files that cannot be opened or written (row D7 of the cases, and similar cases).

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use crate::support::isolated;
use crate::support::{Outcome, call, needs, program, run};

fn options(action: &str, debug_file: &Path) -> String {
    let path = debug_file.display();
    format!("plug=1\nstonith_status_sleep=0\nverbose=1\naction={action}\ndebug_file={path}\n")
}

/// The machine was switched off, and one warning says why the debug file is empty.
#[track_caller]
fn assert_warned(outcome: &Outcome, words: &[&str]) {
    outcome.assert_done("Success: Powered OFF\n");
    let warnings: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.contains(" WARNING: "))
        .collect();
    let [warning] = warnings.as_slice() else {
        panic!("{outcome:?}")
    };
    for word in words {
        assert!(warning.contains(word), "no {word:?} in {warning}");
    }
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
}

fn fifo(path: &Path) {
    let made = isolated("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn off_succeeds_if_the_debug_file_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    for (path, cause) in [
        (folder.path().join("missing/debug"), "No such file or directory"),
        (folder.path().to_owned(), "Is a directory"),
        (pipe.clone(), "No such device or address"),
        (pipe.join("debug"), "Not a directory"),
        (folder.path().join("x".repeat(300)), "name too long"),
    ] {
        let outcome = call("fence_rows", &options("off", &path));
        assert_warned(
            &outcome,
            &[
                "fence_rows: option debug_file: cannot open",
                cause,
                "goes on without it",
            ],
        );
    }
}

#[test]
fn off_succeeds_if_the_debug_file_cannot_be_written() {
    let outcome = call("fence_rows", &options("off", Path::new("/dev/full")));
    assert_warned(
        &outcome,
        &["debug file \"/dev/full\": cannot write: No space left on device"],
    );
}

#[test]
fn off_succeeds_on_a_disk_that_is_full_or_read_only() {
    let mounts = "mount -t tmpfs none /mnt && mount -o remount,ro /mnt";
    if !needs::are_met(&["mount"], "-m", mounts) {
        return;
    }
    for (script, words) in [
        (
            "mount -t tmpfs none /mnt && mount -o remount,ro /mnt",
            ["option debug_file: cannot open \"/mnt/debug\"", "Read-only file system"],
        ),
        (
            "mount -t tmpfs -o size=4k none /mnt && echo full > /mnt/full",
            ["debug file \"/mnt/debug\": cannot write", "No space left on device"],
        ),
    ] {
        let mut agent = isolated("unshare");
        let script = format!("{script} && exec \"$0\"");
        agent.args(["-m", "sh", "-c", &script]).arg(program("fence_rows"));
        assert_warned(&run(agent, &options("off", Path::new("/mnt/debug"))), &words);
    }
}

/// The reader keeps the pipe open and does not read: the agent drops the lines and counts them.
#[test]
fn off_succeeds_while_the_debug_pipe_has_no_reader() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    let reader = File::options().read(true).write(true).open(&pipe).unwrap();
    let outcome = call("fence_long_lines", &options("off", &pipe));
    outcome.assert_done("Success: Powered OFF\n");
    let report = format!("fence_long_lines: debug file {pipe:?}: ");
    let line = outcome.stderr.lines().last().unwrap();
    assert!(
        line.contains(&report) && line.ends_with("lines dropped: its reader did not keep up"),
        "{line}"
    );
    drop(reader);
}

#[test]
fn documents_do_not_touch_the_debug_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("debug");
    for action in ["metadata", "manpage", "validate-all"] {
        let outcome = call("fence_rows", &options(action, &path));
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        assert!(!path.exists(), "{action}");
    }
    call("fence_rows", &options("off", &path)).assert_done("Success: Powered OFF\n");
    assert!(fs::read_to_string(&path).unwrap().contains("fence_rows: "));
}
