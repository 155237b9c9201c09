//! Destinations and settings that cannot be used: one warning, and the action is done.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Observed, warnings};
use crate::policy::{board, chmod, lines};
use crate::support::{self, isolated};

#[test]
fn destinations_that_cannot_be_used_cost_one_warning() {
    let (tree, board) = (Observed::new(), board());
    let path = |below: &str| tree.0.path(below);
    fs::write(path("file"), "").unwrap();
    fs::write(path("open"), "").unwrap();
    chmod(&path("open"), 0o666);
    symlink(path("log/other"), path("link")).unwrap();
    fs::hard_link(path("file"), path("second")).unwrap();
    let fifo = isolated("mkfifo").arg(path("fifo")).status().unwrap();
    assert!(fifo.success());
    let cases = [
        ("audit-file", "missing/audit.log", "cannot open it: No such file"),
        ("audit-file", "log", "cannot open it: "),
        (
            "audit-file",
            "open",
            "it can be written by others; correct that with chmod",
        ),
        ("audit-file", "link", "it is a symbolic link; name the file itself"),
        ("audit-file", "second", "it is not a regular file with one name"),
        ("audit-file", "fifo", "it is not a regular file with one name"),
        ("metrics-folder", "missing", "cannot open .fencebox.lock: No such file"),
        ("metrics-folder", "file", "cannot open .fencebox.lock: Not a directory"),
    ];
    for (key, name, words) in cases {
        tree.write(&format!("{key} = {:?}\n", path(name)));
        let outcome = tree.0.call("fence_relay", &lines(&board, "action=status\n"));
        outcome.assert_done("Status: ON\n");
        let warnings = warnings(&outcome, &key.replace('-', " "));
        assert_eq!(warnings.len(), 1, "{outcome:?}");
        assert!(
            warnings[0].contains("WARNING: fence_relay: ") && warnings[0].contains(words),
            "{warnings:?}"
        );
        assert!(warnings[0].ends_with("; the action goes on without it"), "{warnings:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    }
    assert!(!path("log/other").exists());
}

#[test]
fn settings_that_cannot_be_used_cost_one_warning() {
    let (tree, board) = (Observed::new(), board());
    let good = fs::read_to_string(tree.settings()).unwrap();
    let check = |words: &str| {
        let outcome = tree.0.call("fence_relay", &lines(&board, "action=status\n"));
        outcome.assert_done("Status: ON\n");
        let [warning] = outcome.stderr.lines().collect::<Vec<_>>()[..] else {
            panic!("{outcome:?}")
        };
        assert!(
            warning.contains("WARNING: fence_relay: ") && warning.contains(words),
            "{warning}"
        );
        assert!(warning.ends_with("; the action goes on without this file"), "{warning}");
        assert!(!tree.audit_file().exists(), "{words}");
    };
    for (text, words) in [
        ("audit_file = \"/x\"\n", "observe.toml:1: unknown field `audit_file`"),
        ("\naudit-file = 7\n", "observe.toml:2: "),
        (
            "audit-file = \"audit.log\"\n",
            "observe.toml:1: audit-file: \"audit.log\" is not an absolute path",
        ),
        ("[fence_relay]\n", "observe.toml:1: unknown field `fence_relay`"),
    ] {
        tree.write(text);
        check(words);
    }
    tree.write(&good);
    chmod(&tree.settings(), 0o666);
    check("can be written by others (mode 666); only root may own observe.toml and write it (chown, chmod)");
    std::os::unix::fs::chown(tree.settings(), Some(65534), None).unwrap();
    chmod(&tree.settings(), 0o644);
    check("only root may own observe.toml and write it");
    let elsewhere = tree.0.path("elsewhere.toml");
    fs::write(&elsewhere, &good).unwrap();
    fs::remove_file(tree.settings()).unwrap();
    symlink(&elsewhere, tree.settings()).unwrap();
    check("only root may own observe.toml and write it");
}

#[test]
fn a_full_disk_costs_one_warning_for_each_destination() {
    let (tree, board) = (Observed::new(), board());
    let folder = tree.0.path("full");
    fs::create_dir(&folder).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=8k none {0} && (head -c 4096 /dev/zero | tr '\\0' x >{0}/audit.log) && chmod 640 {0}/audit.log && \
         (head -c 100000 /dev/zero >{0}/fill 2>/dev/null || true)",
        folder.display()
    );
    if !support::needs::are_met(&["unshare", "head"], "-m", &script) {
        return;
    }
    tree.write(&format!(
        "audit-file = \"{0}/audit.log\"\nmetrics-folder = \"{0}\"\n",
        folder.display()
    ));
    let agent = tree.0.command("fence_relay");
    let mut shell = isolated("unshare");
    let after = format!(
        "{script}\n\"$0\"; code=$?; cat {}/audit.log >&2; exit $code",
        folder.display()
    );
    shell.args(["-m", "sh", "-c", &after]).arg(agent.get_program());
    let outcome = support::observe(&mut shell, lines(&board, "action=off\n").as_bytes());
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), "Success: Powered OFF\n"),
        "{outcome:?}"
    );
    for about in ["audit file", "metrics folder"] {
        let warnings = warnings(&outcome, about);
        assert_eq!(warnings.len(), 1, "{outcome:?}");
        assert!(warnings[0].contains("o space left on device"), "{warnings:?}");
    }
}

#[test]
fn a_folder_without_write_permission_costs_one_warning() {
    let (tree, board) = (Observed::new(), board());
    let folder = tree.metrics_folder();
    let script = format!("mount --bind {0} {0} && mount -o remount,bind,ro {0}", folder.display());
    if !support::needs::are_met(&["unshare"], "-m", &script) {
        return;
    }
    let mut shell = isolated("unshare");
    let agent = tree.0.command("fence_relay");
    shell
        .args(["-m", "sh", "-c", &format!("{script}\nexec \"$0\"")])
        .arg(agent.get_program());
    let outcome = support::observe(&mut shell, lines(&board, "action=off\n").as_bytes());
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), "Success: Powered OFF\n"),
        "{outcome:?}"
    );
    let warnings = warnings(&outcome, "metrics folder");
    assert_eq!(warnings.len(), 1, "{outcome:?}");
    assert!(warnings[0].contains("Read-only file system"), "{warnings:?}");
    assert_eq!(tree.records().len(), 2);
}
