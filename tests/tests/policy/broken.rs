//! A policy that is wrong, or that somebody else could have written.

use std::os::unix::fs::{chown, symlink};

use super::{Moved, board, chmod, lines};

/// Every action fails in one line that says this, but the agent still tells
/// what it is.
#[track_caller]
fn assert_broken(tree: &Moved, words: &[&str]) {
    let board = board();
    let path = tree.policy();
    let path = path.display().to_string();
    let words: Vec<&str> = words.iter().copied().chain([path.as_str()]).collect();
    for action in [
        "status",
        "off",
        "on",
        "reboot",
        "monitor",
        "list",
        "list-status",
        "validate-all",
    ] {
        let outcome = tree.call("fence_relay", &lines(&board, &format!("action={action}\n")));
        outcome.assert_refused(&words);
    }
    assert!(board.requests().is_empty(), "somebody was asked");
    for arguments in [&["-o", "metadata"][..], &["-o", "manpage"], &["-h"], &["--version"]] {
        let usual = Moved::without().call_with("fence_relay", arguments);
        let outcome = tree.call_with("fence_relay", arguments);
        assert_eq!(
            (outcome.exit, &outcome.stdout, &outcome.stderr),
            (Some(0), &usual.stdout, &usual.stderr)
        );
        assert!(!outcome.stdout.is_empty());
    }
    tree.call("fence_relay", "action=metadata\n")
        .assert_done(&tree.call_with("fence_relay", &["-o", "metadata"]).stdout);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (policy, line, words) in [
        (
            "[fence_relay]\nalow = []\n",
            2,
            "unknown field `alow`, expected one of `allow`",
        ),
        ("[fence_relay]\n\nallow = \"127.0.0.1\"\n", 3, "expected a sequence"),
        (
            "[fence_relay]\nallow = [\"https://a/b\"]\n",
            2,
            "a rule has no path; write https://a",
        ),
        ("[fence_relay]\ninsecure-tls = true\n", 2, "can only be false"),
        ("[fence_relay]\nlimits.memory = \"65 MiB\"\n", 2, "can only take away"),
        ("[fence_relay]\nlimits.seconds = 3601\n", 2, "can only take away"),
        ("[fence_relay]\nlimits.fuel = 5\n", 2, "there are memory, "),
        ("[fence_relay]\nsha256 = [\"1234\"]\n", 2, "`sha256sum`"),
        // It may have been meant for this agent.
        ("[fence_rely]\n[fence_clc]\nlimit = {}\n", 3, "unknown field `limit`"),
        ("[relay]\n", 1, "write [fence_DEVICE]"),
        ("# unfinished\n[fence_relay\n", 2, ""),
    ] {
        let tree = Moved::with(policy);
        let place = format!("{}:{line}: ", tree.policy().display());
        assert_broken(&tree, &[&place, words]);
    }
}

#[test]
fn what_others_could_have_written_does_not_count() {
    let tree = Moved::with("");
    for mode in [0o666, 0o664, 0o602] {
        chmod(&tree.policy(), mode);
        let words = format!("can be written by others (mode {mode:o})");
        assert_broken(&tree, &[&words, "nobody else can write"]);
    }
    chmod(&tree.policy(), 0o644);
    chmod(&tree.path("etc/fencebox"), 0o777);
    assert_broken(&tree, &["etc/fencebox can be written by others (mode 777)"]);
    chmod(&tree.path("etc/fencebox"), 0o755);
    // Only root can give a file away.
    if chown(tree.policy(), Some(54_321), None).is_ok() {
        assert_broken(&tree, &["belongs to user 54321, not to root or the owner of fencebox"]);
    }
}

#[test]
fn what_is_no_file_does_not_count() {
    let tree = Moved::without();
    std::fs::write(tree.path("elsewhere"), "").unwrap();
    symlink(tree.path("elsewhere"), tree.policy()).unwrap();
    assert_broken(&tree, &["this is no regular file"]);
    std::fs::remove_file(tree.path("elsewhere")).unwrap();
    assert_broken(&tree, &["this is no regular file"]);
    std::fs::remove_file(tree.policy()).unwrap();
    std::fs::create_dir(tree.policy()).unwrap();
    assert_broken(&tree, &["this is no regular file"]);
}
