//! Installations, upgrades and removals that are interrupted after each step, and then repeated. The trees are small,
//! because only the set of files matters.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

mod cuts;
mod diversion;
mod machine;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::change::{install, uninstall};
use super::{Destination, Place};
use crate::tree::Tree;
use atomic_fs::Steps;
use machine::{Machine, new, old, whole, write};

#[test]
fn uninstall_leaves_nothing() {
    let machine = Machine::new();
    let before = machine.everything();
    let version = old();
    version.install(&machine, &mut Steps::default()).unwrap();
    machine.assert_installed(&version);
    let installed = machine.everything();
    assert!(installed.len() > before.len() + 15, "{installed:#?}");
    // A second installation changes nothing.
    version.install(&machine, &mut Steps::default()).unwrap();
    assert_eq!(machine.everything(), installed);
    machine.uninstall();
    assert_eq!(machine.everything(), before);
    assert_eq!(uninstall(&machine.place, &mut whole()).unwrap(), None);
    assert_eq!(machine.everything(), before);
}

/// All folders that an installation made are removed with it.
#[test]
fn uninstall_removes_the_folders_that_install_made() {
    let folder = tempfile::tempdir().unwrap();
    for prefix in ["/", "/usr", "/opt/fencebox", "/opt/a/fencebox/b"] {
        let destination = Destination {
            prefix: prefix.into(),
            destdir: Some(folder.path().to_owned()),
        };
        let place = Place::new(&destination).unwrap();
        let version = old();
        let parts = Tree::open(version.folder.path().to_owned()).unwrap().parts().unwrap();
        install(&place, parts, false, &mut whole()).unwrap();
        assert!(place.root.join("sbin/fence_x").exists(), "{prefix}");
        assert_eq!(uninstall(&place, &mut whole()).unwrap(), Some(vec![]), "{prefix}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{prefix}");
    }
}

/// A damaged file is repaired, also a file of a plugin.
#[test]
fn the_same_version_repairs() {
    let version = old();
    for damaged in [
        "sbin/fencebox",
        "lib/fencebox/plugins/fence_x.wasm",
        "share/doc/fencebox/README.md",
    ] {
        let machine = Machine::new();
        version.install(&machine, &mut whole()).unwrap();
        let path = machine.place.root.join(damaged);
        fs::write(path.canonicalize().unwrap(), "damaged").unwrap();
        version.install(&machine, &mut whole()).unwrap();
        machine.assert_installed(&version);
    }
}

#[test]
fn installers_exclude_each_other() {
    let (machine, version) = (Machine::new(), old());
    version.install(&machine, &mut whole()).unwrap();
    let lock = fs::File::open(machine.place.root.join("lib/fencebox")).unwrap();
    lock.try_lock().unwrap();
    for refused in [
        new().install(&machine, &mut whole()).map(drop),
        uninstall(&machine.place, &mut whole()).map(drop),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("try again when it has ended"), "{refused}");
    }
    drop(lock);
    machine.assert_installed(&version);
}

#[test]
fn existing_files_of_others_prevent_an_installation() {
    let machine = Machine::new();
    for (below, remedy) in [
        ("sbin/fence_x", "--divert"),
        ("sbin/fence_old", "--divert"),
        ("sbin/fencebox", "another --prefix"),
        ("share/doc/fencebox/README.md", "another --prefix"),
        ("lib/fencebox/plugins/fence_gone.wasm", "another --prefix"),
    ] {
        let path = machine.place.root.join(below);
        write(&path, "theirs", 0o755);
        let before = machine.everything();
        let refused = old().install(&machine, &mut whole()).unwrap_err().to_string();
        assert!(refused.contains(&path.display().to_string()), "{refused}");
        assert!(refused.contains(remedy) && refused.lines().count() == 1, "{refused}");
        assert_eq!(machine.everything(), before, "{below}");
        fs::remove_file(path).unwrap();
        for folder in ["share/doc/fencebox", "lib/fencebox/plugins", "lib/fencebox"] {
            let _ = fs::remove_dir(machine.place.root.join(folder));
        }
    }
}

/// Files that others added after the installation are not removed.
#[test]
fn later_files_of_others_are_kept() {
    let machine = Machine::new();
    old().install(&machine, &mut whole()).unwrap();
    let root = &machine.place.root;
    fs::remove_file(root.join("sbin/fence_x")).unwrap();
    write(&root.join("sbin/fence_x"), "theirs", 0o755);
    write(&root.join("lib/fencebox/plugins/notes"), "mine", 0o644);
    write(&root.join("local/lib/fencebox/plugins/fence_own.wasm"), "own", 0o644);
    symlink("fencebox", root.join("sbin/fence_own")).unwrap();
    assert_eq!(
        machine.place.administrators(),
        [root.join("local/lib/fencebox/plugins")]
    );
    let left = uninstall(&machine.place, &mut whole()).unwrap();
    assert_eq!(left, Some(vec![root.join("lib/fencebox/plugins")]));
    assert_eq!(machine.read("sbin/fence_x").as_deref(), Some("theirs"));
    assert_eq!(machine.read("lib/fencebox/plugins/notes").as_deref(), Some("mine"));
    assert_eq!(
        machine.read("local/lib/fencebox/plugins/fence_own.wasm").as_deref(),
        Some("own")
    );
    assert!(root.join("sbin/fence_own").is_symlink());
    assert!(!root.join("sbin/fencebox").exists());
}

/// Root removes what the list contains, so it must not contain paths outside the installation.
#[test]
fn a_list_with_other_paths_is_rejected() {
    let machine = Machine::new();
    for line in [
        "file ../etc/passwd",
        "file /etc/passwd",
        "file ",
        "folder sbin/../..",
        "link x",
        "x",
    ] {
        write(&machine.place.root.join("lib/fencebox/installed"), line, 0o644);
        for refused in [
            uninstall(&machine.place, &mut whole()).map(drop),
            old().install(&machine, &mut whole()).map(drop),
        ] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("lib/fencebox/installed:1: this"), "{line}: {refused}");
        }
    }
}

#[test]
fn prefixes_are_checked() {
    let place = |prefix: &str| {
        Place::new(&Destination {
            prefix: prefix.into(),
            destdir: None,
        })
    };
    for (prefix, root) in [
        ("/", "/usr"),
        ("/usr", "/usr"),
        ("/usr/", "/usr"),
        ("/opt/fencebox", "/opt/fencebox"),
    ] {
        assert_eq!(place(prefix).unwrap().root, Path::new(root), "{prefix}");
    }
    for prefix in ["usr", "", "/opt/../usr", "/usr/local", "/usr/local/"] {
        let refused = place(prefix).unwrap_err().to_string();
        assert!(refused.starts_with("--prefix "), "{refused}");
    }
}
