//! Plugins that violate the contract below the level of a compiler: in the canonical ABI, in tables, memories and
//! instances.

use crate::sandbox::descriptions::SPUN;
use crate::sandbox::raw_module::{BASE, component, number, section};
use crate::sandbox::tree::Tree;
use crate::sandbox::{assert_contained, fixtures, options, show};

/// Each file in `tests/fixtures/raw`, and the expected words of the message.
const ENDS: &[(&str, &[&str])] = &[
    ("answer_crooked", &["invalid description"]),
    ("answer_outside", &["invalid description"]),
    ("handle", &["the plugin failed"]),
    ("list_of_a_gib", &["invalid description"]),
    ("list_over_itself", &["invalid description", "16 MiB"]),
    ("memories", &["invalid description"]),
    ("memory", &["the plugin failed", "64 MiB of memory"]),
    ("memory_at_start", &["invalid description", "64 MiB of memory"]),
    ("naps", &["the plugin failed"]),
    ("post_traps", &["invalid description"]),
    ("power", &["the plugin failed"]),
    ("realloc_calls", &["invalid description"]),
    ("realloc_crooked", &["the plugin failed"]),
    ("realloc_outside", &["invalid description"]),
    ("realloc_over_itself", &["invalid description", "discriminant"]),
    ("realloc_spins", &["invalid description", SPUN]),
    ("sessions", &["the plugin failed"]),
    ("start_spins", &["invalid description", SPUN]),
    ("start_traps", &["invalid description"]),
    ("table", &["the plugin failed", "100000 elements"]),
    ("table_at_start", &["invalid description", "100000 elements"]),
    ("text_of_a_gib", &["invalid description"]),
    ("text_outside", &["invalid description"]),
    ("utf8", &["invalid description"]),
    ("variant", &["invalid description"]),
];

/// Fixtures that harm only themselves, or nothing.
const HARMLESS: &[&str] = &["destructor", "flags", "honest"];

#[test]
fn every_raw_fixture_has_a_row() {
    let rows = ENDS.iter().map(|(fixture, _)| *fixture).chain(HARMLESS.iter().copied());
    assert_eq!(fixtures("raw"), rows.map(str::to_owned).collect());
}

#[test]
fn each_case_ends_in_one_clear_line() {
    let base = Tree::bytes_of(BASE);
    std::thread::scope(|scope| {
        for chunk in ENDS.chunks(ENDS.len().div_ceil(4)) {
            let base = &base;
            scope.spawn(move || {
                for (fixture, words) in chunk {
                    let agent = format!("fence_{fixture}");
                    let tree = Tree::new();
                    tree.add(&agent, &component(&agent, fixture, base));
                    let compiled = tree.compile(&agent);
                    assert_eq!(compiled.exit, Some(0), "{fixture}: {compiled:?}");
                    if words[0] == "the plugin failed" {
                        let recorded = tree.record(&agent);
                        assert_eq!(recorded.exit, Some(0), "{fixture}: {recorded:?}");
                    }
                    // Each call of such a plugin computes for five seconds.
                    let is_slow = fixture.ends_with("_spins");
                    let actions = ["off", "metadata", "status", "reboot"];
                    for action in actions.into_iter().take(if is_slow { 2 } else { 4 }) {
                        let outcome = tree.call(&agent, &options(action, ""));
                        let what = format!("raw {fixture} {action}");
                        if action == "metadata" && words[0] == "the plugin failed" {
                            assert_eq!(outcome.exit, Some(0), "{what}: {outcome:?}")
                        } else {
                            assert_contained(&agent, &what, &outcome, words)
                        }
                    }
                }
            });
        }
    });
}

#[test]
fn harmless_components_work() {
    let base = Tree::bytes_of(BASE);
    for fixture in HARMLESS {
        let agent = format!("fence_{fixture}");
        let tree = Tree::new();
        tree.add(&agent, &component(&agent, fixture, &base));
        assert_eq!(tree.compile(&agent).exit, Some(0), "{fixture}");
        for (action, success) in [("status", "Status: ON\n"), ("off", "Success: Powered OFF\n")] {
            let outcome = tree.call(&agent, &options(action, ""));
            show(&format!("raw {fixture} {action}"), &outcome);
            outcome.assert_done(success);
        }
    }
}

/// Instances and the tables in them are counted together.
#[test]
fn five_hundred_instances_are_too_many() {
    const CORE_INSTANCES: u8 = 2;
    let tree = Tree::new();
    // The second module of the component has no imports.
    let instances = [number(500), [0, 1, 0].repeat(500)].concat();
    let base = component("fence_many", "honest", &Tree::bytes_of(BASE));
    tree.add("fence_many", &[base, section(CORE_INSTANCES, &instances)].concat());
    let compiled = tree.compile("fence_many");
    assert_eq!(compiled.exit, Some(0), "{compiled:?}");
    for action in ["metadata", "status", "off", "reboot"] {
        let outcome = tree.call("fence_many", &options(action, ""));
        let what = format!("five hundred instances, {action}");
        assert_contained(
            "fence_many",
            &what,
            &outcome,
            &["invalid description", "instance count too high"],
        );
    }
}
