//! Plugins that write output that is not theirs to write.

use std::io::Write;
use std::time::Duration;

use crate::sandbox::server::{Server, well};
use crate::sandbox::{End, assert_contained, assert_printable, end_with, options, play, show};
use crate::support::{self, call};

pub const FIXTURES: &[&str] = &[
    "fence_backslash",
    "fence_excuse",
    "fence_flood",
    "fence_print",
    "fence_rows",
    "fence_tokens",
];

const FORGED: &str = "a\\nERROR: fence_other: forged\\r\\n\\u{1b}[2K\\u{202e}Success: Powered OFF\\u{2028}Status: OFF";

const ENDS: &[End] = &[
    end_with("fence_excuse", "excuse=huge\n", &["ten million\\nten million\\n", " …"]),
    end_with("fence_excuse", "excuse=forged\n", &[FORGED]),
    end_with("fence_excuse", "excuse=plug\n", &[FORGED]),
    end_with("fence_excuse", "excuse=many\n", &[FORGED, " …"]),
    end_with("fence_excuse", "excuse=option\n", &[FORGED]),
    end_with("fence_excuse", "excuse=known\n", &["no such operation"]),
    end_with("fence_excuse", "excuse=off\n", &["neither on nor off|is not off after"]),
    end_with(
        "fence_print",
        "then=panic\n",
        &[
            "panicked at",
            "ERROR: fence_other: \\u{202e}forged\\u{2028}Success: Powered OFF",
        ],
    ),
];

#[test]
fn each_case_ends_in_one_clear_line() {
    play(ENDS);
}

/// The device requests a longer delay than the time that is left.
#[test]
fn a_device_that_is_always_busy_is_retried_until_the_deadline() {
    for action in crate::sandbox::ACTIONS {
        let outcome = support::call_virtually("fence_excuse", &options(action, "excuse=busy\n"));
        outcome.assert_refused(&["ran out of time"]);
        assert!(outcome.took < crate::sandbox::DEADLINE, "{outcome:?}");
    }
}

#[test]
fn a_flood_of_log_lines_is_limited_and_cannot_forge_lines() {
    // With verbose, the host logs two more lines.
    for (lines, most) in [("", 1_001), ("verbose=1\n", 1_003)] {
        let outcome = call("fence_flood", &options("status", lines));
        show("fence_flood", &outcome);
        outcome.assert_done("Status: ON\n");
        let lines: Vec<_> = outcome.stderr.lines().collect();
        assert!(lines.len() <= most, "{} lines", lines.len());
        assert!(lines.iter().all(|line| line.contains("fence_flood: ")), "a forged line");
        assert_printable("fence_flood", &outcome.stderr);
        assert!(
            lines.last().unwrap().contains("the rest is dropped"),
            "{:?}",
            lines.last()
        );
    }
}

/// A flood of lines during the logout is limited in the same way, and is too late to undo the action.
#[test]
fn a_flood_of_lines_during_logout_is_limited() {
    let outcome = call("fence_close", &options("off", "way=flood\n"));
    outcome.assert_done("Success: Powered OFF\n");
    assert!(
        outcome.stderr.lines().count() <= 1_001,
        "{} lines",
        outcome.stderr.lines().count()
    );
    assert!(
        outcome.stderr.lines().all(|line| line.contains("fence_close: ")),
        "a forged line"
    );
}

/// Standard output belongs to the protocol. The output of a plugin goes to the debug log, and only a few pages of it.
#[test]
fn a_plugin_cannot_print_to_the_cluster() {
    for (action, success) in [
        ("status", "Status: ON\n"),
        ("off", "Success: Powered OFF\n"),
        ("reboot", "Success: Rebooted\n"),
    ] {
        let outcome = call("fence_print", &options(action, "retry_on=1\n"));
        show(&format!("fence_print {action}"), &outcome);
        outcome.assert_done(success);
        let dammed = outcome.stderr.lines().all(|line| line.ends_with("the rest is dropped"));
        assert!(dammed && outcome.stderr.lines().count() <= 1, "{outcome:?}");
        let outcome = call("fence_print", &options(action, "retry_on=1\nverbose=1\n"));
        outcome.assert_done(success);
        let forged = outcome.stderr.lines().find(|line| !line.contains(": fence_print: "));
        assert_eq!(forged, None, "a forged line");
        assert_printable("fence_print", &outcome.stderr);
        assert!(outcome.stderr.len() < 512 * 1024, "{} bytes", outcome.stderr.len());
    }
    call("fence_print", &options("list", "")).assert_done("NOTICE: List option is not working on this device yet\n");
}

/// Whatever the name of a plug contains, it has one row.
#[test]
fn plugs_cannot_forge_rows() {
    for (action, end) in [("list", ""), ("list-status", ",UNKNOWN")] {
        let outcome = call("fence_rows", &options(action, "rows=forged\n"));
        show(&format!("fence_rows rows=forged {action}"), &outcome);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        let rows: Vec<_> = outcome.stdout.split('\n').collect();
        assert_eq!((rows.len(), rows.last()), (11, Some(&"")), "{rows:?}");
        assert_eq!(rows[0], format!("1,one?2,two?3,three{end}"));
        assert_eq!(rows[1], format!("1,one??2,two??3,three{end}"));
        assert_printable("fence_rows", &outcome.stdout);
    }
}

#[test]
fn a_million_plugs_are_too_many() {
    for action in ["list", "list-status"] {
        let outcome = call("fence_rows", &options(action, "rows=million\n"));
        let what = format!("fence_rows rows=million {action}");
        assert_contained("fence_rows", &what, &outcome, &["a call can hand over at most 16 MiB"]);
        // A single name that fits into the limit is accepted as a name.
        let outcome = call("fence_rows", &options(action, "rows=long\n"));
        show(&format!("fence_rows rows=long {action}"), &outcome);
        assert_eq!(
            (outcome.exit, outcome.stdout.lines().count()),
            (Some(0), 1),
            "{}",
            outcome.stderr
        );
    }
}

/// A cookie of a thousand backslashes, and lines of four thousand: the search must try each reading of a backslash as
/// the start of an escape once, and no combinations. (The unit tests of the log count the steps.)
#[test]
fn backslashes_take_no_longer_to_mask_than_other_text() {
    let device = Server::start(|stream| {
        let cookie = "\\".repeat(1_000);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nSet-Cookie: sid={cookie}\r\nContent-Length: 2\r\n\r\n{{}}"
        )
    });
    let lines = format!(
        "ip=127.0.0.1\nipport={}\nusername=fencer\npassword=s3cret\n",
        device.port
    );
    let outcome = call("fence_backslash", &options("off", &lines));
    show("fence_backslash", &outcome);
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
    let masked = outcome.stderr.lines().filter(|line| line.ends_with(": ********"));
    assert_eq!(masked.count(), 200);
    assert!(outcome.stderr.contains("the lines are out"), "{}", outcome.stderr);
}

/// Two hundred megabytes of secrets in header fields, each of which is masked later.
#[test]
fn many_long_secrets_take_little_memory() {
    let device = Server::start(well);
    let lines = format!(
        "ip=127.0.0.1\nipport={}\nusername=fencer\npassword=s3cret\n",
        device.port
    );
    let outcome = call("fence_tokens", &options("off", &lines));
    show("fence_tokens", &outcome);
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(device.heads().len(), 200);
    assert!(outcome.peak < 64 * 1024, "{} KiB", outcome.peak);
    for text in ["cut [********…]", "whole [ …"] {
        assert_eq!(outcome.stderr.matches(text).count(), 4, "{text}: {}", outcome.stderr);
    }
}

/// A secret that the log could not mask is not sent.
#[test]
fn more_secrets_than_the_log_can_mask_are_refused() {
    let device = Server::start(well);
    let lines = format!(
        "ip=127.0.0.1\nipport={}\nusername=fencer\npassword=s3cret\nwhat=cookies\n",
        device.port
    );
    let outcome = call("fence_tokens", &options("off", &lines));
    assert_contained(
        "fence_tokens",
        "fence_tokens",
        &outcome,
        &["too many secrets in header fields"],
    );
    assert!(device.heads().is_empty());
}
