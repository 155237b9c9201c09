//! `cargo xtask conformance`: what the Python agents did, and what ours do.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run() -> Result<()> {
    let programs = build::programs()?;
    let tree = Tree::lay_out(build::target().join("conformance"), &programs.host, &build::plugins()?)?;
    // It prints what came of the cases, and fails if one has no reason.
    build::run(std::process::Command::new(programs.conformance).env("FENCEBOX_TREE", tree.root()))
}
