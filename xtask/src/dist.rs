//! `cargo xtask dist`: the install tree of a release.

use anyhow::Result;

use crate::build;
use crate::tree::Tree;

pub(crate) fn run() -> Result<()> {
    println!(
        "laid out in {}; it works from wherever it is moved to",
        lay_out()?.root().display()
    );
    Ok(())
}

/// Makes a release build and lays it out.
pub(crate) fn lay_out() -> Result<Tree> {
    let host = build::release()?;
    let plugins = build::plugins()?;
    Tree::lay_out(build::target().join("dist"), &host, &plugins)
}
