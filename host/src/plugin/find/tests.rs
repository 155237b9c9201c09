//! Names that may become part of a path, and names that must not.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{agent_name, find_in, installed_in};
use crate::plugin::Error;
use crate::policy::ownership::Checker;

#[test]
fn agent_names_are_accepted() {
    for (program, name) in [
        ("fence_clc", "fence_clc"),
        ("/usr/sbin/fence_clc", "fence_clc"),
        ("./fence_clc", "fence_clc"),
        ("../x y/fence_clc", "fence_clc"),
        ("fence_clc/", "fence_clc"),
        ("fence_x_2", "fence_x_2"),
        ("fence__", "fence__"),
        ("fence_0", "fence_0"),
    ] {
        assert_eq!(agent_name(OsStr::new(program)).as_deref(), Some(name), "{program}");
    }
}

#[test]
fn other_names_are_rejected() {
    for program in [
        "",
        "/",
        ".",
        "..",
        "fencebox",
        "fence",
        "fence_",
        "fence-clc",
        "xfence_clc",
        "FENCE_CLC",
        "fence_CLC",
        "Fence_clc",
        "fence_../x",
        "fence_..",
        "fence_a/..",
        "fence_.",
        "fence_a.b",
        "fence_clc.wasm",
        "fence_a-b",
        "fence_a b",
        "fence_a\n",
        "fence_a\0",
        "fence_é",
        "fence_\u{ff41}",
        "fence_%2e",
        "fence_a\\b",
        " fence_a",
        "fence_a ",
        "fence_*",
        "fence_$x",
    ] {
        assert_eq!(agent_name(OsStr::new(program)), None, "{program:?}");
    }
    assert_eq!(agent_name(OsStr::from_bytes(b"fence_\xff")), None);
}

/// Two folders of plugins, in search order, and the temporary folder that contains them.
fn folders(files: [&[&str]; 2]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let root = tempfile::tempdir().unwrap();
    let mut folders = Vec::new();
    for (number, files) in files.iter().enumerate() {
        let folder = root.path().canonicalize().unwrap().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        for file in *files {
            std::fs::write(folder.join(file), "").unwrap();
        }
        folders.push(folder);
    }
    (root, folders)
}

fn located(folders: &[PathBuf], name: &str) -> PathBuf {
    find_in(folders, name, &Checker::new(), None).unwrap().path
}

#[test]
fn the_first_folder_comes_first() {
    let (_root, folders) = folders([&["fence_a.wasm"], &["fence_a.wasm", "fence_b.wasm"]]);
    assert_eq!(located(&folders, "fence_a"), folders[0].join("fence_a.wasm"));
    assert_eq!(located(&folders, "fence_b"), folders[1].join("fence_b.wasm"));
}

#[test]
fn the_error_of_a_missing_plugin_names_the_searched_paths() {
    let (_root, folders) = folders([&["fence_ab.wasm", "fence_a.cwasm"], &["fence_a"]]);
    let error = find_in(&folders, "fence_a", &Checker::new(), None).unwrap_err();
    let places = folders
        .iter()
        .map(|folder| folder.join("fence_a.wasm").display().to_string());
    let places: Vec<_> = places.collect();
    assert!(matches!(error, Error::NotFound { .. }));
    assert_eq!(
        error.to_string(),
        format!("no plugin for fence_a; looked for {}", places.join(" and "))
    );
}

#[test]
fn an_unknown_place_of_the_program_is_part_of_the_reason() {
    let unknown = std::io::Error::other("mount /proc");
    let error = find_in(
        &[PathBuf::from("/nonexistent")],
        "fence_a",
        &Checker::new(),
        Some(unknown),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no plugin for fence_a; looked for /nonexistent/fence_a.wasm; the folder of this program is unknown: mount \
         /proc"
    );
}

#[test]
fn a_link_leads_to_the_file_beside_which_the_compiled_form_lies() {
    let (_root, folders) = folders([&[], &["fence_b.wasm"]]);
    std::os::unix::fs::symlink(folders[1].join("fence_b.wasm"), folders[0].join("fence_a.wasm")).unwrap();
    assert_eq!(located(&folders, "fence_a"), folders[1].join("fence_b.wasm"));
    // A broken link is ignored.
    std::os::unix::fs::symlink("/nonexistent", folders[0].join("fence_b.wasm")).unwrap();
    assert_eq!(located(&folders, "fence_b"), folders[1].join("fence_b.wasm"));
}

#[test]
fn installed_plugins_are_listed_once_and_sorted() {
    let first: &[&str] = &[
        "fence_b.wasm",
        "fence_b.cwasm",
        "fence_B.wasm",
        "fence_.wasm",
        "other.wasm",
        "fence_c",
        "fence_d.wasm.1",
    ];
    let (_root, mut folders) = folders([first, &["fence_b.wasm", "fence_a.wasm"]]);
    folders.push(PathBuf::from("/nonexistent"));
    let expected = [
        ("fence_a".to_owned(), folders[1].join("fence_a.wasm")),
        ("fence_b".to_owned(), folders[0].join("fence_b.wasm")),
    ];
    assert_eq!(installed_in(&folders), expected);
}
