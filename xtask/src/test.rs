//! `cargo xtask test`: runs all tests.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(is_release: bool, arguments: &[String]) -> Result<()> {
    let tree = Tree::for_tests("test-tree", &build::host(is_release)?)?;
    let mut cargo = build::cargo_command();
    // One failure does not hide those of the test programs after it.
    cargo.args(["test", "--workspace", "--no-fail-fast"]).args(arguments);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // Half of the time, the tests wait for Pacemaker, daemons and Python clients, so more threads than cores save
        // time.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        cargo.env("RUST_TEST_THREADS", (4 * cores).to_string());
    }
    // The tests use an install tree like a user's, and not other files of cargo's target folder.
    build::run(cargo.env("FENCEBOX_TREE", tree.root()))
}
