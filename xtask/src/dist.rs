//! `cargo xtask dist`: the install tree of a release.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run() -> Result<()> {
    let host = build::release()?;
    let plugins = build::plugins()?;
    let tree = Tree::lay_out(build::target().join("dist"), &host, &plugins)?;
    println!(
        "laid out in {}; it works from wherever it is moved to",
        tree.root().display()
    );
    Ok(())
}
