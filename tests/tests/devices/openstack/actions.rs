//! Every action, with names and UUIDs, with pages, and with clouds of other ages.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{faulty, fence, start};
use crate::support::{call, in_parallel};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::openstack::{NODE1, NODE2, Settings, WEB1, further};

#[test]
fn each_action_works_with_a_name_and_with_a_uuid() {
    let upper = NODE1.to_uppercase();
    in_parallel([NODE1, "node1", upper.as_str()], |plug| {
        let cloud = start(Settings::default());
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
            let outcome = fence(&cloud, &format!("plug={plug}\naction={action}\n"));
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(exit), stdout),
                "{plug} {action}: {outcome:?}"
            );
            assert_eq!(cloud.power(NODE1), Some(truth), "{plug} {action}: {outcome:?}");
        }
        assert_eq!(cloud.power(NODE2), Some(Power::Off));
        // Each action logged in once.
        assert_eq!(cloud.sessions().opened, 8);
    });
}

#[test]
fn the_record_of_the_action_proves_off() {
    let cloud = start(Settings::default());
    fence(&cloud, &format!("plug={NODE1}\naction=off\n")).assert_done("Success: Powered OFF\n");
    let requests = cloud.requests();
    let records: Vec<_> = requests
        .iter()
        .filter(|request| request.target.contains("/os-instance-actions/req-"))
        .collect();
    assert!(!records.is_empty(), "{requests:?}");
    for record in records {
        assert_eq!(record.header("openstack-api-version"), Some("compute 2.51"));
    }
    let stops = requests.iter().filter(|request| request.body == r#"{"os-stop":null}"#);
    assert_eq!(stops.count(), 1);
}

#[test]
fn a_cloud_without_microversions_works() {
    let cloud = start(Settings {
        old_api: true,
        ..Settings::default()
    });
    fence(&cloud, "plug=node1\naction=reboot\n").assert_done("Success: Rebooted\n");
    let refused = cloud
        .requests()
        .into_iter()
        .filter(|request| request.header("openstack-api-version").is_some());
    assert_eq!(refused.count(), 1);
}

/// Nova stops only servers that run, so the memory of a paused one is ended by a hard reboot first.
#[test]
fn a_paused_server_becomes_off() {
    for state in [Power::Paused, Power::Other("SUSPENDED".to_owned())] {
        let cloud = start(Settings {
            machines: vec![Machine::new(WEB1, state.clone()).named("web1")],
            ..Settings::default()
        });
        fence(&cloud, "plug=web1\naction=status\n").assert_done("Status: ON\n");
        fence(&cloud, "plug=web1\naction=off\n").assert_done("Success: Powered OFF\n");
        assert_eq!(cloud.machine(WEB1).unwrap().operations(), ["reboot", "stop"], "{state}");
        assert_eq!(cloud.power(WEB1), Some(Power::Off));
    }
}

#[test]
fn a_paused_server_goes_on() {
    for (state, operation) in [("paused", "unpause"), ("SUSPENDED", "resume")] {
        let Ok(power) = state.parse::<Power>();
        let cloud = start(Settings {
            machines: vec![Machine::new(WEB1, power).named("web1")],
            ..Settings::default()
        });
        fence(&cloud, "plug=web1\naction=on\n").assert_done("Success: Powered ON\n");
        assert_eq!(cloud.machine(WEB1).unwrap().operations(), [operation], "{state}");
    }
}

#[test]
fn other_states_are_what_they_mean() {
    let states = [
        ("SHELVED_OFFLOADED", Some(2), "Status: OFF\n"),
        ("SHELVED", Some(2), "Status: OFF\n"),
        ("RESCUE", Some(0), "Status: ON\n"),
        ("HARD_REBOOT", Some(0), "Status: ON\n"),
        ("VERIFY_RESIZE", Some(0), "Status: ON\n"),
        ("SOFT_DELETED", Some(0), "Status: ON\n"),
        ("ERROR", Some(1), ""),
        ("UNKNOWN", Some(1), ""),
    ];
    in_parallel(states, |(state, exit, stdout)| {
        let cloud = start(Settings {
            machines: vec![Machine::new(NODE1, Power::Other(state.to_owned())).named("node1")],
            ..Settings::default()
        });
        let outcome = fence(&cloud, "plug=node1\naction=status\npower_timeout=2\n");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (exit, stdout),
            "{state}: {outcome:?}"
        );
    });
}

#[test]
fn lists_contain_every_server_of_every_page() {
    let mut machines: Vec<Machine> = further(250).collect();
    machines.insert(120, Machine::new(NODE1, Power::On).named("node.1"));
    let settings = || Settings {
        machines: machines.clone(),
        page: 100,
        ..Settings::default()
    };
    let cloud = start(settings());
    let list = fence(&cloud, "action=list\n");
    assert_eq!(list.stdout.lines().count(), 251, "{list:?}");
    assert!(list.stdout.contains(&format!("{NODE1},node.1\n")));
    assert_eq!(cloud.steps(), ["login", "servers", "servers", "servers"]);
    let status = fence(&cloud, "action=list-status\n");
    assert!(status.stdout.contains(&format!("{NODE1},node.1,ON\n")), "{status:?}");
    // A name is looked up by the service, and a dot stands only for itself.
    let cloud = start(settings());
    fence(&cloud, "action=status\nplug=node.1\n").assert_done("Status: ON\n");
    fence(&cloud, "action=status\nplug=node_1\n").assert_refused(&["node_1"]);
    assert_eq!(cloud.steps()[..3], ["login", "servers", "server"]);
    // The cost of monitor does not grow with the servers.
    let cloud = start(settings());
    fence(&cloud, "action=monitor\n").assert_done("");
    assert_eq!(cloud.requests().last().unwrap().target, "/v2.1/servers?limit=1");
}

#[test]
fn a_token_that_ended_is_replaced() {
    let cloud = faulty(&["server#2*1=expired"]);
    fence(&cloud, &format!("plug={NODE1}\naction=off\n")).assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.sessions().opened, 2);
}

#[test]
fn an_application_credential_logs_in() {
    let cloud = start(Settings::default());
    let lines = format!(
        "auth_url={}\napplication_credential_id=appcred1\napplication_credential_secret=app-s3cret\nplug=node1\n",
        cloud.url()
    );
    // The URL without the version.
    call("fence_openstack", &format!("{lines}action=off\n")).assert_done("Success: Powered OFF\n");
    let login = &cloud.requests()[0];
    assert!(
        login.target == "/v3/auth/tokens" && !login.body.contains("scope"),
        "{login:?}"
    );
}

#[test]
fn the_region_and_the_interface_select_the_service() {
    let cloud = faulty(&["login=regions"]);
    fence(&cloud, "plug=node1\naction=status\n").assert_refused(&["option region_name", "RegionOne", "RegionTwo"]);
    fence(&cloud, "plug=node1\naction=status\nregion_name=RegionOne\n").assert_done("Status: ON\n");
    fence(&cloud, "plug=node1\naction=status\nregion_name=RegionThree\n").assert_refused(&["no such region"]);
    let internal = "plug=node1\naction=status\nregion_name=RegionOne\ninterface=internal\n";
    fence(&cloud, internal).assert_done("Status: ON\n");
    fence(&cloud, "action=monitor\nregion_name=RegionTwo\n").assert_refused(&["192.0.2.1", "set follow_catalog=1"]);
}
