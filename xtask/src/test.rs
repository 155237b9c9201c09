//! `cargo xtask test`: every test there is.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let programs = build::programs()?;
    let mut plugins = build::plugins()?;
    plugins.extend(build::example()?);
    let tree = Tree::lay_out(build::target().join("test-tree"), &programs.host, &plugins)?;
    tree.add_fixtures(&build::fixtures()?)?;
    let mut cargo = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--workspace"]).args(arguments);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // Most of the time they wait, for Pacemaker, for daemons and for clients in Python.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        cargo.env("RUST_TEST_THREADS", (2 * cores).to_string());
    }
    // The tests drive what a user would install, not what cargo has lying about.
    build::run(cargo.env("FENCEBOX_TREE", tree.root()))
}
