//! `cargo xtask cluster`: measures how long a real cluster takes to fence a node, with our agents and with Debian's
//! fence-agents.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    // Measure the release build, because users run that.
    let host = build::release()?;
    let tree = Tree::lay_out(build::target().join("cluster"), &host, &build::plugins()?)?;
    let mut cluster = std::process::Command::new(build::test_program("fencebox-cluster")?);
    build::run(cluster.args(arguments).env("FENCEBOX_TREE", tree.root()))
}
