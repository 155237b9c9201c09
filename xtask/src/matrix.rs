//! `cargo xtask matrix`: whether any fault makes an agent say what is not so.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let programs = build::programs()?;
    let mut plugins = build::plugins()?;
    plugins.extend(build::example()?);
    let tree = Tree::lay_out(build::target().join("matrix"), &programs.host, &plugins)?;
    // One of them is played to see that it is caught.
    tree.add_fixtures(&build::fixtures()?)?;
    // It prints what came of the runs, and fails if one is wrong.
    let mut matrix = std::process::Command::new(programs.matrix);
    build::run(matrix.args(arguments).env("FENCEBOX_TREE", tree.root()))
}
