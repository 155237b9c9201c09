//! Every action, with every vendor's shape.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{fence, start};
use crate::support::in_parallel;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::redfish::{Profile, Settings, further};

#[test]
fn each_action_works_with_each_profile() {
    in_parallel(Profile::ALL, |profile| {
        let bmc = start(Settings::of(profile));
        let machine = profile.ids()[profile.ids().len() - 1];
        // One system needs no name, and Pacemaker sends that of the node.
        let plug = if profile.ids().len() > 1 { machine } else { "node1" };
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
            let outcome = fence(&bmc, &format!("plug={plug}\naction={action}\n"));
            let seen = (outcome.exit, outcome.stdout.as_str());
            // A device that lags shows the state before for some reads.
            let lags = profile == Profile::Supermicro && ["status", "on", "off"].contains(&action);
            assert!(
                lags || seen == (Some(exit), stdout),
                "{profile:?} {action}: {outcome:?}"
            );
            assert_eq!(bmc.power(machine), Some(truth), "{profile:?} {action}: {outcome:?}");
        }
        for other in bmc.machines().iter().filter(|other| other.id() != machine) {
            assert_eq!(other.history(), [Power::On], "{profile:?}");
        }
    });
}

#[test]
fn diagnostics_are_an_nmi_without_a_change_of_power() {
    let bmc = start(Settings::of(Profile::Dell));
    fence(&bmc, "action=diag\n").assert_done("");
    let machine = bmc.machine("System.Embedded.1").unwrap();
    assert_eq!(
        (machine.operations(), machine.history()),
        (&["Nmi".to_owned()][..], &[Power::On][..])
    );
    // MegaRAC has none.
    let bmc = start(Settings::of(Profile::Megarac));
    fence(&bmc, "action=diag\n").assert_refused(&["no reset type Nmi", "GracefulShutdown"]);
}

#[test]
fn only_forced_requests_are_sent() {
    for profile in [Profile::Dell, Profile::Openbmc, Profile::HpeIlo5] {
        let bmc = start(Settings::of(profile));
        fence(&bmc, "action=reboot\n").assert_done("Success: Rebooted\n");
        let bodies: Vec<_> = bmc
            .requests()
            .into_iter()
            .filter(|request| request.method == "POST")
            .collect();
        let bodies: Vec<&str> = bodies.iter().map(|request| request.body.as_str()).collect();
        let expected = [r#"{"ResetType":"ForceOff"}"#, r#"{"ResetType":"On"}"#];
        assert_eq!(bodies, expected, "{profile:?}");
    }
}

#[test]
fn systems_uri_saves_the_discovery() {
    let bmc = start(Settings::of(Profile::Dell));
    fence(
        &bmc,
        "action=monitor\nsystems_uri=/redfish/v1/Systems/System.Embedded.1\n",
    )
    .assert_done("");
    assert_eq!(bmc.steps(), ["system"]);
    let bmc = start(Settings::of(Profile::Cisco));
    fence(&bmc, "action=monitor\n").assert_done("");
    assert_eq!(bmc.steps(), ["root", "systems", "system", "info"]);
}

#[test]
fn a_path_without_its_slash_is_redirected_once() {
    let bmc = start(Settings::of(Profile::HpeIlo5));
    fence(&bmc, "action=off\nsystems_uri=/redfish/v1/Systems/1\n").assert_done("Success: Powered OFF\n");
    let redirected = bmc
        .requests()
        .into_iter()
        .filter(|request| request.target == "/redfish/v1/Systems/1");
    assert_eq!(redirected.count(), 1);
}

#[test]
fn five_hundred_systems_have_names() {
    let mut machines: Vec<Machine> = further(499).collect();
    machines.insert(250, Machine::new("x1", Power::On).named("node1.example"));
    let settings = || Settings {
        machines: machines.clone(),
        page: Some(50),
        ..Settings::of(Profile::MultiNode)
    };
    // Its Id is in the path.
    let chassis = start(settings());
    fence(&chassis, "action=off\nplug=x1\n").assert_done("Success: Powered OFF\n");
    assert_eq!(chassis.power("x1"), Some(Power::Off));
    // Its host name is in its record only.
    let chassis = start(settings());
    fence(&chassis, "action=status\nplug=node1.example\n").assert_done("Status: ON\n");
    assert_eq!(chassis.steps().iter().filter(|step| **step == "system").count(), 501);
}

#[test]
fn lists_contain_every_system() {
    let chassis = start(Settings::of(Profile::MultiNode));
    fence(&chassis, "action=off\nplug=Node2\n").assert_done("Success: Powered OFF\n");
    let rows = "Node1,node1,ON\nNode2,node2,OFF\nNode3,node3,ON\nNode4,node4,ON\n";
    fence(&chassis, "action=list-status\n").assert_done(rows);
    fence(&chassis, "action=list\n").assert_done("Node1,node1\nNode2,node2\nNode3,node3\nNode4,node4\n");
}

#[test]
fn several_plugs_are_fenced_together() {
    let chassis = start(Settings::of(Profile::MultiNode));
    fence(&chassis, "action=off\nplug=Node1,Node4\n").assert_done("Success: Powered OFF\n");
    let powers: Vec<Power> = chassis
        .machines()
        .iter()
        .map(|machine| machine.power().clone())
        .collect();
    assert_eq!(powers, [Power::Off, Power::On, Power::On, Power::Off]);
}
