//! `cargo xtask matrix`: searches for a fault that makes an agent report a wrong result.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    // The matrix runs one of the fixtures, to verify that it detects a misbehaving plugin.
    let tree = Tree::for_tests("matrix", &build::programs()?.host)?;
    // The program prints the results, and fails if one is wrong.
    let mut matrix = std::process::Command::new(build::test_program("fencebox-matrix")?);
    build::run(matrix.args(arguments).env("FENCEBOX_TREE", tree.root()))
}
