//! The package for Fedora, Red Hat, SUSE and their relatives, made by `rpmbuild`.
//!
//! RPM has no diversions. There, each agent of a distribution is a package of its own (`fence-agents-redfish`), so this
//! package conflicts with those whose programs it has, and provides their names: `fence-agents-all` stays installed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::content::{Content, DESCRIPTION, LOGS, MAINTAINER, REVISION, SETTINGS, SUMMARY, VERSION};
use crate::build;
use crate::tree::What;

/// Agents that are in a package whose name is another one. Each other agent `fence_x_y` is in `fence-agents-x-y`.
const PACKAGES: [(&str, &str); 8] = [
    ("fence_idrac", "fence-agents-ipmilan"),
    ("fence_ilo3", "fence-agents-ipmilan"),
    ("fence_ilo4", "fence-agents-ipmilan"),
    ("fence_ilo5", "fence-agents-ipmilan"),
    ("fence_imm", "fence-agents-ipmilan"),
    ("fence_ipmilanplus", "fence-agents-ipmilan"),
    ("fence_virt", "fence-virt"),
    ("fence_xvm", "fence-virt"),
];

/// Agents that are in no package of these distributions, which leave out the agents for tests.
const OWN: [&str; 2] = ["fence_clc", "fence_dummy"];

/// Builds the package. Returns its path.
pub(super) fn build(content: &Content, to: &Path, compression: u8) -> Result<PathBuf> {
    let top = to.join("rpm");
    let (root, spec) = (top.join("root"), top.join("fencebox.spec"));
    content.stage(&root)?;
    std::fs::write(&spec, describe(content, compression)?).with_context(|| spec.display().to_string())?;
    let architecture = std::env::consts::ARCH;
    let mut rpmbuild = Command::new("rpmbuild");
    rpmbuild
        .args(["-bb", "--quiet", "--target", architecture, "--buildroot"])
        .arg(top.join("buildroot"))
        .args(["--define", &format!("_topdir {}", top.display())])
        .args(["--define", &format!("staged {}", root.display())])
        .arg(&spec)
        .env("SOURCE_DATE_EPOCH", content.time.to_string())
        .stdout(Stdio::null());
    build::run(&mut rpmbuild).context("rpmbuild makes the package; install rpm-build, on Debian rpm")?;
    let name = format!("fencebox-{VERSION}-{REVISION}.{architecture}.rpm");
    let package = to.join(&name);
    std::fs::rename(top.join("RPMS").join(architecture).join(&name), &package)?;
    std::fs::remove_dir_all(&top)?;
    Ok(package)
}

/// The file from which rpmbuild makes the package.
fn describe(content: &Content, compression: u8) -> Result<String> {
    let mut text = format!(
        "# Nothing is stripped, compiled or interpreted: the tree is complete.\n\
         %global debug_package %{{nil}}\n%global __os_install_post %{{nil}}\n%global __brp_mangle_shebangs %{{nil}}\n\
         %global _build_id_links none\n%global _buildhost localhost\n%global clamp_mtime_to_source_date_epoch 1\n\
         %global use_source_date_epoch_as_buildtime 1\n%global _binary_payload w{compression}.gzdio\n\
         Name: fencebox\nVersion: {VERSION}\nRelease: {REVISION}\nSummary: {SUMMARY}\n\
         License: Apache-2.0 WITH LLVM-exception OR MIT\nPackager: {MAINTAINER}\nAutoReqProv: no\n"
    );
    for package in packages(content) {
        let _ = writeln!(text, "Provides: {package} = 99:{VERSION}\nConflicts: {package} < 99");
    }
    let _ = writeln!(text, "\n%description\n{}", DESCRIPTION.join("\n"));
    text.push_str("\n%install\ncp -a %{staged}/. %{buildroot}/\n\n%files\n%defattr(-,root,root,-)\n");
    for part in &content.parts {
        let path = Path::new("/usr").join(&part.path);
        let kind = match &part.what {
            What::File(_, mode) => format!("%attr({mode:o},root,root) "),
            What::Link(_) => String::new(),
        };
        // A path may have a white space or a percent sign.
        let path = path.to_str().context("a path that is not UTF-8")?.replace('%', "%%");
        let _ = writeln!(text, "{kind}\"{path}\"");
    }
    for (path, _) in SETTINGS {
        let _ = writeln!(text, "%config(noreplace) %attr(644,root,root) {path}");
    }
    let (logs, mode) = LOGS;
    let _ = writeln!(text, "%dir %attr({mode:o},root,root) {logs}");
    for folder in ["/etc/fencebox", "/usr/lib/fencebox", "/usr/lib/fencebox/plugins"] {
        let _ = writeln!(text, "%dir %attr(755,root,root) {folder}");
    }
    Ok(text)
}

/// The distribution's packages that have a program of the same name.
fn packages(content: &Content) -> Vec<String> {
    let named = |agent: &str| {
        let other = PACKAGES.iter().find(|(name, _)| *name == agent);
        other.map_or_else(
            || agent.replacen("fence_", "fence-agents-", 1).replace('_', "-"),
            |(_, package)| (*package).to_owned(),
        )
    };
    let agents = content.agents().into_iter();
    let theirs = agents.filter(|agent| !OWN.iter().any(|own| agent.starts_with(own)));
    let mut packages: Vec<String> = theirs.map(named).collect();
    packages.sort();
    packages.dedup();
    packages
}
