//! Every action, with machines and containers, by number and by name, with tickets and tokens.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{fence, reach, start};
use crate::support::{call, in_parallel};
use fencebox_sim::machine::Power;
use fencebox_sim::pve::{Settings, guests};

const TOKEN: &str = "username=fencer@pve!node\npassword=s3cret-token\n";
const TICKET: &str = "username=fencer@pve\npassword=s3cret\n";

#[test]
fn each_action_works_with_each_kind_of_machine_and_login() {
    let cases = [
        ("100", "plug=100\n", TICKET),
        ("100", "plug=node1\n", TOKEN),
        ("100", "plug=100\npve_node=pve1\n", TOKEN),
        ("200", "plug=200\n", TOKEN),
        ("200", "plug=200\nvmtype=lxc\npve_node=pve2\n", TICKET),
    ];
    in_parallel(cases, |(id, plug, login)| {
        let cluster = start(Settings::default());
        let steps = [
            ("status", 0, "Status: ON\n", Power::On),
            ("monitor", 0, "", Power::On),
            ("on", 0, "Success: Already ON\n", Power::On),
            ("off", 0, "Success: Powered OFF\n", Power::Off),
            ("status", 2, "Status: OFF\n", Power::Off),
            ("off", 0, "Success: Already OFF\n", Power::Off),
            ("on", 0, "Success: Powered ON\n", Power::On),
            ("reboot", 0, "Success: Rebooted\n", Power::On),
        ];
        for (action, exit, stdout, truth) in steps {
            let lines = format!("{}{login}{plug}action={action}\n", reach(&cluster));
            let outcome = call("fence_pve", &lines);
            let seen = (outcome.exit, outcome.stdout.as_str());
            assert_eq!(seen, (Some(exit), stdout), "{plug} {action}: {outcome:?}");
            assert_eq!(cluster.power(id), Some(truth), "{plug} {action}: {outcome:?}");
        }
        let other_ids = guests()
            .into_iter()
            .map(|guest| guest.machine)
            .filter(|guest| guest.id() != id);
        for other in other_ids {
            assert_eq!(cluster.history(other.id()).len(), 1, "{plug}");
        }
    });
}

#[test]
fn a_cycle_is_a_reset_of_a_machine() {
    let cluster = start(Settings::default());
    fence(&cluster, "action=reboot\nmethod=cycle\nplug=node1\n").assert_done("Success: Rebooted\n");
    assert_eq!(cluster.machine("100").unwrap().operations(), ["reset"]);
    // A container has none.
    for more in ["vmtype=lxc\n", ""] {
        fence(&cluster, &format!("action=reboot\nmethod=cycle\nplug=200\n{more}"))
            .assert_refused(&["option method", "method=onoff"]);
    }
    assert_eq!(cluster.history("200"), [Power::On]);
}

#[test]
fn lists_have_numbers_and_names_and_no_templates() {
    let cluster = start(Settings::default());
    fence(&cluster, "action=list\n").assert_done("100,node1\n101,node2\n200,ct1\n");
    fence(&cluster, "action=list-status\n").assert_done("100,node1,ON\n101,node2,OFF\n200,ct1,ON\n");
    // A node that does not answer does not say off.
    let cluster = start(Settings {
        offline: vec!["pve2".to_owned()],
        ..Settings::default()
    });
    let outcome = fence(&cluster, "action=list-status\n");
    assert_eq!(
        outcome.stdout, "100,node1,ON\n101,,UNKNOWN\n200,,UNKNOWN\n",
        "{outcome:?}"
    );
}

#[test]
fn several_machines_are_fenced_together() {
    let cluster = start(Settings::default());
    fence(&cluster, "action=off\nplug=node1,200\n").assert_done("Success: Powered OFF\n");
    let powers: Vec<Power> = cluster
        .machines()
        .iter()
        .map(|machine| machine.power().clone())
        .collect();
    assert_eq!(powers, [Power::Off, Power::Off, Power::Off, Power::Off]);
}

#[test]
fn a_request_is_forced_and_overrules_a_shutdown() {
    let cluster = start(Settings::default());
    fence(&cluster, "action=reboot\nplug=100\n").assert_done("Success: Rebooted\n");
    let posts = |cluster: &fencebox_sim::Simulator| {
        let posts = cluster
            .requests()
            .into_iter()
            .filter(|request| request.method == "POST");
        let posts = posts.filter(|request| !request.target.ends_with("/access/ticket"));
        posts
            .map(|request| (request.path().to_owned(), request.body))
            .collect::<Vec<_>>()
    };
    let path = |verb: &str| format!("/api2/json/nodes/pve1/qemu/100/status/{verb}");
    let expected = [
        (path("stop"), "overrule-shutdown=1".to_owned()),
        (path("start"), String::new()),
    ];
    assert_eq!(posts(&cluster), expected);
    // Versions before 8.1 do not have the parameter.
    let cluster = start(Settings {
        is_old: true,
        ..Settings::default()
    });
    fence(&cluster, "action=off\nplug=100\n").assert_done("Success: Powered OFF\n");
    let bodies: Vec<String> = posts(&cluster).into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, ["overrule-shutdown=1", ""]);
}

#[test]
fn a_token_needs_no_login_request() {
    let cluster = start(Settings::default());
    call(
        "fence_pve",
        &format!("{}{TOKEN}action=status\nplug=100\n", reach(&cluster)),
    )
    .assert_done("Status: ON\n");
    assert_eq!(cluster.steps(), ["resources", "current"]);
    assert_eq!(cluster.sessions().opened, 0);
    let cluster = start(Settings::default());
    let node = "pve_node=pve1\naction=status\nplug=100\n";
    call("fence_pve", &format!("{}{TOKEN}{node}", reach(&cluster))).assert_done("Status: ON\n");
    assert_eq!(cluster.steps(), ["current"]);
}

#[test]
fn a_ticket_that_ends_is_replaced_once() {
    let cluster = start(Settings {
        ticket_calls: Some(4),
        ..Settings::default()
    });
    fence(&cluster, "action=off\nplug=100\n").assert_done("Success: Powered OFF\n");
    assert!(cluster.sessions().opened > 1);
}
