//! Compiled forms that do not belong to the plugin next to them: none is run, and none prevents fencing.

use std::fs;

use crate::sandbox::tree::Tree;
use crate::sandbox::{assert_printable, options, show};
use crate::support::isolated;

const AGENT: &str = "fence_rows";
/// If it ran, it would report that it is another agent, whatever its name.
const OTHER: &str = "fence_impostor";

/// The plugin with its compiled form.
fn tree() -> Tree {
    let tree = Tree::new();
    tree.add(AGENT, &Tree::bytes_of(AGENT));
    assert_eq!(tree.compile(AGENT).exit, Some(0));
    assert_eq!(tree.record(AGENT).exit, Some(0));
    tree
}

#[track_caller]
fn assert_not_trusted(what: &str, tree: &Tree, words: &[&str]) {
    for (action, success) in [("status", "Status: ON\n"), ("off", "Success: Powered OFF\n")] {
        let outcome = tree.call(AGENT, &options(action, ""));
        show(&format!("{what}, {action}"), &outcome);
        outcome.assert_done(success);
        assert_eq!(outcome.stderr.lines().count(), 1, "{what}: {outcome:?}");
        assert!(outcome.stderr.contains(" WARNING: "), "{what}: {outcome:?}");
        for word in words.iter().chain(&["fence_rows.cwasm", "run `fencebox compile "]) {
            assert!(outcome.stderr.contains(word), "{what}: no {word:?} in {outcome:?}");
        }
        assert_printable(what, &outcome.stderr);
    }
}

#[test]
fn a_form_of_another_plugin_is_not_trusted() {
    let tree = tree();
    tree.add(OTHER, &Tree::bytes_of(OTHER));
    assert_eq!(tree.compile(OTHER).exit, Some(0));
    fs::rename(tree.form(OTHER), tree.form(AGENT)).unwrap();
    assert_not_trusted(
        "another plugin's form",
        &tree,
        &["from another plugin or by another build"],
    );
    // The warning ends after a new compilation.
    assert_eq!(tree.compile(AGENT).exit, Some(0));
    let outcome = tree.call(AGENT, &options("status", ""));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("Status: ON\n", ""));
}

const INCOMPLETE: &[&str] = &["it is incomplete, or another build made it"];
const DAMAGED: &[&str] = &["it is damaged: its checksum is wrong"];

/// A form that was made before forms had a checksum.
#[test]
fn a_form_of_an_older_build_is_not_trusted() {
    let tree = tree();
    let form = fs::read(tree.form(AGENT)).unwrap();
    fs::write(tree.form(AGENT), &form[..form.len() - 12]).unwrap();
    assert_not_trusted("an older build's form", &tree, INCOMPLETE);
}

#[test]
fn a_form_that_is_incomplete_or_garbage_is_not_trusted() {
    let tree = tree();
    let form = fs::read(tree.form(AGENT)).unwrap();
    let mut garbage = form.clone();
    garbage[64..].fill(0x55);
    for (what, bytes) in [
        ("an empty form", &[][..]),
        ("half a form", &form[..form.len() / 2]),
        ("all but one byte of a form", &form[..form.len() - 1]),
        ("a form with the right beginning", &garbage),
    ] {
        fs::write(tree.form(AGENT), bytes).unwrap();
        assert_not_trusted(what, &tree, INCOMPLETE);
    }
    fs::File::create(tree.form(AGENT)).unwrap().set_len(1 << 40).unwrap();
    assert_not_trusted("a form of 1 TiB", &tree, INCOMPLETE);
}

/// A disk that lost a page or was full leaves such a file. Code of zeros would end the agent with a signal during
/// `off`.
#[test]
fn a_form_with_zeros_is_not_trusted() {
    let tree = tree();
    let form = fs::read(tree.form(AGENT)).unwrap();
    let (middle, seal) = (form.len() / 2, form.len() - 12);
    for (what, zeros) in [
        ("4 KiB of zeros in the middle", middle..middle + 4096),
        ("zeros in the second half", middle..seal),
    ] {
        let mut damaged = form.clone();
        damaged[zeros].fill(0);
        fs::write(tree.form(AGENT), damaged).unwrap();
        assert_not_trusted(what, &tree, DAMAGED);
    }
}

#[test]
fn a_form_that_is_not_a_file_is_not_trusted() {
    let tree = tree();
    fs::remove_file(tree.form(AGENT)).unwrap();
    assert!(isolated("mkfifo").arg(tree.form(AGENT)).status().unwrap().success());
    assert_not_trusted("a pipe as a form", &tree, &["not a regular file"]);
}
