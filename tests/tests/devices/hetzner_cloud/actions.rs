//! Every action, with names, ids and addresses, and with pages.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{fence, start, with_token};
use crate::support::in_parallel;
use fencebox_sim::hetzner_cloud::{Settings, further, machines};
use fencebox_sim::machine::{Machine, Power};

#[test]
fn each_action_works_with_each_kind_of_plug() {
    let plugs = [
        "node1",
        "42",
        "203.0.113.42",
        "10.0.0.42",
        "10.0.1.42",
        "2001:db8:2a::",
        "2001:db8:2a::5",
    ];
    in_parallel(plugs, |plug| {
        let settings = Settings {
            // The server is on the third page.
            machines: further(40).chain(machines()).collect(),
            page: 20,
            ..Settings::default()
        };
        let project = start(settings, &[]);
        for (action, exit, stdout, truth) in [
            ("status", 0, "Status: ON\n", Power::On),
            ("monitor", 0, "", Power::On),
            ("on", 0, "Success: Already ON\n", Power::On),
            ("off", 0, "Success: Powered OFF\n", Power::Off),
            ("status", 2, "Status: OFF\n", Power::Off),
            ("off", 0, "Success: Already OFF\n", Power::Off),
            ("on", 0, "Success: Powered ON\n", Power::On),
            ("reboot", 0, "Success: Rebooted\n", Power::On),
        ] {
            let outcome = fence(&project, &format!("plug={plug}\naction={action}\n"));
            let seen = (outcome.exit, outcome.stdout.as_str());
            assert_eq!(seen, (Some(exit), stdout), "{plug} {action}: {outcome:?}");
            assert_eq!(project.power("42"), Some(truth), "{plug} {action}: {outcome:?}");
        }
        assert_eq!(project.power("43"), Some(Power::Off));
    });
}

#[test]
fn the_action_is_followed_to_its_end() {
    let project = start(
        Settings {
            polls: 3,
            ..Settings::default()
        },
        &[],
    );
    fence(&project, "plug=42\naction=off\n").assert_done("Success: Powered OFF\n");
    let targets: Vec<String> = project.requests().into_iter().map(|request| request.target).collect();
    let actions = targets.iter().filter(|target| *target == "/v1/actions/5000");
    assert_eq!(actions.count(), 4, "{targets:?}");
    let posts: Vec<_> = targets
        .iter()
        .filter(|target| target.contains("/actions/power"))
        .collect();
    assert_eq!(posts, ["/v1/servers/42/actions/poweroff"]);
}

#[test]
fn other_states_are_what_they_mean() {
    let states = [
        ("initializing", 0, "Status: ON\n"),
        ("starting", 0, "Status: ON\n"),
        ("stopping", 0, "Status: ON\n"),
        ("deleting", 0, "Status: ON\n"),
        ("rebuilding", 0, "Status: ON\n"),
        ("migrating", 0, "Status: ON\n"),
        ("unknown", 1, ""),
        ("OFF", 1, ""),
    ];
    in_parallel(states, |(state, exit, stdout)| {
        let project = start(
            Settings {
                // Not by `parse`, which accepts `OFF`.
                machines: vec![Machine::new("42", Power::Other(state.to_owned()))],
                ..Settings::default()
            },
            &[],
        );
        let outcome = fence(&project, "plug=42\naction=status\npower_timeout=2\n");
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(exit), stdout), "{state}: {outcome:?}");
    });
}

#[test]
fn lists_contain_every_server_of_every_page() {
    let mut settings = Settings::default();
    settings.machines.extend(further(150));
    let project = start(settings, &[]);
    let list = fence(&project, "action=list\n");
    assert_eq!(list.stdout.lines().count(), 152, "{list:?}");
    assert!(list.stdout.starts_with("node1,\nnode2,\n"), "{list:?}");
    assert_eq!(project.steps(), ["servers"; 4]);
    let status = fence(&project, "action=list-status\n");
    assert!(status.stdout.starts_with("node1,,ON\nnode2,,OFF\n"), "{status:?}");
    // The cost of monitor does not grow with the servers. A token that may only read is enough for it.
    let project = start(Settings::default(), &[]);
    with_token(&project, "s3cret-read", "action=monitor\n").assert_done("");
    assert_eq!(project.requests()[0].target, "/v1/servers?per_page=1");
    with_token(&project, "s3cret-read", "plug=node2\naction=status\n");
    assert_eq!(project.requests()[1].target, "/v1/servers?name=node2");
}

#[test]
fn an_address_of_several_servers_is_ambiguous() {
    let project = start(
        Settings {
            // Their addresses repeat after 250 servers.
            machines: vec![
                Machine::new("42", Power::On).named("a"),
                Machine::new("292", Power::Off).named("b"),
            ],
            ..Settings::default()
        },
        &[],
    );
    fence(&project, "plug=10.0.0.42\naction=off\n").assert_refused(&["not unique", "a, b"]);
    fence(&project, "plug=10.0.0.43\naction=off\n").assert_refused(&["10.0.0.43"]);
    fence(&project, "plug=node9\naction=off\n").assert_refused(&["node9"]);
    fence(&project, "plug=44\naction=off\n").assert_refused(&["44"]);
    // Names are case-sensitive.
    fence(&project, "plug=A\naction=off\n").assert_refused(&["A"]);
    assert_eq!(project.power("42"), Some(Power::On));
}
