//! The plugin of docs/plugins.md in other languages: built, installed and run by the real program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};

use fencebox_sim::{Power, Simulator, relay};
use support::languages::{COMPONENTIZE_JS, COMPONENTIZE_PY, COMPONENTIZE_QJS, Language};
use support::{Outcome, isolated};
use tempfile::TempDir;

use crate::support;

#[test]
fn python_plugin_of_componentize_py_fences() {
    assert_fences(&COMPONENTIZE_PY);
}

#[test]
fn javascript_plugin_of_componentize_qjs_fences() {
    assert_fences(&COMPONENTIZE_QJS);
}

#[test]
fn javascript_plugin_of_componentize_js_fences() {
    assert_fences(&COMPONENTIZE_JS);
}

/// One test for each tool, because to compile such a component takes most of its time.
fn assert_fences(language: &Language) {
    let Some(component) = language.component() else {
        return;
    };
    let tree = Tree::with(&component);
    documents_are_those_of_the_plugin(&tree);
    power_is_read_and_switched(&tree.beside_a_board());
    credentials_are_refused(&tree.beside_a_board());
    plugs_are_percent_encoded(&tree.beside_a_board());
    unknown_words_are_neither_on_nor_off(&tree.beside_a_board());
    failures_have_the_errors_of_the_contract(&tree.beside_a_board());
    no_fault_ends_in_a_false_success(&tree);
}

/// Every fault at each exchange of `off`, with the command that authors of plugins use. Such a component is slow to start,
/// so the other actions are left to the tests of the plugin in Rust.
fn no_fault_ends_in_a_false_success(tree: &Tree) {
    let board = Simulator::start(relay::config()).unwrap();
    let mut test = isolated(support::program("fencebox"));
    test.arg("test")
        .arg(tree.installed())
        .args(["--case", "off/on", "--", "ip=127.0.0.1", "plug=1"]);
    test.args(["username=fencer", "password=s3cret"])
        .arg(format!("ipport={}", board.address().port()));
    let outcome = support::observe(&mut test, b"");
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(outcome.stdout.ends_with(" runs, 0 false successes\n"), "{outcome:?}");
    let runs: usize = outcome
        .stdout
        .lines()
        .last()
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(runs > 80, "{outcome:?}");
}

/// An install tree with the plugin.
struct Tree(TempDir);

impl Tree {
    fn with(component: &Path) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        let programs = tree.0.path().join("usr/sbin");
        fs::create_dir_all(&programs).unwrap();
        let (real, copy) = (support::program("fencebox"), programs.join("fencebox"));
        // A hard link if possible, because the file is large.
        if fs::hard_link(&real, &copy).is_err() {
            fs::copy(&real, &copy).unwrap();
        }
        let mut install = isolated(copy);
        install.arg("install").arg(component);
        // To compile an interpreter takes hundreds of MiB, so the limit of `support::run` does not apply.
        let outcome = support::observe(&mut install, b"");
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        for words in [
            "\n  the plugin does not see the password\n",
            "\nfence_relay is installed: ",
        ] {
            assert!(outcome.stdout.contains(words), "no {words:?} in {outcome:?}");
        }
        tree
    }

    /// The plugin file, which has its compiled form beside it.
    fn installed(&self) -> PathBuf {
        let store = self.0.path().join("usr/local/lib/fencebox/plugins/store");
        let folder = fs::read_dir(store).unwrap().next().unwrap().unwrap().path();
        folder.join("fence_relay.wasm")
    }

    fn run(&self, stdin: &str) -> Outcome {
        support::run(isolated(self.0.path().join("usr/sbin/fence_relay")), stdin)
    }

    fn beside_a_board(&self) -> Setup<'_> {
        let board = Simulator::start(relay::config()).unwrap();
        Setup { tree: self, board }
    }
}

/// The plugin, and a board of its own for each case.
struct Setup<'a> {
    tree: &'a Tree,
    board: Simulator,
}

impl Setup<'_> {
    fn call(&self, more: &str) -> Outcome {
        let port = self.board.address().port();
        let lines = "username=fencer\npassword=s3cret\nstonith_status_sleep=0\nip=127.0.0.1\n";
        self.tree.run(&format!("{lines}ipport={port}\n{more}"))
    }
}

fn documents_are_those_of_the_plugin(tree: &Tree) {
    let metadata = tree.run("action=metadata\n");
    assert_eq!((metadata.exit, metadata.stderr.as_str()), (Some(0), ""), "{metadata:?}");
    for words in [
        "name=\"fence_relay\"",
        "Fence agent for JSON relay boards",
        "default=\"8443\"",
    ] {
        assert!(metadata.stdout.contains(words), "no {words:?} in {metadata:?}");
    }
}

fn power_is_read_and_switched(setup: &Setup<'_>) {
    let status = setup.call("plug=1\naction=status\n");
    status.assert_done("Status: ON\n");
    assert_eq!(status.stderr, "", "the compiled form was used");
    setup.call("action=list\n").assert_done("1,\n2,\n3,\n");
    setup.call("action=list-status\n").assert_done("1,,ON\n2,,OFF\n3,,ON\n");
    setup.call("plug=1\naction=monitor\n").assert_done("");
    setup.call("plug=1\naction=off\n").assert_done("Success: Powered OFF\n");
    assert_eq!(setup.board.power("1"), Some(Power::Off));
    let off = setup.call("plug=1\naction=status\n");
    assert_eq!((off.exit, off.stdout.as_str()), (Some(2), "Status: OFF\n"), "{off:?}");
    setup.call("plug=3\naction=reboot\n").assert_done("Success: Rebooted\n");
    assert_eq!(setup.board.history("3"), [Power::On, Power::Off, Power::On]);
}

fn credentials_are_refused(setup: &Setup<'_>) {
    let wrong = setup.call("plug=1\naction=off\npassword=wrong\n");
    wrong.assert_refused(&["login refused", "who are you?", "status 401"]);
    assert_eq!(setup.board.requests().len(), 1, "never repeated");
    assert_eq!(setup.board.power("1"), Some(Power::On));
}

fn plugs_are_percent_encoded(setup: &Setup<'_>) {
    let missing = setup.call("plug=1/é?x\naction=off\n");
    missing.assert_refused(&["the device has no plug \"1/é?x\""]);
    let requests = setup.board.requests();
    assert!(!requests.is_empty());
    assert!(
        requests
            .iter()
            .all(|request| request.target == "/relays/1%2F%C3%A9%3Fx"),
        "{requests:?}"
    );
    setup
        .call("plug=../1\naction=off\n")
        .assert_refused(&["refused", "stands for"]);
    assert_eq!(setup.board.requests().len(), requests.len(), "nothing was sent");
}

fn unknown_words_are_neither_on_nor_off(setup: &Setup<'_>) {
    let word = Power::Other("booting".to_owned());
    setup.board.set_power("1", word).unwrap();
    setup
        .call("plug=1\naction=status\n")
        .assert_refused(&["neither on nor off"]);
    setup
        .call("action=list-status\n")
        .assert_done("1,,UNKNOWN\n2,,OFF\n3,,ON\n");
}

fn failures_have_the_errors_of_the_contract(setup: &Setup<'_>) {
    for (fault, words) in [
        ("read*1=status:403", "not permitted: "),
        ("read*1=retry-after:1", "busy: "),
        (
            "read*1=json-bom",
            "unexpected answer: the answer to GET /relays/1 is not JSON",
        ),
        ("read*1=json-nulls", "unexpected answer: a relay without a state"),
        ("read*1=drop-before", "no connection: "),
    ] {
        setup.board.add_fault(relay::plan(fault).unwrap());
        let outcome = setup.call("plug=1\naction=status\nverbose=1\n");
        assert!(outcome.stderr.contains(words), "{fault}: no {words:?} in {outcome:?}");
        // Only a missing permission stays.
        assert_eq!(
            outcome.exit,
            Some(i32::from(fault.ends_with("403"))),
            "{fault}: {outcome:?}"
        );
    }
}
