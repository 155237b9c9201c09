//! Installations that are refused, and that leave nothing behind.

use std::fs;

use super::{Tree, assert_refused, assert_said};
use crate::support;

/// A component that imports `evil:thing/door`, an instance with the function x.
fn trespasser() -> Vec<u8> {
    let name = b"evil:thing/door";
    let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
    wasm.extend(b"\x07\x0e\x01\x42\x02\x01\x40\0\x01\0\x04\0\x01x\x01\0");
    let length = u8::try_from(name.len()).unwrap();
    wasm.extend([0x0a, length + 5, 1, 0, length]);
    wasm.extend(name);
    wasm.extend([5, 0]);
    wasm
}

#[track_caller]
fn nothing_is_left(tree: &Tree) {
    assert_eq!(tree.programs(), ["fencebox"]);
    assert!(!tree.path("usr/local").exists(), "a file of the attempt is left");
}

#[test]
fn files_that_are_not_a_plugin_are_refused() {
    let tree = Tree::new();
    let good = fs::read(support::tree().join("usr/lib/fencebox/plugins/fence_narrow.wasm")).unwrap();
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a script", b"#!/bin/sh\nexit 0\n".to_vec()),
        ("a core module", b"\0asm\x01\0\0\0".to_vec()),
        ("half a plugin", good[..good.len() / 2].to_vec()),
        ("an empty component", b"\0asm\x0d\0\x01\0".to_vec()),
        ("native code", b"\x7fELF\x02\x01\x01".to_vec()),
    ] {
        let outcome = tree.install_bytes(&bytes, "fence_x.wasm", &[]);
        assert_refused(&outcome, &["fence_x.wasm is not a fencebox plugin: "]);
        assert_eq!(outcome.stdout, "", "{what}");
    }
    nothing_is_left(&tree);
}

#[test]
fn imports_outside_of_the_contract_are_refused() {
    let tree = Tree::new();
    let outcome = tree.install_bytes(&trespasser(), "fence_x.wasm", &[]);
    assert_refused(
        &outcome,
        &["fence_x.wasm is not a fencebox plugin: ", "`evil:thing/door`"],
    );
    nothing_is_left(&tree);
}

#[test]
fn invalid_names_are_refused() {
    let tree = Tree::new();
    let good = fs::read(support::tree().join("usr/lib/fencebox/plugins/fence_narrow.wasm")).unwrap();
    for file in [
        "narrow.wasm",
        "fence_Narrow.wasm",
        "fence_narrow",
        "fence_narrow.cwasm",
        "fence_.wasm",
    ] {
        let outcome = tree.install_bytes(&good, file, &[]);
        outcome.assert_refused(&["rename the plugin file to fence_DEVICE.wasm"]);
    }
    tree.install_bytes(&good, "fence_other.wasm", &[])
        .assert_refused(&["it is fence_narrow, and does not have the name fence_other"]);
    tree.install_bytes(&good, "fence_narrow_old.wasm", &[])
        .assert_refused(&["first name is fence_narrow", "fence_narrow.wasm"]);
    tree.fencebox(&["install", "/nonexistent/fence_x.wasm"])
        .assert_refused(&["/nonexistent/fence_x.wasm: No such file"]);
    fs::create_dir(tree.path("fence_x.wasm")).unwrap();
    tree.fencebox(&["install", tree.path("fence_x.wasm").to_str().unwrap()])
        .assert_refused(&["is not a regular file"]);
    for name in ["../fence_x", "/usr/sbin/fence_x", "fence_x.wasm", "clc", ""] {
        tree.remove(name).assert_refused(&["is not an agent name"]);
    }
    nothing_is_left(&tree);
}

#[test]
fn plugins_with_an_invalid_description_are_refused() {
    let tree = Tree::new();
    // The time limit on a busy machine is not part of this test.
    for (name, words) in [
        ("fence_impostor", "does not have the name fence_impostor"),
        ("fence_spin_describe", "fence_spin_describe.wasm"),
    ] {
        let outcome = tree.install(name, name, &[]);
        outcome.assert_refused(&["invalid description", words]);
    }
    nothing_is_left(&tree);
}

#[test]
fn files_of_a_package_or_another_program_are_not_replaced() {
    let tree = Tree::new();
    let packaged = tree.path("usr/lib/fencebox/plugins");
    fs::create_dir_all(&packaged).unwrap();
    for extension in ["wasm", "cwasm", "json"] {
        let file = format!("fence_clc.{extension}");
        fs::copy(
            support::tree().join("usr/lib/fencebox/plugins").join(&file),
            packaged.join(&file),
        )
        .unwrap();
    }
    assert_refused(
        &tree.install("fence_clc", "fence_clc", &[]),
        &["fence_clc belongs to a package"],
    );
    tree.remove("fence_clc")
        .assert_refused(&["fence_clc belongs to a package"]);
    nothing_is_left(&tree);

    let program = tree.path("usr/sbin/fence_narrow_both");
    fs::write(&program, "#!/usr/bin/python3\n").unwrap();
    let outcome = tree.install("fence_narrow", "fence_narrow", &[]);
    assert_refused(
        &outcome,
        &["fence_narrow_both exists and is not a link to fencebox", "--no-links"],
    );
    assert_said(&tree.install("fence_narrow", "fence_narrow", &["--no-links"]), &[]);
    assert_eq!(fs::read(&program).unwrap(), b"#!/usr/bin/python3\n");
}

/// The approvals for a file that was copied by hand are unknown.
#[test]
fn a_plugin_copied_by_hand_is_replaced_with_grant() {
    let tree = Tree::new();
    fs::create_dir_all(tree.plugins()).unwrap();
    let built = support::tree().join("usr/lib/fencebox/plugins/fence_wide.wasm");
    fs::copy(built, tree.plugins().join("fence_narrow.wasm")).unwrap();
    let outcome = tree.install("fence_narrow", "fence_narrow", &[]);
    assert_refused(&outcome, &["its record is missing or damaged", "--grant"]);
    assert_said(
        &tree.install("fence_narrow", "fence_narrow", &["--grant"]),
        &["fence_narrow is upgraded: "],
    );
    tree.assert_verified(3);
}
