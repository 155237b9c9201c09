//! Plugins that describe themselves as no honest plugin does: they are refused
//! before anybody is asked for anything, and no action makes a difference.

use crate::support::call;
use crate::tree::Tree;
use crate::{End, assert_contained, end, options, play, show};

pub const FIXTURES: &[&str] = &["fence_impostor", "fence_liar", "fence_spin_describe"];

/// The deadline of a description comes not long after the end of its computing,
/// and on a machine with much to do before.
pub const SPUN: &str = "computed for 5 s|ran out of time after 8 s";

const ENDS: &[End] = &[
    end(
        "fence_impostor",
        &["describes itself badly", "does not answer to fence_impostor"],
    ),
    end("fence_spin_describe", &["describes itself badly", SPUN]),
];

/// What `fence_liar` is called, after `fence_liar_`, and how that is told.
const LIES: &[(&str, &str)] = &[
    ("parameters", "64 MiB of memory"),
    ("thousand", "200 is the limit"),
    ("choices", "200 is the limit"),
    ("rights", "200 is the limit"),
    ("symlinks", "200 is the limit"),
    ("letters", "same letter -j"),
    ("letter_of_help", "same letter -h"),
    ("letter_that_is_none", "'\\n' is no letter"),
    ("name_with_blank", "\"one two\" is no name"),
    ("name_with_slash", "\"one/two\" is no name"),
    ("name_that_climbs", "\"../../etc/passwd\" is no name"),
    ("name_with_lines", "\"one\\naction\" is no name"),
    ("name_of_a_flag", "\"--action\" is no name"),
    ("name_twice", "same name \"one\""),
    ("name_of_the_catalogue", "same name \"action\""),
    ("unknown_option", "no option \"root_shell\""),
    ("default", "more than 16 KiB"),
    ("default_of_the_catalogue", "more than 16 KiB"),
    ("longdesc", "more than 16 KiB"),
    ("name", "more than 16 KiB"),
    ("endpoint", "more than 16 KiB"),
    ("endpoint_twice", "\"api\" is declared twice"),
    ("base_path", "base path \"/../x\""),
    ("file_twice", "its file is declared twice"),
    ("synonym", "is a synonym of"),
    ("link_that_climbs", "is no name of an agent"),
];

/// Those with which there is nothing wrong in the end.
const HARMLESS: &[&str] = &["markup", "fickle"];

#[test]
fn each_ends_in_one_clear_line() {
    play(ENDS);
}

#[test]
fn lies_are_refused() {
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

/// A lie that nobody tests is found here.
#[test]
fn every_lie_has_a_row() {
    let source = include_str!("../../fixtures/examples/fence_liar.rs");
    let lies = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"));
    let lies: Vec<_> = lies.map(|(lie, _)| lie).collect();
    let rows: Vec<_> = LIES
        .iter()
        .map(|(lie, _)| *lie)
        .chain(HARMLESS.iter().copied())
        .collect();
    assert_eq!(lies, rows);
}

/// Whatever is in its texts, the documents are well-formed and have the
/// elements that they should.
#[test]
fn texts_forge_no_markup() {
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

/// A plugin is asked once what it is, and held to that.
#[test]
fn nobody_asks_twice() {
    let tree = Tree::new();
    tree.link("fence_liar_fickle", "fence_liar");
    for (action, success) in [("status", "Status: ON\n"), ("off", "Success: Powered OFF\n")] {
        tree.call("fence_liar_fickle", &options(action, ""))
            .assert_done(success);
    }
    // Under its own name it is what it says it is.
    call("fence_liar", &options("status", "")).assert_done("Status: ON\n");
}
