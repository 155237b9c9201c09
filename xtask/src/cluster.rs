//! `cargo xtask cluster`: how long a real cluster takes until a node is fenced, with our agents and with those of
//! others.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let programs = build::programs()?;
    // What is measured is what is shipped.
    let host = build::release()?;
    let tree = Tree::lay_out(build::target().join("cluster"), &host, &build::plugins()?)?;
    let mut cluster = std::process::Command::new(programs.cluster);
    build::run(cluster.args(arguments).env("FENCEBOX_TREE", tree.root()))
}
