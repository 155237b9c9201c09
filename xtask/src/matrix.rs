//! `cargo xtask matrix`: searches for a fault that makes an agent report a wrong result.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(is_release: bool, arguments: &[String]) -> Result<()> {
    // The matrix runs one of the fixtures, to verify that it detects a misbehaving plugin.
    let tree = Tree::for_tests("matrix", &build::host(is_release)?)?;
    // The program prints the results, and fails if one is wrong.
    let mut matrix = std::process::Command::new(build::test_program("fencebox-matrix")?);
    build::run(matrix.args(arguments).env("FENCEBOX_TREE", tree.root()))
}
