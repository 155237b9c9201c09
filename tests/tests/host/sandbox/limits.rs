//! Plugins that use too much time, memory or stack, or that call exit.

use crate::sandbox::{ACTIONS, DEADLINE, End, end, end_with, options, play, show};
use crate::support::{self, call};

pub const FIXTURES: &[&str] = &[
    "fence_close",
    "fence_escape",
    "fence_exit",
    "fence_hoard",
    "fence_panic",
    "fence_recurse",
    "fence_sleep",
    "fence_spin",
];

const EXITED: &[&str] = &["the plugin failed", "it exited during a call"];

const ENDS: &[End] = &[
    end("fence_hoard", &["the plugin failed", "64 MiB of memory"]),
    end(
        "fence_panic",
        &["the plugin failed", "panicked at", "the fixture gives up"],
    ),
    end("fence_recurse", &["the plugin failed", "recursed too deeply"]),
    // On a busy machine, the deadline of the action can come before its limit on computing time.
    end(
        "fence_spin",
        &["computed for 5 s|the action ran out of time after 40 s"],
    )
    .at(&["off"]),
    end_with("fence_exit", "moment=open\n", EXITED),
    end_with("fence_exit", "moment=status\n", EXITED),
    end_with("fence_exit", "moment=set\n", EXITED).at(&["off", "reboot"]),
    end_with("fence_exit", "moment=after\n", EXITED).at(&["off", "reboot"]),
];

#[test]
fn each_case_ends_in_one_clear_line() {
    play(ENDS);
}

/// A guest sleeps on the host's clock, and no longer than the action lasts.
#[test]
fn a_plugin_that_sleeps_is_woken_by_the_deadline() {
    for action in ACTIONS {
        let outcome = support::call_virtually("fence_sleep", &options(action, ""));
        outcome.assert_refused(&["ran out of time"]);
        assert!(outcome.took < DEADLINE, "{outcome:?}");
    }
}

/// WASI is linked because standard libraries import it, but it gives access to nothing.
#[test]
fn the_standard_library_reaches_nothing() {
    call("fence_escape", &options("status", "")).assert_done("Status: ON\n");
}

/// After the action is done and proven, a failed logout changes nothing; it is a line in the debug log.
#[test]
fn a_failed_logout_does_not_undo_the_action() {
    for (way, words) in [
        ("panic", "no good-bye"),
        ("drop", "dropped"),
        ("spin", "ran out of time"),
        ("hoard", "64 MiB of memory"),
        ("exit", "it exited during a call"),
    ] {
        for (action, success) in [
            ("status", "Status: ON\n"),
            ("off", "Success: Powered OFF\n"),
            ("reboot", "Success: Rebooted\n"),
        ] {
            let what = format!("fence_close way={way} {action}");
            let quiet = call("fence_close", &options(action, &format!("way={way}\nretry_on=1\n")));
            show(&what, &quiet);
            quiet.assert_done(success);
            assert_eq!(quiet.stderr, "", "{what}");
            assert!(quiet.took < DEADLINE, "{what}: {quiet:?}");
            if way != "spin" {
                let verbose = call(
                    "fence_close",
                    &options(action, &format!("way={way}\nretry_on=1\nverbose=1\n")),
                );
                verbose.assert_done(success);
                let told = verbose
                    .stderr
                    .lines()
                    .filter(|line| line.contains("DEBUG: fence_close: log out: "));
                let told: Vec<_> = told.collect();
                assert!(
                    matches!(told.as_slice(), [line] if line.contains(words)),
                    "{what}: {verbose:?}"
                );
            }
        }
    }
}
