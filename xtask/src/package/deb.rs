//! The package for Debian and its relatives, made by `dpkg-deb`.
//!
//! It diverts the agents of other packages, as deb-preinst(5) and dpkg-divert(1) describe. An agent of the name exists
//! at every moment of an installation: the other one keeps its name until dpkg has unpacked ours.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use md5::{Digest, Md5};

use super::content::{Content, DESCRIPTION, LOGS, MAINTAINER, REVISION, SETTINGS, SUMMARY, VERSION};
use crate::build;

/// The names of architectures: Rust's and Debian's.
const ARCHITECTURES: [(&str, &str); 2] = [("x86_64", "amd64"), ("aarch64", "arm64")];

/// Before the files are unpacked. A diversion that exists already stays.
const PREINST: &str = r#"#!/bin/sh
set -e
case "$1" in
install|upgrade)
    for path in @PATHS@; do
        if [ "$(dpkg-divert --truename "$path")" = "$path" ]; then
            dpkg-divert --package fencebox --quiet --no-rename --add --divert "$path.distrib" "$path"
            # dpkg replaces the old name when it unpacks this package.
            if [ -e "$path" ] && [ ! -e "$path.distrib" ]; then
                ln "$path" "$path.distrib"
            fi
        fi
    done
    ;;
esac
"#;

/// After the files are gone, or after an installation that failed.
const POSTRM: &str = r#"#!/bin/sh
set -e
case "$1" in
remove|abort-install|disappear)
    for path in @PATHS@; do
        if [ "$path" -ef "$path.distrib" ]; then
            rm "$path.distrib"
        elif [ -e "$path.distrib" ]; then
            mv "$path.distrib" "$path"
        fi
        dpkg-divert --package fencebox --quiet --no-rename --remove "$path"
    done
    ;;
purge)
    rmdir --ignore-fail-on-non-empty /etc/fencebox 2>/dev/null || true
    rm -rf @LOGS@
    ;;
esac
"#;

/// Builds the package. Returns its path.
pub(super) fn build(content: &Content, to: &Path, compression: u8) -> Result<PathBuf> {
    let architecture = architecture()?;
    let root = to.join("deb");
    content.stage(&root)?;
    let control = root.join("DEBIAN");
    std::fs::create_dir(&control)?;
    let write = |name: &str, text: &str, mode| -> Result<()> {
        let path = control.join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        Ok(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?)
    };
    let sums = sums(&root, content)?;
    write("control", &fields(architecture, &root)?, 0o644)?;
    let settings: String = SETTINGS.iter().map(|(path, _)| format!("{path}\n")).collect();
    write("conffiles", &settings, 0o644)?;
    write("md5sums", &sums, 0o644)?;
    let paths = content.contended().join(" ");
    write("preinst", &PREINST.replace("@PATHS@", &paths), 0o755)?;
    let postrm = POSTRM.replace("@PATHS@", &paths).replace("@LOGS@", LOGS.0);
    write("postrm", &postrm, 0o755)?;
    let package = to.join(format!("fencebox_{VERSION}-{REVISION}_{architecture}.deb"));
    let mut dpkg = Command::new("dpkg-deb");
    let method = match compression {
        0 => vec!["-Znone".to_owned()],
        level => vec!["-Zxz".to_owned(), format!("-z{level}")],
    };
    dpkg.arg("--root-owner-group")
        .args(method)
        .arg("--build")
        .args([&root, &package])
        .env("SOURCE_DATE_EPOCH", content.time.to_string())
        .stdout(Stdio::null());
    build::run(&mut dpkg).context("dpkg-deb makes the package; install dpkg")?;
    std::fs::remove_dir_all(&root)?;
    Ok(package)
}

fn architecture() -> Result<&'static str> {
    let own = std::env::consts::ARCH;
    let found = ARCHITECTURES.iter().find(|(rust, _)| *rust == own);
    found
        .map(|(_, debian)| *debian)
        .with_context(|| format!("no Debian architecture is known for {own}"))
}

/// The file `control` (deb-control(5)).
fn fields(architecture: &str, root: &Path) -> Result<String> {
    let size = size(root)?.div_ceil(1024);
    let mut text = format!(
        "Package: fencebox\nVersion: {VERSION}-{REVISION}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n\
         Installed-Size: {size}\nEnhances: pacemaker, pve-ha-manager\nSection: admin\nPriority: optional\n\
         Description: {SUMMARY}\n"
    );
    for line in DESCRIPTION {
        let _ = writeln!(text, " {line}");
    }
    Ok(text)
}

/// The sums that `dpkg --verify` compares (deb-md5sums(5)). The administrator's files are not among them.
fn sums(root: &Path, content: &Content) -> Result<String> {
    let mut text = String::new();
    for part in &content.parts {
        let path = Path::new("usr").join(&part.path);
        let whole = root.join(&path);
        if whole.is_symlink() {
            continue;
        }
        let bytes = std::fs::read(&whole).with_context(|| whole.display().to_string())?;
        for byte in Md5::digest(&bytes) {
            let _ = write!(text, "{byte:02x}");
        }
        let _ = writeln!(text, "  {}", path.display());
    }
    Ok(text)
}

/// The size of all files in bytes.
fn size(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let metadata = path.symlink_metadata()?;
        size += if metadata.is_dir() {
            self::size(&path)?
        } else {
            metadata.len()
        };
    }
    Ok(size)
}
