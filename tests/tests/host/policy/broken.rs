//! Policies with errors, and policies that another user could have written.

use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use super::support::attend;
use super::{Moved, board, chmod, lines};
use crate::support::isolated;

/// Every action fails with one line that contains these words, but the agent still prints its metadata.
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
    assert!(board.requests().is_empty(), "the device received a request");
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
fn errors_are_named_with_their_line() {
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
        // Some programs read these as 87.0.0.1 and 8.0.0.0/8.
        (
            "[fence_relay]\ndeny = [\n  \"10.0.0.0/8\",\n  \"0127.0.0.1\",\n]\n",
            4,
            "ambiguous form of an address",
        ),
        (
            "[fence_relay]\ndeny = [\"010.0.0.0/8\"]\n",
            2,
            "ambiguous form of an address",
        ),
        (
            "[fence_relay]\nallow = [\"127.1\"]\n",
            2,
            "ambiguous form of an address",
        ),
        ("[fence_relay]\ninsecure-tls = true\n", 2, "can only be false"),
        (
            "[fence_relay]\nlimits.memory = \"65 MiB\"\n",
            2,
            "can only lower a limit",
        ),
        ("[fence_relay]\nlimits.seconds = 3601\n", 2, "can only lower a limit"),
        ("[fence_relay]\nlimits.fuel = 5\n", 2, "the limits are memory, "),
        ("[fence_relay]\nsha256 = [\"1234\"]\n", 2, "`sha256sum`"),
        // The misspelled table may have been meant for this agent.
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
fn a_policy_that_others_could_have_written_is_rejected() {
    let tree = Moved::with("");
    for mode in [0o666, 0o664, 0o602] {
        chmod(&tree.policy(), mode);
        let words = format!("can be written by others (mode {mode:o})");
        assert_broken(&tree, &[&words, "only root may own a policy"]);
    }
    chmod(&tree.policy(), 0o644);
    chmod(&tree.path("etc/fencebox"), 0o777);
    assert_broken(&tree, &["etc/fencebox can be written by others (mode 777)"]);
    chmod(&tree.path("etc/fencebox"), 0o755);
    // Only root can change the owner of a file.
    if chown(tree.policy(), Some(54_321), None).is_ok() {
        assert_broken(&tree, &["belongs to user 54321, not to root or the owner of fencebox"]);
    }
}

#[test]
fn a_policy_that_is_not_a_file_is_rejected() {
    let tree = Moved::without();
    std::fs::write(tree.path("elsewhere"), "").unwrap();
    symlink(tree.path("elsewhere"), tree.policy()).unwrap();
    assert_broken(&tree, &["this is not a regular file"]);
    std::fs::remove_file(tree.path("elsewhere")).unwrap();
    assert_broken(&tree, &["this is not a regular file"]);
    std::fs::remove_file(tree.policy()).unwrap();
    std::fs::create_dir(tree.policy()).unwrap();
    assert_broken(&tree, &["this is not a regular file"]);
}

/// In each of these cases there may be a policy that cannot be reached.
#[test]
fn a_broken_path_to_the_policy_is_an_error() {
    let tree = Moved::without();
    let folder = tree.path("etc/fencebox");
    std::fs::remove_dir(&folder).unwrap();
    symlink("nowhere", &folder).unwrap();
    assert_broken(
        &tree,
        &["etc/fencebox is a link that leads nowhere", "make the file readable"],
    );
    std::fs::remove_file(&folder).unwrap();
    symlink("fencebox", &folder).unwrap();
    assert_broken(&tree, &["etc/fencebox is a link that leads nowhere"]);
    std::fs::remove_file(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    assert_broken(&tree, &["etc/fencebox/policy.toml cannot be examined (Not a directory"]);
    std::fs::remove_file(&folder).unwrap();
    std::fs::remove_dir(tree.path("etc")).unwrap();
    symlink("nowhere", tree.path("etc")).unwrap();
    assert_broken(&tree, &["/etc is a link that leads nowhere"]);
    // If nothing is in the way, the policy is simply missing, which is not an error.
    std::fs::remove_file(tree.path("etc")).unwrap();
    let board = board();
    let outcome = tree.call("fence_relay", &lines(&board, "action=status\n"));
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
}

#[test]
fn a_pipe_or_a_device_is_rejected() {
    let tree = Moved::without();
    let made = isolated("mkfifo").arg(tree.policy()).status().unwrap();
    assert!(made.success());
    assert_broken(&tree, &["this is not a regular file"]);
    std::fs::remove_file(tree.policy()).unwrap();
    symlink("/dev/null", tree.policy()).unwrap();
    assert_broken(&tree, &["this is not a regular file"]);
}

/// An agent that runs as another user, as in a container, must not ignore a policy that only root can read.
#[test]
fn a_policy_that_the_agents_user_cannot_read_is_an_error() {
    const NOBODY: u32 = 65_534;
    let tree = Moved::with("");
    chmod(&tree.path(""), 0o755);
    let board = board();
    let status = || {
        let mut command = tree.command("fence_relay");
        command.uid(NOBODY).gid(NOBODY);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        attend(child, lines(&board, "action=status\n").as_bytes())
    };
    let able = isolated("true").uid(NOBODY).status().is_ok();
    if !able {
        assert!(std::env::var_os("CI").is_none(), "CI has to run this as root");
        println!("skipped: only root can run an agent as another user");
        return;
    }
    assert_eq!(status().exit, Some(0), "{:?}", status());
    for (path, mode) in [
        (tree.policy(), 0o600),
        (tree.path("etc/fencebox"), 0o700),
        (tree.path("etc"), 0o700),
    ] {
        let before = std::fs::metadata(&path).unwrap().permissions();
        chmod(&path, mode);
        status().assert_refused(&["etc/fencebox/policy.toml", "Permission denied"]);
        std::fs::set_permissions(&path, before).unwrap();
    }
}
