//! Files that are in the place of a plugin but are not plugins.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use crate::sandbox::tree::Tree;
use crate::sandbox::{ACTIONS, assert_contained, options};
use crate::support::isolated;

/// The agent whose plugin is replaced.
const AGENT: &str = "fence_x";
/// A plugin that works.
const PLUGIN: &str = "fence_rows";

#[track_caller]
fn assert_refused(what: &str, tree: &Tree, words: &[&str]) {
    for action in ACTIONS {
        let outcome = tree.call(AGENT, &options(action, ""));
        assert_contained(AGENT, &format!("{what}, {action}"), &outcome, words);
    }
}

/// The file cannot be compiled either, so the error is reported before the agent is needed.
#[track_caller]
fn assert_refused_early(what: &str, tree: &Tree, words: &[&str]) {
    assert_refused(what, tree, words);
    let compiled = tree.compile(AGENT);
    compiled.assert_refused(&["fence_x.wasm"]);
    assert!(!tree.form(AGENT).exists(), "{what}");
}

/// A tree in which the plugin has these bytes.
fn tree_with(bytes: &[u8]) -> Tree {
    let tree = Tree::new();
    tree.add(AGENT, bytes);
    tree
}

/// The bytes with one text replaced by another of the same length.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty(), "no {from}");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn bytes_that_are_not_a_plugin_are_rejected() {
    let whole = Tree::bytes_of(PLUGIN);
    let module = wat::parse_str("(module)").unwrap();
    for (what, bytes) in [
        ("an empty file", Vec::new()),
        ("a script", b"#!/bin/sh\nexit 0\n".to_vec()),
        ("a core module", module),
        ("zeros", vec![0; 1 << 20]),
        ("twice", [whole.clone(), whole].concat()),
    ] {
        assert_refused_early(what, &tree_with(&bytes), &["is not a fencebox plugin"]);
    }
    let empty = tree_with(b"\0asm\x0d\0\x01\0");
    assert_refused(
        "an empty component",
        &empty,
        &["is not a fencebox plugin", "export!(Type) is missing"],
    );
}

#[test]
fn a_truncated_plugin_is_rejected() {
    let whole = Tree::bytes_of(PLUGIN);
    let tree = Tree::new();
    tree.name(AGENT);
    let starts = (0..64)
        .chain((64..whole.len()).step_by(whole.len() / 48))
        .chain([whole.len() - 1]);
    for length in starts {
        fs::write(tree.plugin(AGENT), &whole[..length]).unwrap();
        let outcome = tree.call(AGENT, &options("off", ""));
        assert_contained(
            AGENT,
            &format!("{length} bytes"),
            &outcome,
            &["is not a fencebox plugin"],
        );
    }
}

#[test]
fn a_plugin_with_other_exports_or_imports_is_rejected() {
    let whole = || Tree::bytes_of(PLUGIN);
    let (device, devise) = ("fencebox:agent/device@0.1.0", "fencebox:agent/devise@0.1.0");
    let other = tree_with(&renamed(whole(), device, devise));
    assert_refused("no device", &other, &["is not a fencebox plugin", device]);
    let (environment, elsewhere) = ("wasi:cli/environment@0.2", "evil:cli/environment@0.2");
    let tree = Tree::new();
    tree.add(AGENT, &renamed(whole(), environment, elsewhere));
    // It is refused before it is compiled.
    tree.compile(AGENT).assert_refused(&["evil:cli/environment"]);
    for action in ACTIONS {
        let outcome = tree.call(AGENT, &options(action, ""));
        let words = ["is not a fencebox plugin", "evil:cli/environment"];
        assert_contained(AGENT, &format!("another import, {action}"), &outcome, &words);
    }
}

#[test]
fn plugins_that_are_not_files_are_rejected() {
    let folder = Tree::new();
    folder.name(AGENT);
    fs::create_dir(folder.plugin(AGENT)).unwrap();
    assert_refused_early("a folder", &folder, &["not a regular file"]);

    // Opening a pipe would wait for a writer.
    let pipe = Tree::new();
    pipe.name(AGENT);
    let made = isolated("mkfifo").arg(pipe.plugin(AGENT)).status().unwrap();
    assert!(made.success());
    assert_refused_early("a pipe", &pipe, &["not a regular file"]);

    let socket = Tree::new();
    socket.name(AGENT);
    let _listener = std::os::unix::net::UnixListener::bind(socket.plugin(AGENT)).unwrap();
    assert_refused_early("a socket", &socket, &["fence_x.wasm: "]);

    let zeros = Tree::new();
    zeros.name(AGENT);
    symlink("/dev/zero", zeros.plugin(AGENT)).unwrap();
    assert_refused_early("a device that never ends", &zeros, &["not a regular file"]);

    let circle = Tree::new();
    circle.name(AGENT);
    symlink(circle.plugin(AGENT), circle.plugin(AGENT)).unwrap();
    let outcome = circle.call(AGENT, &options("off", ""));
    assert_contained(AGENT, "a link to itself", &outcome, &["no plugin for fence_x"]);
}

/// A file that is too large is not read at all.
#[test]
fn a_file_that_is_too_large_is_rejected() {
    for size in [64 * 1024 * 1024 + 1, 1 << 30, 1 << 40] {
        let tree = Tree::new();
        tree.name(AGENT);
        File::create(tree.plugin(AGENT)).unwrap().set_len(size).unwrap();
        assert_refused_early(&format!("{size} bytes"), &tree, &["is larger than 64 MiB"]);
    }
    let tree = Tree::new();
    tree.name(AGENT);
    File::create(tree.plugin(AGENT))
        .unwrap()
        .set_len(64 * 1024 * 1024)
        .unwrap();
    assert_refused_early("64 MiB", &tree, &["is not a fencebox plugin"]);
}

/// The plugin's own name counts, not the target of a link.
#[test]
fn a_plugin_under_a_foreign_name_is_rejected() {
    let tree = Tree::new();
    tree.link(AGENT, PLUGIN);
    for action in ACTIONS {
        let outcome = tree.call(AGENT, &options(action, ""));
        let words = ["invalid description", "does not have the name fence_x"];
        assert_contained(AGENT, &format!("a link to another plugin, {action}"), &outcome, &words);
    }
}
