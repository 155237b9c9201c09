//! `cargo xtask package`: the packages of a release, from the install tree of `cargo xtask dist`: `.deb`, `.rpm`, and an
//! image for containers. The same tree gives the same bytes.

mod content;
mod deb;
mod image;
mod rpm;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::tree::Tree;
use crate::{build, dist};
use content::Content;

/// The settings of `cargo xtask package`.
#[derive(Args)]
pub(crate) struct Settings {
    /// Install tree of `cargo xtask dist` to package, without a build
    #[arg(long)]
    from: Option<PathBuf>,
    /// Folder for the packages; target/package if unset
    #[arg(long)]
    to: Option<PathBuf>,
    /// Only this package
    #[arg(long)]
    only: Option<Kind>,
    /// Compression level from 0, which is fast and large, to 9
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u8).range(0..=9))]
    compression: u8,
}

/// A kind of package.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// For Debian and its relatives; needs dpkg-deb
    Deb,
    /// For Fedora, Red Hat, SUSE and their relatives; needs rpmbuild
    Rpm,
    /// For containers: an OCI layout; needs tar and gzip
    Image,
}

impl Kind {
    fn build(self, content: &Content, to: &Path, compression: u8) -> Result<PathBuf> {
        match self {
            Self::Deb => deb::build(content, to, compression),
            Self::Rpm => rpm::build(content, to, compression),
            Self::Image => image::build(content, to, compression),
        }
    }
}

pub(crate) fn run(settings: &Settings) -> Result<()> {
    let tree = match &settings.from {
        Some(tree) => Tree::open(tree.clone())?,
        None => dist::lay_out()?,
    };
    let to = settings.to.clone().unwrap_or_else(|| build::target().join("package"));
    std::fs::create_dir_all(&to).with_context(|| to.display().to_string())?;
    let scratch = to.join("man");
    std::fs::create_dir_all(&scratch)?;
    let content = Content::of(&tree, time()?, &scratch)?;
    let kinds = Kind::value_variants().iter();
    for kind in kinds.filter(|kind| settings.only.is_none_or(|only| only == **kind)) {
        let package = kind.build(&content, &to, settings.compression)?;
        let size = package.metadata()?.len();
        println!("{} ({:.1} MB)", package.display(), megabytes(size));
    }
    Ok(std::fs::remove_dir_all(scratch)?)
}

/// The time of every file in the packages, in seconds since 1970: `SOURCE_DATE_EPOCH` as packagers set it, or the time
/// of the last commit.
fn time() -> Result<u64> {
    if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
        let reason = || format!("SOURCE_DATE_EPOCH is {text:?}; give a number of seconds");
        return text.parse().with_context(reason);
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(build::workspace());
    let output = git.output().context("git")?;
    ensure!(
        output.status.success(),
        "no commit gives the time of the files; set SOURCE_DATE_EPOCH"
    );
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().context("the time of the last commit")
}

#[expect(clippy::cast_precision_loss, reason = "a rounded size for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
