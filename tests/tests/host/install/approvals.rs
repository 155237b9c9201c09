//! The approvals given at the installation of a plugin, and the effect on them of an upgrade, of a later fencebox and
//! of a copied file.

use std::fs;
use std::path::Path;

use super::{NARROW, Tree, assert_refused, assert_said};
use crate::support;
use crate::support::isolated;

fn installed() -> Tree {
    let tree = Tree::new();
    assert_said(&tree.install("fence_narrow", "fence_narrow", &[]), &[]);
    tree
}

/// Changes the record of `fence_narrow` and corrects its checksum.
fn edit_record(tree: &Tree, from: &str, to: &str) {
    let path = tree.stored("fence_narrow").with_extension("json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}: {text}");
    let text = text.replace(from, to);
    let end = text.rfind("\"checksum\"").unwrap();
    let sum = blake3::hash(&text.as_bytes()[..end]);
    fs::write(&path, format!("{}\"checksum\": \"{sum}\"\n}}\n", &text[..end])).unwrap();
}

/// Copies a plugin by hand to its place, without a record.
fn copy_by_hand(tree: &Tree, plugin: &str, agent: &str) {
    let folder = tree.path("usr/lib/fencebox/plugins");
    fs::create_dir_all(&folder).unwrap();
    let built = support::tree().join(format!("usr/lib/fencebox/plugins/{plugin}.wasm"));
    let file = folder.join(format!("{agent}.wasm"));
    fs::copy(built, &file).unwrap();
    assert_said(&tree.fencebox(&["compile", file.to_str().unwrap()]), &[]);
    let program = tree.path("usr/sbin").join(agent);
    std::os::unix::fs::symlink(Path::new("fencebox"), program).unwrap();
}

/// Rows S4 and S6: each of these is a capability, and an upgrade adds none without the administrator's approval.
#[test]
fn an_upgrade_that_changes_capabilities_needs_approval() {
    for (built, line) in [
        (
            "fence_unproven",
            "the device cannot report power: off succeeds without proof (no-status)",
        ),
        (
            "fence_settled",
            "one read proves off: the device never reports an old power status (settled-status)",
        ),
        (
            "fence_exposed",
            "option token is no longer secret: its value may be shown",
        ),
        (
            "fence_placed",
            "option state_file has the default \"/etc/cron.d/fence_placed\"",
        ),
    ] {
        let tree = installed();
        let before = tree.stored("fence_narrow");
        let refused = tree.install(built, "fence_narrow", &[]);
        assert_refused(&refused, &["fence_narrow is not upgraded", line, "--grant"]);
        assert!(refused.stdout.contains("not approved:\n"), "{refused:?}");
        assert_eq!(tree.stored("fence_narrow"), before, "{built}");
        tree.act("fence_narrow", "status").assert_done("Status: ON\n");
        let approved = tree.install(built, "fence_narrow", &["--grant"]);
        assert_said(&approved, &["now approved:\n", &format!("  {line}\n"), "is upgraded: "]);
        tree.assert_verified(3);
    }
}

/// Everything that needs approval is shown before anything is installed.
#[test]
fn install_and_inspect_show_all_that_needs_approval() {
    let tree = Tree::new();
    let lines = [
        "needs approval:\n",
        "  api: https to api.example.com; fencebox logs in\n",
        "  reads and replaces the file in option state_file\n",
        "  option state_file has the default \"/etc/cron.d/fence_placed\"\n",
        "  option token is secret\n",
        "  the plugin does not see the password\n",
    ];
    assert_said(&tree.install("fence_placed", "fence_narrow", &[]), &lines);
    assert_said(&tree.fencebox(&["inspect", "fence_narrow"]), &lines);
}

/// Agents run on the record: a description that the plugin would give now has no effect.
#[test]
fn agents_use_the_record() {
    let tree = installed();
    edit_record(&tree, "Test fixture that misbehaves", "As it was recorded");
    let metadata = tree.act("fence_narrow", "metadata");
    assert!(
        metadata.stdout.contains("shortdesc=\"As it was recorded\""),
        "{metadata:?}"
    );
    tree.act("fence_narrow", "status").assert_done("Status: ON\n");
    let verify = tree.verify();
    assert!(
        verify.stdout.contains("its description differs from its record"),
        "{verify:?}"
    );
}

/// A record whose capabilities exceed its approvals is rejected.
#[test]
fn a_record_that_contradicts_itself_refuses_every_action() {
    let tree = installed();
    edit_record(&tree, "\"no-status\": false", "\"no-status\": true");
    let refused = tree.act("fence_narrow", "off");
    refused.assert_refused(&["needs more than was approved", "install it again"]);
    assert_eq!(tree.act("fence_narrow", "metadata").exit, Some(0));
}

#[test]
fn a_record_that_names_another_plugin_refuses_every_action() {
    let tree = installed();
    for name in ["fence_narrow_both", "fence_narrow_old", "fence_narrow"] {
        edit_record(
            &tree,
            &format!("\"{name}\": {{"),
            &format!("\"{}\": {{", name.replace("narrow", "other")),
        );
    }
    for action in ["status", "off", "monitor", "validate-all"] {
        let refused = tree.act("fence_narrow", action);
        refused.assert_refused(&["does not have the name fence_narrow", "install it again"]);
    }
    assert_eq!(tree.act("fence_narrow", "metadata").exit, Some(0));
}

/// A later fencebox describes the plugin again and compares the result with the approvals.
#[test]
fn only_the_approvals_count_in_a_record_of_another_version() {
    let tree = installed();
    let version = format!("\"fencebox\": \"{}\"", env!("CARGO_PKG_VERSION"));
    edit_record(&tree, &version, "\"fencebox\": \"0.0.9\"");
    for name in NARROW {
        let status = tree.act(name, "status");
        status.assert_done("Status: ON\n");
        assert_eq!(status.stderr.lines().count(), 1, "{status:?}");
        for word in ["fencebox 0.0.9 wrote its record", "run `fencebox install"] {
            assert!(status.stderr.contains(word), "{word}: {status:?}");
        }
    }
    let verify = tree.verify();
    assert!(verify.stdout.contains("fencebox 0.0.9 wrote its record"), "{verify:?}");

    edit_record(&tree, "api.example.com", "api.example.org");
    let refused = tree.act("fence_narrow", "off");
    refused.assert_refused(&["needs more than was approved: api: api.example.com"]);
    assert_eq!(tree.act("fence_narrow", "metadata").exit, Some(0));
    // A new installation writes a record of this version.
    assert_said(
        &tree.install("fence_narrow", "fence_narrow", &["--grant"]),
        &["is repaired"],
    );
    tree.act("fence_narrow", "status").assert_done("Status: ON\n");
}

/// Without a record, a plugin reaches only the addresses that the administrator configures.
#[test]
fn a_copied_plugin_runs_with_a_warning() {
    let tree = Tree::new();
    copy_by_hand(&tree, "fence_relay", "fence_relay");
    let command = isolated(tree.path("usr/sbin/fence_relay"));
    let validated = support::run(
        command,
        "action=validate-all\nip=127.0.0.1\nssl=1\nplug=1\nusername=u\npassword=secret-word\n",
    );
    assert_eq!(validated.exit, Some(0), "{validated:?}");
    for word in ["fence_relay.wasm: it has no record", "run `fencebox install"] {
        assert!(validated.stderr.contains(word), "{word}: {validated:?}");
    }
}

/// Capabilities of a copied plugin that need approval are refused and listed.
#[test]
fn a_copied_plugin_cannot_use_its_own_capabilities() {
    let tree = Tree::new();
    copy_by_hand(&tree, "fence_narrow", "fence_narrow");
    for action in ["status", "off", "validate-all"] {
        let refused = tree.act("fence_narrow", action);
        refused.assert_refused(&[
            "it has no record, so nothing is approved that it needs",
            "api: https to api.example.com",
            "run `fencebox install",
        ]);
    }
    assert_eq!(tree.act("fence_narrow", "metadata").exit, Some(0));
    assert_said(&tree.fencebox(&["inspect", "fence_narrow"]), &["every action fails: "]);
}

/// If a copied plugin declares that its device cannot report power, no success is reported.
#[test]
fn a_copied_plugin_cannot_skip_the_proof_of_off() {
    let tree = Tree::new();
    copy_by_hand(&tree, "fence_silent", "fence_silent");
    let refused = tree.act("fence_silent", "off");
    assert_eq!(refused.exit, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("off succeeds without proof (no-status)"),
        "{refused:?}"
    );
    // After an installation, that is approved.
    let tree = Tree::new();
    assert_said(&tree.install("fence_silent", "fence_silent", &[]), &["(no-status)"]);
    tree.act("fence_silent", "off").assert_done("Success: Powered OFF\n");
}
