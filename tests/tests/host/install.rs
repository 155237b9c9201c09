//! `fencebox install`, `remove` and `verify`, by the real program in its own install tree.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

mod approvals;
mod damage;
mod refusals;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::isolated;
use support::Outcome;
use tempfile::TempDir;

/// An install tree without a plugin.
struct Tree {
    root: TempDir,
}

impl Tree {
    fn new() -> Self {
        let tree = Self {
            root: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(tree.path("usr/sbin")).unwrap();
        let (real, copy) = (support::program("fencebox"), tree.path("usr/sbin/fencebox"));
        // A hard link if possible, because the file is large.
        if fs::hard_link(&real, &copy).is_err() {
            fs::copy(&real, &copy).unwrap();
        }
        tree
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    /// The folder of the administrator's plugins.
    fn plugins(&self) -> PathBuf {
        self.path("usr/local/lib/fencebox/plugins")
    }

    /// The file that an installed agent's link points to.
    fn stored(&self, name: &str) -> PathBuf {
        self.plugins().join(format!("{name}.wasm")).canonicalize().unwrap()
    }

    fn programs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("usr/sbin")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn fencebox(&self, arguments: &[&str]) -> Outcome {
        let mut command = isolated(self.path("usr/sbin/fencebox"));
        command.args(arguments);
        support::run(command, "")
    }

    /// Installs a built plugin as the agent of this name.
    fn install(&self, built: &str, name: &str, flags: &[&str]) -> Outcome {
        let wasm = fs::read(support::tree().join(format!("usr/lib/fencebox/plugins/{built}.wasm"))).unwrap();
        self.install_bytes(&wasm, &format!("{name}.wasm"), flags)
    }

    fn install_bytes(&self, bytes: &[u8], file: &str, flags: &[&str]) -> Outcome {
        let download = self.path("download");
        fs::create_dir_all(&download).unwrap();
        let file = download.join(file);
        fs::write(&file, bytes).unwrap();
        self.fencebox(&[&["install", file.to_str().unwrap()], flags].concat())
    }

    fn remove(&self, name: &str) -> Outcome {
        self.fencebox(&["remove", name])
    }

    fn verify(&self) -> Outcome {
        self.fencebox(&["verify"])
    }

    /// Runs an action of an agent as the cluster does.
    fn act(&self, name: &str, action: &str) -> Outcome {
        let command = isolated(self.path("usr/sbin").join(name));
        support::run(command, &format!("action={action}\nplug=1\n"))
    }

    /// The same for `fence_wide`, which needs an address.
    fn act_wide(&self, name: &str, action: &str) -> Outcome {
        let command = isolated(self.path("usr/sbin").join(name));
        support::run(command, &format!("action={action}\nplug=1\nip=192.0.2.1\nssl=1\n"))
    }

    #[track_caller]
    fn assert_verified(&self, agents: usize) {
        self.verify().assert_done(&format!("{agents} agents verified\n"));
    }
}

/// Asserts exit code 0, an empty standard error, and these words on standard output.
#[track_caller]
fn assert_said(outcome: &Outcome, words: &[&str]) {
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    for word in words {
        assert!(outcome.stdout.contains(word), "no {word:?} in {outcome:?}");
    }
}

/// Asserts exit code 1 and one line on standard error, whatever was printed before on standard output.
#[track_caller]
fn assert_refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "one line: {outcome:?}");
    for word in words {
        assert!(outcome.stderr.contains(word), "no {word:?} in {outcome:?}");
    }
}

const NARROW: [&str; 3] = ["fence_narrow", "fence_narrow_both", "fence_narrow_old"];
const WIDE: [&str; 3] = ["fence_narrow", "fence_narrow_both", "fence_narrow_new"];

#[test]
fn a_plugin_is_installed_used_and_removed() {
    let tree = Tree::new();
    let outcome = tree.install("fence_narrow", "fence_narrow", &[]);
    assert_said(
        &outcome,
        &[
            "fence_narrow - Test fixture",
            "further name: fence_narrow_old - ",
            "needs approval:\n  api: https to api.example.com; fencebox logs in\n",
            "\n  the plugin does not see the password\n",
            "fence_narrow is installed: ",
            "usr/sbin/fence_narrow_both\n",
        ],
    );
    for name in NARROW {
        let status = tree.act(name, "status");
        status.assert_done("Status: ON\n");
        assert_eq!(status.stderr, "", "the compiled form was used");
        assert!(tree.act(name, "metadata").stdout.contains(&format!("name=\"{name}\"")));
    }
    assert_eq!(
        fs::read_link(tree.path("usr/sbin/fence_narrow")).unwrap(),
        Path::new("fencebox")
    );
    assert!(tree.fencebox(&["list"]).stdout.contains("fence_narrow_old"));
    tree.assert_verified(3);

    assert_said(
        &tree.install("fence_narrow", "fence_narrow", &[]),
        &["fence_narrow is installed already: "],
    );
    assert_said(&tree.remove("fence_narrow"), &["fence_narrow is removed\n"]);
    assert_eq!(tree.programs(), ["fencebox"]);
    tree.assert_verified(0);
    tree.remove("fence_narrow")
        .assert_refused(&["fence_narrow is not installed in "]);
    assert!(!tree.fencebox(&["list"]).stdout.contains("fence_narrow"));
}

#[test]
fn the_record_describes_the_installation() {
    let tree = Tree::new();
    assert_said(
        &tree.install("fence_wide", "fence_narrow", &[]),
        &["fence_narrow is installed: "],
    );
    let stored = tree.stored("fence_narrow");
    let text = fs::read_to_string(stored.with_extension("json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sum = support::run(
        {
            let mut sum = isolated("sha256sum");
            sum.arg(&stored);
            sum
        },
        "",
    );
    assert_eq!(record["sha256"].as_str(), sum.stdout.split_whitespace().next());
    assert_eq!(record["size"], fs::metadata(&stored).unwrap().len());
    assert_eq!(record["name"], "fence_narrow");
    let (description, approved) = (&record["descriptions"], &record["approved"]["agents"]);
    for name in WIDE {
        assert_eq!(description[name]["shortdesc"], "Test fixture that misbehaves");
        assert_eq!(approved[name]["endpoints"][1]["addresses"][0]["from-option"], "ip");
    }
    assert_eq!(
        approved["fence_narrow"]["files"],
        serde_json::json!([{"option": "room", "kind": "folder", "access": "write"}])
    );
    assert!(record["installed"]["time"].as_str().unwrap().ends_with('Z'));
    assert!(record["installed"]["user"].is_u64());
}

#[test]
fn an_upgrade_that_needs_more_is_refused_without_grant() {
    let tree = Tree::new();
    tree.install("fence_narrow", "fence_narrow", &[]);
    let before = tree.stored("fence_narrow");
    let outcome = tree.install("fence_wide", "fence_narrow", &[]);
    let more = [
        "api: the plugin logs in itself and sees the password, which was hidden from it before",
        "anywhere: https, or http if the options say so to the address in option ip, the port in option ipport",
        "reads, creates and replaces files in the folder in option room",
        "bmc: sends to and receives from bmc.example.com, port 623, by UDP",
        "it has the further name fence_narrow_new",
    ];
    assert_refused(
        &outcome,
        &[
            "fence_narrow is not upgraded",
            "--grant",
            more[0],
            more[1],
            more[2],
            more[3],
        ],
    );
    assert!(outcome.stdout.contains("not approved:\n"), "{outcome:?}");
    for line in more {
        assert!(outcome.stdout.contains(&format!("  {line}")), "{line}: {outcome:?}");
    }
    assert_eq!(tree.stored("fence_narrow"), before);
    for name in NARROW {
        tree.act(name, "status").assert_done("Status: ON\n");
    }
    tree.assert_verified(3);

    let outcome = tree.install("fence_wide", "fence_narrow", &["--grant"]);
    assert_said(&outcome, &["now approved:\n", "fence_narrow is upgraded: "]);
    for name in WIDE {
        let status = tree.act_wide(name, "status");
        assert_eq!(
            (status.exit, status.stdout.as_str()),
            (Some(2), "Status: OFF\n"),
            "{status:?}"
        );
    }
    assert_eq!(tree.programs(), [&WIDE[..], &["fencebox"]].concat());
    assert!(!before.exists(), "the old plugin is removed");
    tree.assert_verified(3);

    // A smaller set of capabilities needs no approval and is shown; a new further name needs approval.
    let outcome = tree.install("fence_narrow", "fence_narrow", &[]);
    assert_refused(&outcome, &["(it has the further name fence_narrow_old)"]);
    let outcome = tree.install("fence_narrow", "fence_narrow", &["--grant"]);
    assert_said(&outcome, &["no longer needed:\n", "fence_narrow is upgraded: "]);
    assert_eq!(tree.programs(), [&NARROW[..], &["fencebox"]].concat());
    tree.assert_verified(3);
    assert_refused(
        &tree.install("fence_wide", "fence_narrow", &[]),
        &["needs more than was approved"],
    );
}

#[test]
fn plugins_can_be_installed_without_programs() {
    let tree = Tree::new();
    assert_said(
        &tree.install("fence_narrow", "fence_narrow", &["--no-links"]),
        &["fence_narrow is installed: "],
    );
    assert_eq!(tree.programs(), ["fencebox"]);
    tree.assert_verified(3);
    assert_said(&tree.install("fence_narrow", "fence_narrow", &[]), &["program: "]);
    assert_eq!(tree.programs(), [&NARROW[..], &["fencebox"]].concat());
    tree.assert_verified(3);
}

/// Plugins of a package have records too, and no record contains the path where it was made.
#[test]
fn a_tree_made_by_xtask_is_verified() {
    let mut verify = isolated(support::program("fencebox"));
    verify.args([
        "verify",
        "fence_clc",
        "fence_xenapi",
        "fence_ovh",
        "fence_dummy",
        "fence_dummy_recorder",
    ]);
    support::run(verify, "").assert_done("5 agents verified\n");
    let record = support::tree().join("usr/lib/fencebox/plugins/fence_clc.json");
    let record: serde_json::Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(record.get("installed"), None);
}
