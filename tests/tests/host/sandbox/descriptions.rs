//! Plugins with malicious descriptions: they are rejected before any request is sent, for every action.

use std::path::Path;

use crate::sandbox::tree::Tree;
use crate::sandbox::{End, assert_contained, end, options, play, show};
use crate::support::call;

pub const FIXTURES: &[&str] = &[
    "fence_clock",
    "fence_dice",
    "fence_impostor",
    "fence_liar",
    "fence_spin_describe",
    "fence_usurper",
];

/// The deadline of a description is only a little later than its limit on computing time; on a busy machine it comes
/// first.
pub const SPUN: &str = "computed for 5 s|ran out of time after 8 s";

const ENDS: &[End] = &[
    end(
        "fence_impostor",
        &["invalid description", "does not have the name fence_impostor"],
    ),
    // Each call of it computes for five seconds.
    end("fence_spin_describe", &["invalid description", SPUN]).at(&["off"]),
];

/// The part of the name after `fence_liar_`, and the expected words of the message.
const LIES: &[(&str, &str)] = &[
    ("parameters", "64 MiB of memory"),
    ("thousand", "200 is the limit"),
    ("choices", "200 is the limit"),
    ("rights", "200 is the limit"),
    ("symlinks", "200 is the limit"),
    ("letters", "same letter -j"),
    ("letter_of_help", "same letter -h"),
    ("letter_that_is_none", "'\\n' is not a letter"),
    ("name_with_blank", "\"one two\" is not a valid option name"),
    ("name_with_slash", "\"one/two\" is not a valid option name"),
    ("name_that_climbs", "\"../../etc/passwd\" is not a valid option name"),
    ("name_with_lines", "\"one\\naction\" is not a valid option name"),
    ("name_of_a_flag", "\"--action\" is not a valid option name"),
    ("name_twice", "same name \"one\""),
    ("name_of_the_catalog", "same name \"action\""),
    ("unknown_option", "no option \"root_shell\""),
    ("default", "longer than 16 KiB"),
    ("default_with_lines", "is not one line without control characters"),
    ("default_of_the_catalog", "longer than 16 KiB"),
    ("longdesc", "longer than 16 KiB"),
    ("name", "longer than 16 KiB"),
    ("endpoint", "longer than 16 KiB"),
    ("endpoint_twice", "\"api\" is declared twice"),
    ("base_path", "base path \"/../x\""),
    ("file_twice", "its file is declared twice"),
    ("synonym", "is a synonym of"),
    ("link_that_climbs", "is not a name of an agent"),
];

/// The part of the name after `fence_usurper_`, and the reason for the rejection.
const CLAIMS: &[(&str, &str)] = &[
    ("script", "option password_script: a plugin cannot set its default"),
    ("own_script", "parameter password_script: the name"),
    ("own_snmp_script", "parameter snmp_priv_passwd_script: the name"),
    (
        "older_name",
        "parameter harmless: the name \"passwd_script\" is reserved",
    ),
    ("source_of_a_secret", "parameter token_file: the name"),
    ("debug_file", "option debug_file: a plugin cannot set its default"),
    ("quiet", "option quiet: a plugin cannot set its default"),
    ("help", "option help: a plugin cannot set its default"),
    ("action", "option action: a plugin cannot set its default"),
    ("plug", "option plug: a plugin cannot set its default"),
    ("proxy", "option proxy: a plugin cannot set its default"),
    ("insecure", "option ssl_insecure: a plugin cannot set its default"),
    ("clear_text", "option ssl: a plugin cannot set its default"),
    ("letter", "option ssl_insecure: a plugin cannot change its letter"),
    (
        "synonym_of_a_script",
        "parameter wording is a synonym of password_script",
    ),
    (
        "synonym_of_a_secret",
        "parameter wording is a synonym of the secret option password",
    ),
    ("follow", "option follow: a plugin cannot set its default"),
    ("follow_tls", "option ssl cannot be a follow-option"),
    (
        "address_from_a_secret",
        "option token cannot name the place of an endpoint",
    ),
    (
        "file_of_the_log",
        "option debug_file cannot name the place of an endpoint",
    ),
];

/// Variants that are harmless in the end.
const HARMLESS: &[&str] = &["markup", "fickle"];

#[test]
fn each_case_ends_in_one_clear_line() {
    play(ENDS);
}

#[test]
fn false_descriptions_are_rejected() {
    let tree = Tree::new();
    for (lie, words) in LIES {
        let agent = format!("fence_liar_{lie}");
        tree.link(&agent, "fence_liar");
        for action in ["metadata", "status", "off", "reboot", "validate-all"] {
            let outcome = tree.call(&agent, &options(action, ""));
            assert_contained(&agent, &format!("{agent} {action}"), &outcome, &[words]);
        }
    }
}

/// Rows S1 to S5: a claim is rejected when the plugin is installed and when a copied plugin is called, and it never has
/// an effect.
#[test]
fn claims_to_capabilities_are_rejected() {
    let tree = Tree::new();
    let mark = Path::new("/tmp/fence_usurper.mark");
    for (claim, words) in CLAIMS {
        let agent = format!("fence_usurper_{claim}");
        tree.link(&agent, "fence_usurper");
        for action in ["metadata", "status", "off"] {
            let outcome = tree.call(&agent, &options(action, "password=given\nip=127.0.0.1\n"));
            assert_contained(&agent, &format!("{agent} {action}"), &outcome, &[words]);
        }
        let installed = tree.install(&format!("{agent}.wasm"), "fence_usurper");
        assert_eq!(installed.exit, Some(1), "{installed:?}");
        assert!(installed.stderr.contains(words), "{installed:?}");
        assert!(!mark.exists(), "{claim}");
    }
    // Under its own name the plugin claims nothing.
    call("fence_usurper", &options("status", "")).assert_done("Status: ON\n");
}

/// Row S6: outside of `describe` the clock advances, and the description stays the same.
#[test]
fn a_description_does_not_depend_on_the_clock() {
    let metadata = call("fence_clock", &options("metadata", ""));
    assert!(metadata.stdout.contains("<action name=\"status\""), "{metadata:?}");
    let off = call("fence_clock", &options("off", ""));
    off.assert_refused(&["is not off after 1 polls"]);
    let tree = Tree::new();
    tree.link("fence_clock", "fence_clock");
    tree.call("fence_clock", &options("off", "")).assert_refused(&[]);
}

/// Row S6: a plugin that was copied without a record is described at each call, always with the same result.
#[test]
fn a_description_does_not_depend_on_random_numbers() {
    let tree = Tree::new();
    tree.add("fence_dice", &Tree::bytes_of("fence_dice"));
    let documents = [(); 2].map(|()| tree.call("fence_dice", &options("metadata", "")).stdout);
    assert!(documents[0].contains("Number "), "{documents:?}");
    assert_eq!(documents[0], documents[1]);
    let recorded = call("fence_dice", &options("metadata", "")).stdout;
    assert_eq!(recorded, documents[0]);
}

/// Finds a variant of a fixture that has no row above.
#[test]
fn every_variant_has_a_row() {
    let claims: Vec<_> = CLAIMS.iter().map(|(claim, _)| *claim).collect();
    assert_eq!(
        rows_of(include_str!("../../../fixtures/examples/fence_usurper.rs")),
        claims
    );
    let source = include_str!("../../../fixtures/examples/fence_liar.rs");
    let rows: Vec<_> = LIES
        .iter()
        .map(|(lie, _)| *lie)
        .chain(HARMLESS.iter().copied())
        .collect();
    assert_eq!(rows_of(source), rows);
}

/// The names in a fixture's `match`.
fn rows_of(source: &str) -> Vec<&str> {
    let lines = source.lines();
    let rows = lines.filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"));
    rows.map(|(name, _)| name).collect()
}

/// Whatever the texts of a description contain, the documents are well-formed and have the expected elements.
#[test]
fn texts_cannot_forge_markup() {
    let tree = Tree::new();
    tree.link("fence_liar_markup", "fence_liar");
    for action in ["metadata", "manpage"] {
        let outcome = tree.call("fence_liar_markup", &options(action, ""));
        show(&format!("fence_liar_markup {action}"), &outcome);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        let document = roxmltree::Document::parse(&outcome.stdout).unwrap();
        let count = |tag| document.descendants().filter(|node| node.has_tag_name(tag)).count();
        assert_eq!((count("longdesc"), count("symlink")), (1, 1), "{}", outcome.stdout);
        let forged = |node: roxmltree::Node<'_, '_>| node.attribute("name") == Some("forged");
        assert!(!document.descendants().any(forged), "{}", outcome.stdout);
        let harmful = |character: &char| character.is_control() && !matches!(character, '\n' | '\t');
        assert_eq!(outcome.stdout.chars().find(harmful), None);
    }
    tree.call("fence_liar_markup", &options("off", ""))
        .assert_done("Success: Powered OFF\n");
}

/// A plugin without a record is described twice, each time in a new instance.
#[test]
fn a_description_does_not_depend_on_earlier_calls() {
    let tree = Tree::new();
    tree.link("fence_liar_fickle", "fence_liar");
    for (action, success) in [("status", "Status: ON\n"), ("off", "Success: Powered OFF\n")] {
        tree.call("fence_liar_fickle", &options(action, ""))
            .assert_done(success);
    }
    // Under its own name the description is true.
    call("fence_liar", &options("status", "")).assert_done("Status: ON\n");
}
