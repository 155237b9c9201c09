//! `fencebox policy`: tests a policy before it takes effect.

use std::path::Path;

use super::{Moved, chmod};

#[test]
fn policy_prints_the_rules_for_an_agent() {
    let tree = Moved::with(
        "[\"*\"]\ninsecure-tls = false\n[fence_clc]\nallow = [\"https://api.ctl.io\"]\nlimits.seconds = 90\n[fence_cls]\n",
    );
    let place = tree.policy();
    let place = place.display();
    let tls = format!("  verifies certificates, and sends plain HTTP only to this machine ([\"*\"] in {place}:2)\n");
    tree.call_with("fencebox", &["policy", "fence_clc"])
        .assert_done(&format!(
            "fence_clc: restricted by the policy:\n{tls}  \
         reaches only \"https://api.ctl.io\" ([fence_clc] in {place}:4)\n  \
         has the limit seconds = 90 s, not 3600 s ([fence_clc] in {place}:5)\n"
        ));
    tree.call_with("fencebox", &["policy", "fence_relay"])
        .assert_done(&format!("fence_relay: restricted by the policy:\n{tls}"));
    // A table that was meant for another agent is visible in the output.
    let all = tree.call_with("fencebox", &["policy"]);
    assert!(
        all.stdout
            .contains("fence_cls (no plugin is installed for it): restricted by the policy:"),
        "{all:?}"
    );
    assert!(all.stdout.contains("fence_ovh: "), "{all:?}");
    tree.call_with("fencebox", &["policy", "clc"])
        .assert_refused(&["clc is not an agent name; write fence_DEVICE"]);
}

#[test]
fn a_missing_policy_is_reported() {
    let tree = Moved::without();
    let places = format!("/etc/fencebox/policy.toml and {} do not exist", tree.policy().display());
    tree.call_with("fencebox", &["policy", "fence_clc"])
        .assert_done(&format!(
            "no policy is installed ({places})\nfence_clc: not restricted by the policy\n"
        ));
    let check = tree.call_with("fencebox", &["check"]);
    assert!(
        check.stdout.contains(&format!("policy           {places}\n")),
        "{check:?}"
    );
}

#[test]
fn check_names_the_policy_of_the_tree() {
    let tree = Moved::with("[fence_clc]\nlimits.seconds = 90\n");
    let valid = format!("policy           valid: {}\n", tree.policy().display());
    let check = tree.call_with("fencebox", &["check"]);
    assert!(check.stdout.contains(&valid), "{check:?}");
    std::fs::write(tree.policy(), "[fence_clc]\nallow = 5\n").unwrap();
    let broken = format!(
        "policy           BROKEN, so every action of every agent fails: {}:2: ",
        tree.policy().display()
    );
    let check = tree.call_with("fencebox", &["check"]);
    assert!(check.stdout.contains(&broken), "{check:?}");
}

#[test]
fn a_draft_is_checked_and_has_no_effect() {
    let tree = Moved::with("[fence_clc]\nlimits.seconds = 90\n");
    let draft = tree.path("draft.toml");
    std::fs::write(&draft, "[fence_clc]\ndeny = [\"*.example\"]\n").unwrap();
    chmod(&draft, 0o666);
    let path = draft.display().to_string();
    tree.call_with("fencebox", &["policy", "--policy", &path, "fence_clc"])
        .assert_done(&format!(
            "fence_clc: restricted by the policy:\n  does not reach \"*.example\" ([fence_clc] in {path}:2)\n"
        ));
    std::fs::write(&draft, "[fence_clc]\ndeny = [\"*.example\"]\nallow = 5\n").unwrap();
    let outcome = tree.call_with("fencebox", &["policy", "--policy", &path]);
    outcome.assert_refused(&[&format!("fencebox: {path}:3: "), "expected a sequence"]);
}

#[test]
fn a_broken_policy_is_reported() {
    let tree = Moved::with("[fence_clc]\nalow = []\n");
    let place = format!("{}:2: ", tree.policy().display());
    tree.call_with("fencebox", &["policy"])
        .assert_refused(&[&place, "unknown field `alow`"]);
    tree.write("");
    chmod(&tree.policy(), 0o666);
    tree.call_with("fencebox", &["policy"])
        .assert_refused(&["can be written by others"]);
}

/// The sample is valid as it is, and also with each option enabled.
#[test]
fn the_sample_is_valid() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.sample.toml");
    let text = std::fs::read_to_string(sample).unwrap();
    assert!(
        text.lines().all(|line| line.is_empty() || line.starts_with('#')),
        "all commented out"
    );
    let tree = Moved::with(&text);
    let outcome = tree.call_with("fencebox", &["policy", "fence_clc"]);
    outcome.assert_done("fence_clc: not restricted by the policy\n");
    // A comment has a space after `#`; an option to enable has none.
    let taken: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')))
        .collect();
    assert!(taken.len() > 10, "{taken:?}");
    tree.write(&taken.join("\n"));
    let outcome = tree.call_with("fencebox", &["policy"]);
    assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    for limit in fencebox::policy::Limit::ALL {
        let key = format!("has the limit {} = ", limit.key());
        assert!(outcome.stdout.contains(&key), "{key} in {outcome:?}");
    }
    for words in [
        "reaches only",
        "does not reach",
        "runs only a plugin file",
        "verifies certificates",
    ] {
        assert!(outcome.stdout.contains(words), "{words} in {outcome:?}");
    }
}
