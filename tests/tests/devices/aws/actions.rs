//! Every action, with instances in each state, with pages and filters, and with an old endpoint.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{bodies, faulty, fence, start};
use crate::support::in_parallel;
use fencebox_sim::aws::{NODE1, NODE2, Settings, WEB1, further};
use fencebox_sim::machine::{Machine, Power};

#[test]
fn each_action_works() {
    let region = start(Settings::default());
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
        let outcome = fence(&region, &format!("plug={NODE1}\naction={action}\n"));
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(exit), stdout), "{action}: {outcome:?}");
        assert_eq!(region.power(NODE1), Some(truth), "{action}: {outcome:?}");
    }
    assert_eq!(region.power(NODE2), Some(Power::Off));
    assert_eq!(
        region.machine(NODE1).unwrap().operations(),
        ["stop", "start", "stop", "start"]
    );
}

/// The last request to stop changes nothing: its answer is the proof.
#[test]
fn a_stop_is_forced_and_confirmed() {
    let region = start(Settings::default());
    fence(&region, &format!("plug={NODE1}\naction=off\n")).assert_done("Success: Powered OFF\n");
    let stop = format!("Action=StopInstances&Version=2016-11-15&InstanceId.1={NODE1}&Force=true&SkipOsShutdown=true");
    assert_eq!(bodies(&region, "StopInstances"), [stop.clone(), stop.clone()]);
    assert_eq!(region.steps().last(), Some(&"describe"));
    // An instance that is off already needs one.
    let region = start(Settings::default());
    fence(&region, &format!("plug={NODE2}\naction=off\n")).assert_done("Success: Already OFF\n");
    assert_eq!(bodies(&region, "StopInstances").len(), 1);
    let region = start(Settings::default());
    let lines = format!("plug={NODE1}\naction=off\nskip_os_shutdown=false\n");
    fence(&region, &lines).assert_done("Success: Powered OFF\n");
    let without = stop.replace("&SkipOsShutdown=true", "");
    assert_eq!(bodies(&region, "StopInstances"), [without.clone(), without]);
}

#[test]
fn an_endpoint_without_the_new_parameter_works() {
    let region = start(Settings {
        is_old: true,
        ..Settings::default()
    });
    let outcome = fence(&region, &format!("plug={NODE1}\naction=off\n"));
    outcome.assert_done("Success: Powered OFF\n");
    assert!(outcome.stderr.contains("does not have SkipOsShutdown"), "{outcome:?}");
    // Refused once, then omitted.
    let stops = bodies(&region, "StopInstances");
    assert_eq!(stops.iter().filter(|body| body.contains("SkipOsShutdown")).count(), 1);
}

#[test]
fn other_states_are_what_they_mean() {
    let states = [
        ("terminated", 2, "Status: OFF\n"),
        ("shutting-down", 0, "Status: ON\n"),
        ("stopping", 0, "Status: ON\n"),
        ("pending", 0, "Status: ON\n"),
        ("paused", 1, ""),
        ("Stopped", 1, ""),
    ];
    in_parallel(states, |(state, exit, stdout)| {
        let region = start(Settings {
            machines: vec![Machine::new(NODE1, Power::Other(state.to_owned()))],
            ..Settings::default()
        });
        let outcome = fence(&region, &format!("plug={NODE1}\naction=status\npower_timeout=2\n"));
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(exit), stdout), "{state}: {outcome:?}");
    });
}

#[test]
fn a_terminated_instance_is_off_forever() {
    let region = start(Settings {
        machines: vec![Machine::new(NODE1, Power::Other("terminated".to_owned()))],
        ..Settings::default()
    });
    let fence = |action: &str| fence(&region, &format!("plug={NODE1}\naction={action}\npower_timeout=3\n"));
    fence("off").assert_done("Success: Already OFF\n");
    fence("on").assert_failed(&["is terminated, and cannot be started"]);
}

#[test]
fn lists_contain_every_instance_of_every_page() {
    let mut settings = Settings {
        page: 100,
        ..Settings::default()
    };
    settings.machines.extend(further(250));
    let region = start(settings);
    let list = fence(&region, "action=list\n");
    assert_eq!(list.stdout.lines().count(), 253, "{list:?}");
    assert!(list.stdout.starts_with(&format!("{NODE1},node1\n")), "{list:?}");
    assert_eq!(region.steps(), ["describe", "describe", "describe"]);
    let status = fence(&region, "action=list-status\nfilter=tag:Name=node1\n");
    assert_eq!(status.stdout, format!("{NODE1},node1,ON\n"), "{status:?}");
    // The cost of monitor does not grow with the instances.
    let region = start(Settings::default());
    fence(&region, "action=monitor\nfilter=tag:cluster=ha1\n").assert_done("");
    let monitor = bodies(&region, "DescribeInstances");
    let filter = "&Filter.1.Name=tag%3Acluster&Filter.1.Value.1=ha1";
    assert_eq!(
        monitor,
        [format!(
            "Action=DescribeInstances&Version=2016-11-15&MaxResults=5{filter}"
        )]
    );
    let endless = faulty(
        Settings {
            page: 1,
            ..Settings::default()
        },
        &["describe=endless"],
    );
    fence(&endless, "action=list\n").assert_refused(&["repeats itself"]);
}

/// With a plug, the permissions are tried without an effect.
#[test]
fn monitor_finds_missing_permissions() {
    let region = start(Settings::default());
    fence(&region, &format!("plug={NODE1}\naction=monitor\n")).assert_done("");
    assert_eq!(region.steps(), ["describe", "stop", "start"]);
    assert!(region.machines().iter().all(|machine| machine.operations().is_empty()));
    let region = start(Settings {
        may_switch: false,
        ..Settings::default()
    });
    fence(&region, &format!("plug={NODE1}\naction=monitor\n")).assert_refused(&["not permitted", "ec2:StopInstances"]);
    fence(&region, "action=monitor\n").assert_done("");
    let missing = format!("plug={}\naction=monitor\n", "i-00000000000000000");
    fence(&region, &missing).assert_refused(&["i-00000000000000000"]);
    assert_eq!(region.power(WEB1), Some(Power::On));
}
