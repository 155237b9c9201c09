//! The outputs for people, as they are printed: each is a file in `outputs`, so that a change of it is reviewed.
//!
//! `UPDATE_OUTPUTS=1 cargo xtask test --test host outputs` writes the files anew.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::Path;

use crate::support;
use crate::support::isolated;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/host/outputs");

/// What a program of the tree prints on standard output, with the tree's path as TREE.
fn output(program: &str, arguments: &[&str]) -> String {
    let mut command = isolated(support::program(program));
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    let outcome = support::run(command, "");
    assert_eq!(outcome.exit, Some(0), "{program} {arguments:?}: {}", outcome.stderr);
    outcome.stdout.replace(&support::tree().display().to_string(), "TREE")
}

#[track_caller]
fn assert_is(file: &str, printed: &str) {
    let path = Path::new(FOLDER).join(file);
    if std::env::var_os("UPDATE_OUTPUTS").is_some() {
        std::fs::write(&path, printed).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        printed, expected,
        "{file}: review the change, then run with UPDATE_OUTPUTS=1"
    );
}

#[test]
fn help_of_the_program_is_as_reviewed() {
    assert_is("help.txt", &output("fencebox", &["--help"]));
    for command in [
        "install", "remove", "list", "inspect", "check", "policy", "verify", "new", "run", "replay", "trace",
    ] {
        assert_is(
            &format!("help-{command}.txt"),
            &output("fencebox", &[command, "--help"]),
        );
    }
}

#[test]
fn help_of_the_agents_is_as_reviewed() {
    for agent in [
        "fence_aws",
        "fence_azure_arm",
        "fence_clc",
        "fence_gce",
        "fence_hetzner_cloud",
        "fence_ipmilan",
        "fence_openstack",
        "fence_ovh",
        "fence_pve",
        "fence_redfish",
        "fence_vmware_rest",
        "fence_vmware_soap",
        "fence_xenapi",
        "fence_xvm",
    ] {
        assert_is(&format!("help-{agent}.txt"), &output(agent, &["-h"]));
    }
}

#[test]
fn inspect_shows_approvals_permissions_and_options() {
    for agent in [
        "fence_aws",
        "fence_azure_arm",
        "fence_clc",
        "fence_gce",
        "fence_hetzner_cloud",
        "fence_ipmilan",
        "fence_openstack",
        "fence_pve",
        "fence_redfish",
        "fence_vmware_rest",
        "fence_vmware_soap",
        "fence_xenapi",
        "fence_xvm",
    ] {
        assert_is(
            &format!("inspect-{agent}.txt"),
            &output("fencebox", &["inspect", agent]),
        );
    }
}

#[test]
fn list_has_aligned_columns() {
    let listed = output("fencebox", &["list"]);
    let packaged = [
        "fence_aws ",
        "fence_azure_arm ",
        "fence_clc ",
        "fence_dummy_",
        "fence_gce ",
        "fence_hetzner_cloud ",
        "fence_idrac ",
        "fence_ipmilan ",
        "fence_openstack ",
        "fence_ovh ",
        "fence_pve ",
        "fence_redfish ",
        "fence_virt ",
        "fence_vmware_",
        "fence_xenapi ",
        "fence_xvm ",
    ];
    let lines = listed
        .lines()
        .filter(|line| packaged.iter().any(|name| line.starts_with(name)));
    assert_is("list.txt", &(lines.collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn policy_shows_restrictions_first() {
    let sample = output("fencebox", &["policy", "--policy", "docs/policy.sample.toml"]);
    let fixtures = [
        "fence_aws",
        "fence_azure_arm",
        "fence_clc",
        "fence_dummy:",
        "fence_gce",
        "fence_hetzner_cloud",
        "fence_ipmilan",
        "fence_openstack",
        "fence_ovh",
        "fence_pve",
        "fence_redfish",
        "fence_vmware_",
        "fence_xenapi",
        "fence_xvm",
        "  ",
    ];
    let lines = sample
        .lines()
        .filter(|line| fixtures.iter().any(|name| line.starts_with(name)));
    assert_is("policy.txt", &(lines.collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn man_pages_are_as_reviewed() {
    let folder = support::tree().join("usr/share/man/man8");
    for page in ["fencebox.8", "fence_clc.8"] {
        assert_is(page, &std::fs::read_to_string(folder.join(page)).unwrap());
    }
}
