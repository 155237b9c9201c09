//! Every action.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{Api, BOTH};
use crate::support::in_parallel;
use fencebox_sim::machine::Power;
use fencebox_sim::vmware::{Settings, further};

#[test]
fn each_action_works_with_each_api() {
    let cases = [
        (Api::Rest, "plug=db01\n", false),
        (Api::Rest, "plug=db01\napi_path=/api\n", false),
        (Api::Rest, "plug=vm-101\n", false),
        (Api::Soap, "plug=db01\n", false),
        (Api::Soap, "plug=/DC1/vm/db01\n", false),
        (Api::Soap, "plug=DC1/vm/db01\n", false),
        (Api::Soap, "plug=4200C0DE-0000-4000-8000-000000000101\n", false),
        (Api::Soap, "plug=5000c0de-0000-4000-8000-000000000101\n", false),
        (Api::Soap, "plug=db01\n", true),
    ];
    in_parallel(cases, |(api, plug, is_esxi)| {
        let vcenter = api.start(Settings {
            is_esxi,
            ..Settings::default()
        });
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
            let outcome = api.fence(&vcenter, &format!("{plug}action={action}\npower_wait=0\n"));
            let seen = (outcome.exit, outcome.stdout.as_str());
            assert_eq!(seen, (Some(exit), stdout), "{api:?} {plug} {action}: {outcome:?}");
            assert_eq!(
                vcenter.power("vm-101"),
                Some(truth),
                "{api:?} {plug} {action}: {outcome:?}"
            );
        }
        for other in vcenter.machines().iter().filter(|other| other.id() != "vm-101") {
            assert_eq!(other.history().len(), 1, "{api:?}: {}", other.name());
        }
        let sessions = vcenter.sessions();
        assert_eq!((sessions.opened, sessions.open), (8, 0), "{api:?}");
    });
}

#[test]
fn a_suspended_machine_is_not_off() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        api.fence(&vcenter, "action=status\nplug=web01\n")
            .assert_done("Status: ON\n");
        api.fence(&vcenter, "action=off\nplug=web01\npower_wait=0\n")
            .assert_done("Success: Powered OFF\n");
        assert_eq!(vcenter.power("vm-103"), Some(Power::Off));
    }
}

#[test]
fn a_suspended_machine_is_switched_on() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        api.fence(&vcenter, "action=on\nplug=web01\npower_wait=0\n")
            .assert_done("Success: Powered ON\n");
        assert_eq!(vcenter.power("vm-103"), Some(Power::On), "{api:?}");
    }
}

/// The device still shows the last power state of a machine whose host is disconnected: off, and it runs.
#[test]
fn a_disconnected_machine_is_never_off() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        for action in ["status", "off", "reboot"] {
            let lines = format!("action={action}\nplug=lost\npower_timeout=2\npower_wait=0\n");
            let outcome = api.fence(&vcenter, &lines);
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(1), ""),
                "{api:?} {action}: {outcome:?}"
            );
            assert!(outcome.stderr.contains("disconnected"), "{api:?} {action}: {outcome:?}");
        }
        assert_eq!(vcenter.power("vm-107"), Some(Power::On));
    }
}

#[test]
fn lists_contain_every_machine_but_templates() {
    let vcenter = Api::Rest.start(Settings::default());
    let names = "db01\ndb02\nweb01\ntwin\ntwin\nlost\na/b 100%\ncopy\n";
    let listed = Api::Rest.fence(&vcenter, "action=list\n");
    assert_eq!(listed.stdout, names.replace('\n', ",\n"), "{listed:?}");
    let vcenter = Api::Soap.start(Settings::default());
    let listed = Api::Soap.fence(&vcenter, "action=list\n");
    assert!(
        listed.stdout.starts_with("db01,4200c0de-0000-4000-8000-000000000101\n"),
        "{listed:?}"
    );
    assert_eq!(listed.stdout.lines().count(), 8, "{listed:?}");
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        let listed = api.fence(&vcenter, "action=list-status\n");
        let status = |name: &str| {
            let mut lines = listed
                .stdout
                .lines()
                .filter(|line| line.starts_with(&format!("{name},")));
            lines.next().and_then(|line| line.rsplit(',').next()).map(str::to_owned)
        };
        for (name, expected) in [("db01", "ON"), ("db02", "OFF"), ("web01", "ON"), ("lost", "UNKNOWN")] {
            assert_eq!(status(name).as_deref(), Some(expected), "{api:?} {name}: {listed:?}");
        }
    }
}

#[test]
fn five_thousand_machines_come_in_pages() {
    let settings = || {
        let mut vms = fencebox_sim::vmware::vms();
        vms.extend(further(5_000));
        Settings {
            vms,
            ..Settings::default()
        }
    };
    let vcenter = Api::Soap.start(settings());
    Api::Soap
        .fence(&vcenter, "action=off\nplug=s4999\npower_wait=0\n")
        .assert_done("Success: Already OFF\n");
    let pages = vcenter.steps().iter().filter(|step| **step == "page").count();
    assert_eq!(pages, 10);
    let vcenter = Api::Soap.start(settings());
    let listed = Api::Soap.fence(&vcenter, "action=list\n");
    assert_eq!(listed.stdout.lines().count(), 5_008);
    // Without a plug, monitor reads one page.
    let vcenter = Api::Soap.start(settings());
    Api::Soap.fence(&vcenter, "action=monitor\n").assert_done("");
    assert_eq!(vcenter.steps(), ["content", "login", "view", "list", "logout"]);
    // A UUID and a path need no list.
    let vcenter = Api::Soap.start(settings());
    Api::Soap
        .fence(&vcenter, "action=status\nplug=/DC1/vm/db01\n")
        .assert_done("Status: ON\n");
    assert_eq!(vcenter.steps(), ["content", "login", "find", "record", "logout"]);

    // The list of REST has 4,000 rows. A name needs no list, and monitor accepts that there are more.
    let vcenter = Api::Rest.start(settings());
    Api::Rest
        .fence(&vcenter, "action=status\nplug=db01\n")
        .assert_done("Status: ON\n");
    Api::Rest.fence(&vcenter, "action=monitor\n").assert_done("");
    Api::Rest
        .fence(&vcenter, "action=list\n")
        .assert_refused(&["option filter", "4,000"]);
    for filter in ["filter.names=db01&filter.names=s7", "names=db01&names=s7"] {
        for path in ["/rest", "/api"] {
            let lines = format!("action=list-status\nfilter={filter}\napi_path={path}\n");
            Api::Rest.fence(&vcenter, &lines).assert_done("db01,,ON\ns7,,OFF\n");
        }
    }
}

#[test]
fn several_plugs_are_fenced_together() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        api.fence(&vcenter, "action=off\nplug=db01,copy\npower_wait=0\n")
            .assert_done("Success: Powered OFF\n");
        let powers = ["vm-101", "vm-109"].map(|id| vcenter.power(id));
        assert_eq!(powers, [Some(Power::Off), Some(Power::Off)], "{api:?}");
    }
}
