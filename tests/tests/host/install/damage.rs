//! Each kind of damage to an installation: `verify` reports it, and agents refuse to act with changed files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use super::{Tree, assert_said};
use crate::support;

fn installed() -> Tree {
    let tree = Tree::new();
    assert_said(&tree.install("fence_narrow", "fence_narrow", &[]), &[]);
    tree.assert_verified(3);
    tree
}

/// `verify` fails, with one line for each of these items that contains its words.
#[track_caller]
fn found(tree: &Tree, words: &[&[&str]]) {
    let outcome = tree.verify();
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains(" found ("), "{outcome:?}");
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), words.len(), "{outcome:?}");
    for words in words {
        let told = lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(told, "no line with {words:?}: {outcome:?}");
    }
}

/// A new installation of the plugin repairs it.
#[track_caller]
fn repaired(tree: &Tree) {
    assert_said(&tree.install("fence_narrow", "fence_narrow", &[]), &[]);
    tree.assert_verified(3);
    tree.act("fence_narrow", "status").assert_done("Status: ON\n");
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_swapped_plugin_refuses_every_action() {
    let tree = installed();
    let stored = tree.stored("fence_narrow");
    let plugins = support::tree().join("usr/lib/fencebox/plugins");
    for extension in ["wasm", "cwasm"] {
        let other = plugins.join("fence_wide").with_extension(extension);
        fs::copy(other, stored.with_extension(extension)).unwrap();
    }
    for action in ["status", "off", "monitor", "validate-all"] {
        let outcome = tree.act("fence_narrow", action);
        outcome.assert_refused(&["is not the file that was installed", "fencebox inspect"]);
    }
    let metadata = tree.act("fence_narrow", "metadata");
    assert_eq!(metadata.exit, Some(0), "documents still work: {metadata:?}");
    assert_said(
        &tree.fencebox(&["inspect", "fence_narrow"]),
        &["every action fails: ", "is not the file that was installed"],
    );
    let list = tree.fencebox(&["list"]).stdout;
    assert!(list.contains("broken: plugin "), "{list}");
    found(&tree, &[&["fence_narrow: ", "is not the file that was installed"]]);
    repaired(&tree);
    // It is refused before it is compiled: an upgrade does not wait for that.
    fs::write(tree.stored("fence_narrow"), "not a component").unwrap();
    let outcome = tree.act("fence_narrow", "status");
    outcome.assert_refused(&["is not the file that was installed", "fencebox inspect"]);
    assert_said(
        &tree.fencebox(&["inspect", "fence_narrow"]),
        &["every action fails: ", "is not the file that was installed"],
    );
    repaired(&tree);
}

/// An edited record is a damaged record, whatever its content.
#[test]
fn an_edited_record_refuses_every_action() {
    let tree = installed();
    let path = tree.stored("fence_narrow").with_extension("json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("api.example.com", "api.example.org")).unwrap();
    let words: &[&str] = &["fence_narrow.json", "its checksum does not match"];
    for action in ["status", "off", "validate-all"] {
        tree.act("fence_narrow", action).assert_refused(words);
    }
    assert_eq!(tree.act("fence_narrow", "metadata").exit, Some(0));
    found(&tree, &[words, words, words]);
}

#[test]
fn a_damaged_or_missing_record_refuses_every_action() {
    let tree = installed();
    let path = tree.stored("fence_narrow").with_extension("json");
    fs::write(&path, "{").unwrap();
    tree.act("fence_narrow", "status")
        .assert_refused(&["fence_narrow.json: it has no checksum"]);
    let words: &[&str] = &["fence_narrow.json: it has no checksum", "install it again"];
    found(&tree, &[words, words, words]);
    fs::remove_file(&path).unwrap();
    tree.act("fence_narrow", "status")
        .assert_refused(&["fence_narrow.json"]);
    let words: &[&str] = &["it has no record"];
    found(&tree, &[words, words, words]);
    assert_said(&tree.install("fence_narrow", "fence_narrow", &["--grant"]), &[]);
    tree.assert_verified(3);
}

#[test]
fn a_compiled_form_of_another_plugin_is_reported() {
    let tree = installed();
    let form = tree.stored("fence_narrow").with_extension("cwasm");
    let other = support::tree().join("usr/lib/fencebox/plugins/fence_clc.cwasm");
    fs::copy(other, &form).unwrap();
    let remedy = form.with_extension("wasm");
    found(
        &tree,
        &[&[
            "it was made from another plugin",
            "fencebox compile",
            remedy.to_str().unwrap(),
        ]],
    );
    assert_said(&tree.fencebox(&["compile", remedy.to_str().unwrap()]), &[]);
    tree.assert_verified(3);
    fs::remove_file(&form).unwrap();
    found(&tree, &[&["the compiled form is missing"]]);
    repaired(&tree);
}

/// A page that the disk lost, and a file of which only the first half was written.
#[test]
fn a_compiled_form_with_zeros_is_reported() {
    let tree = installed();
    let stored = || tree.stored("fence_narrow").with_extension("cwasm");
    let whole = fs::read(stored()).unwrap();
    let middle = whole.len() / 2;
    for (zeros, words) in [
        (middle..middle + 4096, "it is damaged"),
        (middle..whole.len(), "it is incomplete"),
    ] {
        // The previous repair has put the compiled form into another folder.
        let form = stored();
        let mut damaged = whole.clone();
        damaged[zeros].fill(0);
        fs::write(&form, damaged).unwrap();
        found(&tree, &[&["fence_narrow: ", words, "fencebox compile"]]);
        let outcome = tree.act("fence_narrow", "status");
        assert_eq!(outcome.stdout, "Status: ON\n", "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{outcome:?}");
        repaired(&tree);
    }
}

/// A plugin that others could have changed refuses every action, but still prints its metadata.
#[track_caller]
fn assert_untrusted(tree: &Tree, what: &str, words: &[&str]) {
    for action in ["status", "off", "reboot", "on", "monitor"] {
        let outcome = tree.act("fence_narrow", action);
        outcome.assert_refused(words);
        assert!(outcome.stderr.contains("fencebox install"), "{what}: {outcome:?}");
    }
    let metadata = tree.act("fence_narrow", "metadata");
    assert_eq!(metadata.exit, Some(0), "{what}: {metadata:?}");
    assert!(
        metadata.stdout.contains("<resource-agent name=\"fence_narrow\""),
        "{what}"
    );
    assert_said(
        &tree.fencebox(&["inspect", "fence_narrow"]),
        &["every action fails: ", words[0]],
    );
}

#[test]
fn files_that_others_can_write_are_reported() {
    let tree = installed();
    for extension in ["wasm", "json"] {
        let file = tree.stored("fence_narrow").with_extension(extension);
        for mode in [0o664, 0o666] {
            chmod(&file, mode);
            let words = format!("can be written by others (mode {mode:o})");
            let words = [file.to_str().unwrap(), &words];
            found(&tree, &[&words]);
            assert_untrusted(&tree, extension, &words);
        }
        chmod(&file, 0o644);
        tree.act("fence_narrow", "status").assert_done("Status: ON\n");
        tree.assert_verified(3);
    }
    let form = tree.stored("fence_narrow").with_extension("cwasm");
    chmod(&form, 0o666);
    found(
        &tree,
        &[&[form.to_str().unwrap(), "can be written by others (mode 666)"]],
    );
    let outcome = tree.act("fence_narrow", "status");
    assert_eq!(outcome.stdout, "Status: ON\n", "{outcome:?}");
    assert!(outcome.stderr.contains("compiling in memory"), "{outcome:?}");
    repaired(&tree);
}

#[test]
fn folders_that_others_can_write_are_reported() {
    let tree = installed();
    let folder = tree.path("usr/local");
    chmod(&folder, 0o777);
    let words = format!("the folder {} can be written by others (mode 777)", folder.display());
    found(&tree, &[&[&words]]);
    assert_untrusted(&tree, "a folder", &[&words]);
    let refused = tree.install("fence_wide", "fence_narrow", &["--grant"]);
    super::assert_refused(&refused, &["nothing is installed into ", &words, "chmod"]);
    chmod(&folder, 0o755);
    tree.assert_verified(3);
}

/// A user who can replace the link can choose the plugin.
#[test]
fn a_link_that_others_can_replace_is_reported() {
    let tree = installed();
    let (link, open) = (tree.plugins().join("fence_narrow.wasm"), tree.path("open"));
    fs::create_dir(&open).unwrap();
    let stored = tree.stored("fence_narrow");
    symlink(&stored, open.join("way.wasm")).unwrap();
    fs::remove_file(&link).unwrap();
    symlink(open.join("way.wasm"), &link).unwrap();
    tree.act("fence_narrow", "status").assert_done("Status: ON\n");
    chmod(&open, 0o777);
    let words = format!("the folder {} can be written by others (mode 777)", open.display());
    tree.act("fence_narrow", "off").assert_refused(&[&words]);
    assert!(tree.verify().stdout.contains(&words));
}

/// Only root can change the owner of a file.
#[test]
fn wrong_owners_are_reported() {
    let tree = installed();
    let other_user = "belongs to user 54321";
    for extension in ["wasm", "json"] {
        let file = tree.stored("fence_narrow").with_extension(extension);
        if chown(&file, Some(54_321), None).is_err() {
            return;
        }
        found(&tree, &[&[file.to_str().unwrap(), other_user]]);
        assert_untrusted(&tree, extension, &[file.to_str().unwrap(), other_user]);
        chown(&file, Some(0), None).unwrap();
    }
    tree.assert_verified(3);
    chown(tree.plugins(), Some(54_321), None).unwrap();
    let outcome = tree.verify();
    assert_eq!(outcome.exit, Some(1));
    assert!(outcome.stdout.contains("plugins belongs to user 54321"), "{outcome:?}");
    assert_untrusted(&tree, "the folder of plugins", &[other_user]);
}

#[test]
fn wrong_links_are_reported() {
    let tree = installed();
    fs::remove_file(tree.path("usr/sbin/fence_narrow_both")).unwrap();
    found(
        &tree,
        &[&["fence_narrow_both: its program", "is not a link to fencebox"]],
    );
    repaired(&tree);
    fs::remove_file(tree.plugins().join("fence_narrow_both.wasm")).unwrap();
    found(
        &tree,
        &[
            &["fence_narrow: its further name fence_narrow_both does not lead to it"],
            &["fence_narrow_both: ", "fence_narrow_both has no plugin"],
        ],
    );
    repaired(&tree);
    symlink("fencebox", tree.path("usr/sbin/fence_gone")).unwrap();
    found(&tree, &[&["fence_gone: ", "has no plugin"]]);
    fs::remove_file(tree.path("usr/sbin/fence_gone")).unwrap();
    let main = tree.plugins().join("fence_narrow.wasm");
    fs::remove_file(&main).unwrap();
    symlink("store/fence_narrow-0/fence_narrow.wasm", &main).unwrap();
    let outcome = tree.verify();
    assert!(
        outcome.stdout.contains("fence_narrow.wasm is a broken link"),
        "{outcome:?}"
    );
    tree.install("fence_narrow", "fence_narrow", &["--grant"]);
    tree.assert_verified(3);
}

#[test]
fn leftovers_are_reported() {
    let tree = installed();
    let store = tree.plugins().join("store");
    fs::create_dir(store.join("fence_narrow-0")).unwrap();
    fs::write(store.join("fence_narrow-0/fence_narrow.wasm"), "half").unwrap();
    symlink("nowhere", tree.plugins().join(".fence_narrow.wasm.new")).unwrap();
    let words: &[&str] = &["left by an interrupted change"];
    found(&tree, &[words, words]);
    repaired(&tree);
    fs::write(tree.plugins().join("notes.txt"), "").unwrap();
    fs::write(tree.stored("fence_narrow").with_extension("cwasm.7"), "").unwrap();
    let words: &[&str] = &["belongs to no plugin; remove it"];
    found(&tree, &[words, words]);
}

#[test]
fn one_agent_can_be_verified_by_name() {
    let tree = installed();
    tree.fencebox(&["verify", "fence_narrow_old"])
        .assert_done("1 agents verified\n");
    let outcome = tree.fencebox(&["verify", "fence_none"]);
    assert_eq!(outcome.exit, Some(1));
    assert!(
        outcome.stdout.contains("fence_none: no such plugin is installed"),
        "{outcome:?}"
    );
}
