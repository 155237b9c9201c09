//! The output of an agent without a device: metadata that pcs accepts, help and version. Also the page docs/plugins.md, whose
//! example must stay correct.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

use crate::support;

use std::path::Path;

use crate::support::isolated;
use support::{call, call_with, run};

/// The schema from the package pcs, with which pcs validates metadata.
const SCHEMA: &str = "/usr/share/pcs/data/ocf-1.0.rng";

/// Agents whose plugin has a valid description.
fn agents() -> Vec<String> {
    let listed = run(
        {
            let mut list = isolated(support::program("fencebox"));
            list.arg("list");
            list
        },
        "",
    );
    let names = listed.stdout.lines().filter(|line| !line.contains("broken:"));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

#[test]
fn metadata_is_accepted_by_pcs() {
    if !Path::new(SCHEMA).exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI has to install pcs and libxml2-utils"
        );
        eprintln!("SKIPPED: no {SCHEMA}; install pcs and libxml2-utils");
        return;
    }
    let agents = agents();
    for own in [
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
        "fence_virt",
        "fence_vmware_rest",
        "fence_vmware_soap",
        "fence_xenapi",
        "fence_xvm",
    ] {
        assert!(agents.contains(&own.to_owned()), "{own}: {agents:?}");
    }
    for agent in agents {
        let metadata = call(&agent, "action=metadata\n");
        assert_eq!((metadata.exit, metadata.stderr.as_str()), (Some(0), ""), "{agent}");
        let mut lint = isolated("xmllint");
        lint.args(["--noout", "--relaxng", SCHEMA, "-"]);
        let verdict = run(lint, &metadata.stdout);
        assert_eq!(verdict.exit, Some(0), "{agent}: {}", verdict.stderr);
    }
}

#[test]
fn metadata_is_the_same_for_every_way_to_request_it() {
    let asked = call("fence_clc", "action=metadata\n").stdout;
    assert!(asked.starts_with("<?xml"), "{asked}");
    assert_eq!(asked, call_with("fence_clc", &["-o", "metadata"]).stdout);
    assert_eq!(asked, call_with("fence_clc", &["--action=meta-data"]).stdout);
}

#[test]
fn clc_has_every_option_of_the_agent_it_replaces() {
    let metadata = call("fence_clc", "action=metadata\n").stdout;
    let rows = [
        ("username", "-l, --username=[name]"),
        ("login", "-l, --username=[name]"),
        ("password", "-p, --password=[password]"),
        ("passwd", "-p, --password=[password]"),
        ("password_script", "-S, --password-script=[script]"),
        ("passwd_script", "-S, --password-script=[script]"),
        ("account", "-y, --account=[account]"),
        ("proxy", "-x, --proxy=[url]"),
        ("switch", "-s, --switch=[switch]"),
        ("plug", "-n, --plug=[id]"),
        ("port", "-n, --plug=[id]"),
        ("action", "-o, --action=[action]"),
        ("verbose", "-v, --verbose"),
        ("debug_file", "-D, --debug-file=[debugfile]"),
        ("power_wait", "--power-wait=[seconds]"),
        ("delay", "--delay=[seconds]"),
        ("retry_on", "--retry-on=[attempts]"),
    ];
    for (name, letters) in rows {
        let start = metadata
            .find(&format!("<parameter name=\"{name}\""))
            .unwrap_or_else(|| panic!("no {name}"));
        let row = &metadata[start..start + metadata[start..].find("</parameter>").unwrap()];
        assert!(row.contains(&format!("<getopt mixed=\"{letters}\" />")), "{row}");
    }
    for action in [
        "on",
        "off",
        "reboot",
        "status",
        "list",
        "list-status",
        "monitor",
        "metadata",
        "validate-all",
    ] {
        assert!(metadata.contains(&format!("<action name=\"{action}\"")), "no {action}");
    }
}

#[test]
fn help_and_version_need_no_other_option() {
    let help = call_with("fence_clc", &["-h"]);
    assert_eq!(help.exit, Some(0));
    assert!(
        help.stdout.starts_with("Usage:\n\tfence_clc [options]\nOptions:\n"),
        "{}",
        help.stdout
    );
    call_with("fence_clc", &["--version"]).assert_done(concat!(env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_plugin_in_the_page_is_the_one_that_is_built_and_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = std::fs::read_to_string(root.join("docs/plugins.md")).unwrap();
    let example = std::fs::read_to_string(root.join("sdk/examples/relay.rs")).unwrap();
    let plugin = example.split("#[cfg(test)]").next().unwrap().trim();
    assert!(
        page.contains(plugin),
        "docs/plugins.md does not show sdk/examples/relay.rs as it is"
    );
}

/// The man pages and the completions of shells, in the tree that a package has.
#[test]
fn man_pages_are_formatted_without_a_warning() {
    if !support::needs::are_met(&["man"], "--fork", "true") {
        return;
    }
    let folder = support::tree().join("usr/share/man/man8");
    let mut pages: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let has = |name: &str| pages.iter().any(|page| page.ends_with(name));
    assert!(
        has("fencebox.8") && has("fence_xenapi.8") && has("fence_idrac.8"),
        "{pages:?}"
    );
    for page in pages {
        let mut man = isolated("man");
        man.args(["--warnings=w", "--local-file"]).arg(&page);
        man.env("MANWIDTH", "80").env("MANROFFSEQ", "").env("LC_ALL", "C.UTF-8");
        let outcome = support::observe(&mut man, b"");
        assert_eq!(
            (outcome.exit, outcome.stderr.as_str()),
            (Some(0), ""),
            "{}",
            page.display()
        );
        for title in ["NAME", "SYNOPSIS", "DESCRIPTION"] {
            assert!(outcome.stdout.lines().any(|line| line == title), "{title}: {outcome:?}");
        }
    }
}

#[test]
fn completions_know_the_commands() {
    let share = support::tree().join("usr/share");
    for file in [
        "bash-completion/completions/fencebox",
        "zsh/vendor-completions/_fencebox",
        "fish/vendor_completions.d/fencebox.fish",
    ] {
        let text = std::fs::read_to_string(share.join(file)).unwrap();
        assert!(text.contains("inspect") && text.contains("policy"), "{file}");
        // Commands of packagers are hidden.
        assert!(!text.contains("Write the records"), "{file}");
    }
    let script = format!(
        "source {}/bash-completion/completions/fencebox && COMP_WORDS=(fencebox insp) COMP_CWORD=1 && \
         _fencebox fencebox insp fencebox && echo ${{COMPREPLY[@]}}",
        share.display()
    );
    let mut bash = isolated("bash");
    bash.args(["-c", &script]);
    let outcome = support::observe(&mut bash, b"");
    assert_eq!(
        (outcome.exit, outcome.stdout.as_str()),
        (Some(0), "inspect\n"),
        "{outcome:?}"
    );
}
