//! How the agent finds the machine, and which objects it refuses.

use fencebox_sim::xenapi::{
    DB01, Member, ODD, ODD_LABEL, Role, SNAPSHOT, Settings, TEMPLATE, TWINS, Vm, control_domain, vms,
};
use fencebox_sim::{Machine, Power, Simulator};

use super::{calls, fence, operations, pool, start};

/// Asserts that no operation was requested for any machine.
#[track_caller]
fn assert_untouched(pool: &Simulator) {
    for machine in pool.machines() {
        assert_eq!(machine.history().len(), 1, "{machine:?}");
    }
    let switching = [
        "VM.hard_shutdown",
        "VM.start",
        "VM.hard_reboot",
        "VM.resume",
        "VM.unpause",
    ];
    let switched = calls(pool)
        .into_iter()
        .find(|(method, _)| switching.contains(&method.as_str()));
    assert_eq!(switched, None);
}

#[test]
fn a_machine_has_many_names() {
    let upper = DB01.to_uppercase();
    for lines in [
        "plug=db01".to_owned(),
        "port=db01".to_owned(),
        format!("plug={DB01}"),
        format!("plug={upper}"),
        format!("uuid={DB01}"),
        format!("uuid={upper}"),
        format!("uuid={DB01}\nplug={upper}"),
        "uuid=db01".to_owned(),
    ] {
        let pool = pool();
        fence(&pool, &format!("{lines}\naction=off\n")).assert_done("Success: Powered OFF\n");
        assert_eq!(operations(&pool, DB01), ["hard_shutdown"], "{lines}");
    }
}

#[test]
fn labels_can_contain_any_characters() {
    let pool = pool();
    fence(&pool, &format!("plug={ODD_LABEL}\naction=off\n")).assert_done("Success: Powered OFF\n");
    assert_eq!(pool.power(ODD), Some(Power::Off));
}

/// Pacemaker sends the node's name as `port` too if only `uuid` is configured; keys come in any order. Here the node's
/// name is the label of another machine.
#[test]
fn uuid_wins_over_the_node_name_that_pacemaker_adds() {
    for lines in [
        format!("nodename=web01\nport=web01\nuuid={DB01}\naction=off\n"),
        format!("uuid={DB01}\naction=off\nplug=web01\nnodename=web01\n"),
    ] {
        let pool = pool();
        fence(&pool, &lines).assert_done("Success: Powered OFF\n");
        let touched = pool
            .machines()
            .into_iter()
            .filter(|machine| machine.history().len() > 1);
        let touched: Vec<String> = touched.map(|machine| machine.id().to_owned()).collect();
        assert_eq!(touched, [DB01], "{lines}");
    }
}

#[test]
fn two_names_of_two_machines_are_refused() {
    let pool = pool();
    let outcome = fence(&pool, &format!("uuid={DB01}\nplug=web01\naction=off\n"));
    outcome.assert_refused(&["uuid", "plug", "web01", "give one of them"]);
    assert!(pool.requests().is_empty());
}

#[test]
fn two_machines_with_the_same_label_are_not_fenced() {
    for action in ["status", "on", "off", "reboot", "monitor"] {
        let pool = pool();
        fence(&pool, &format!("plug=twin\naction={action}\n")).assert_refused(&TWINS);
        assert_untouched(&pool);
    }
    let pool = pool();
    fence(&pool, &format!("plug={}\naction=off\n", TWINS[0])).assert_done("Success: Powered OFF\n");
    fence(&pool, &format!("plug={}\naction=on\n", TWINS[1])).assert_done("Success: Powered ON\n");
    assert_eq!(operations(&pool, TWINS[0]), ["hard_shutdown"]);
    assert_eq!(operations(&pool, TWINS[1]), ["start"]);
}

#[test]
fn objects_that_are_not_virtual_machines_are_refused() {
    let domain = control_domain(0);
    for (names, kind) in [
        ([TEMPLATE, "Debian 12"], "template"),
        ([SNAPSHOT, "db01 before the upgrade"], "snapshot"),
        ([&*domain, "Control domain on host: h1"], "control domain"),
    ] {
        for name in names {
            for action in ["status", "on", "off", "reboot"] {
                let pool = pool();
                let outcome = fence(&pool, &format!("plug={name}\naction={action}\n"));
                outcome.assert_refused(&[&format!("{name} is a {kind}")]);
                assert_untouched(&pool);
            }
        }
    }
}

/// A template often has the same label as the machine that it was made from.
#[test]
fn a_template_with_the_same_label_does_not_matter() {
    let template = "c0ffee00-0000-4000-8000-0000000000e0";
    let template = Vm::new(Machine::new(template, Power::Off).named("db01")).role(Role::Template);
    let pool = start(Settings {
        vms: vms().into_iter().chain([template]).collect(),
        ..Settings::default()
    });
    fence(&pool, "plug=db01\naction=off\n").assert_done("Success: Powered OFF\n");
    assert_eq!(operations(&pool, DB01), ["hard_shutdown"]);
}

#[test]
fn a_missing_machine_is_an_error_and_never_off() {
    for name in ["none", "DB01", "db0", "c0ffee00-0000-4000-8000-0000000000ff"] {
        for action in ["status", "off", "reboot", "on", "monitor"] {
            let pool = pool();
            let outcome = fence(&pool, &format!("plug={name}\naction={action}\n"));
            outcome.assert_refused(&["the device has no plug", name]);
            assert_untouched(&pool);
        }
    }
}

#[test]
fn several_machines_are_fenced_together() {
    let pool = start(Settings {
        members: vec![Member::local(1)],
        ..Settings::default()
    });
    fence(&pool, &format!("plug=db01,web02,{ODD}\naction=off\n")).assert_done("Success: Powered OFF\n");
    fence(&pool, "plug=db01,db02\naction=on\n").assert_done("Success: Powered ON\n");
    assert_eq!(operations(&pool, DB01), ["hard_shutdown", "start"]);
    assert_eq!(pool.power(ODD), Some(Power::Off));
}
