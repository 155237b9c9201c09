//! `cargo xtask picture`: the picture of the README is that of a run now.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "test code")]

#[path = "../../../tests/src/isolation.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with fencebox-tests, which uses the rest"
)]
mod isolation;

use std::path::Path;

use crate::isolation::isolated;
use fencebox_tests::agent;

#[test]
fn the_picture_is_that_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().join("fence.svg");
    let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let mut picture = isolated(xtask);
    picture.args(["picture", "--from"]).arg(agent::tree().unwrap());
    picture.arg("--simulator").arg(xtask.with_file_name("fencebox-sim"));
    let output = picture.arg("--to").arg(&drawn).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let committed = std::fs::read_to_string(workspace.join("docs/fence.svg")).unwrap();
    let drawn = std::fs::read_to_string(drawn).unwrap();
    assert_eq!(
        drawn, committed,
        "run `cargo xtask picture`, and look at docs/fence.svg"
    );
    // Well-formed, with all that a reader of the README needs.
    let document = roxmltree::Document::parse(&drawn).unwrap();
    let texts: Vec<_> = document.descendants().filter_map(|node| node.text()).collect();
    for text in ["Pacemaker", "200 off, read 5 of 5", "Success: Powered OFF; exit code 0"] {
        assert!(texts.contains(&text), "{text}");
    }
}
