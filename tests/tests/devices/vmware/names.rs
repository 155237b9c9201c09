//! Which machine a plug is.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{Api, BOTH};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::vmware::{Settings, Vm, vms};

#[test]
fn a_name_that_two_machines_have_is_refused() {
    for (api, words) in [
        (Api::Rest, ["not unique", "vm-104, vm-105"]),
        (
            Api::Soap,
            [
                "not unique",
                "5000c0de-0000-4000-8000-000000000104, 5000c0de-0000-4000-8000-000000000105",
            ],
        ),
    ] {
        for action in ["off", "status"] {
            let vcenter = api.start(Settings::default());
            api.fence(&vcenter, &format!("action={action}\nplug=twin\n"))
                .assert_refused(&words);
            assert!(vcenter.machines().iter().all(|machine| machine.operations().is_empty()));
        }
    }
    // The line names the plugs that the user can set.
    let vcenter = Api::Rest.start(Settings::default());
    Api::Rest
        .fence(&vcenter, "action=status\nplug=vm-104\n")
        .assert_done("Status: ON\n");
    let vcenter = Api::Soap.start(Settings::default());
    for plug in ["5000c0de-0000-4000-8000-000000000104", "/DC1/vm/a/twin"] {
        Api::Soap
            .fence(&vcenter, &format!("action=status\nplug={plug}\n"))
            .assert_done("Status: ON\n");
    }
}

/// A copied machine has the UUID of its original.
#[test]
fn a_uuid_that_two_machines_have_is_refused() {
    let vcenter = Api::Soap.start(Settings::default());
    Api::Soap
        .fence(&vcenter, "action=off\nplug=4200c0de-0000-4000-8000-000000000108\n")
        .assert_refused(&["not unique", "5000c0de-0000-4000-8000-000000000109"]);
    assert_eq!(vcenter.power("vm-108"), Some(Power::On));
}

#[test]
fn a_name_with_characters_that_vsphere_encodes_is_found() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        for plug in ["a/b 100%", "a%2fb 100%25"] {
            let outcome = api.fence(&vcenter, &format!("action=status\nplug={plug}\n"));
            assert_eq!(outcome.stdout, "Status: ON\n", "{api:?} {plug}: {outcome:?}");
        }
    }
    let vcenter = Api::Soap.start(Settings::default());
    Api::Soap
        .fence(&vcenter, "action=status\nplug=/DC1/vm/a%2fb 100%25\n")
        .assert_done("Status: ON\n");
}

#[test]
fn a_missing_machine_is_an_error() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        for (plug, words) in [
            ("absent", &["absent"][..]),
            ("golden", &["golden"]),
            ("/DC1/vm/absent", &["absent"]),
            ("00000000-0000-4000-8000-000000000000", &["00000000"]),
        ] {
            api.fence(&vcenter, &format!("action=off\nplug={plug}\n"))
                .assert_refused(words);
        }
    }
}

#[test]
fn a_template_is_not_a_machine() {
    let vcenter = Api::Soap.start(Settings::default());
    for plug in ["/DC1/vm/golden", "4200c0de-0000-4000-8000-000000000106"] {
        Api::Soap
            .fence(&vcenter, &format!("action=off\nplug={plug}\n"))
            .assert_refused(&["is a template"]);
    }
    // A machine with the name of a template is not ambiguous.
    let mut vms = vms();
    vms.push(Vm::new(Machine::new("vm-110", Power::On).named("golden")).in_folder("DC1/vm/c"));
    let vcenter = Api::Soap.start(Settings {
        vms,
        ..Settings::default()
    });
    Api::Soap
        .fence(&vcenter, "action=status\nplug=golden\n")
        .assert_done("Status: ON\n");
}

/// One machine has a name that looks like the identifier of another one.
#[test]
fn an_identifier_that_is_also_a_name_is_refused() {
    let mut vms = vms();
    vms.push(Vm::new(Machine::new("vm-110", Power::On).named("vm-102")));
    let vcenter = Api::Rest.start(Settings {
        vms,
        ..Settings::default()
    });
    Api::Rest
        .fence(&vcenter, "action=status\nplug=vm-102\n")
        .assert_refused(&["not unique", "vm-102, vm-110"]);
}
