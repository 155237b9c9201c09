//! `cargo xtask dist`: builds the install tree of a release.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run() -> Result<()> {
    println!(
        "the install tree is in {}; you can move it to any place",
        lay_out()?.root().display()
    );
    Ok(())
}

/// Makes a release build and its install tree.
pub(crate) fn lay_out() -> Result<Tree> {
    let host = build::release()?;
    let plugins = build::plugins()?;
    Tree::lay_out(build::target().join("dist"), &host, &plugins)
}
