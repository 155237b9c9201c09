//! `cargo xtask conformance`: compares recorded runs of the Python agents with ours.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run() -> Result<()> {
    let programs = build::programs()?;
    let tree = Tree::lay_out(build::target().join("conformance"), &programs.host, &build::plugins()?)?;
    // The program prints the results, and fails if a difference has no documented reason.
    let mut conformance = std::process::Command::new(build::test_program("fencebox-conformance")?);
    build::run(conformance.env("FENCEBOX_TREE", tree.root()))
}
