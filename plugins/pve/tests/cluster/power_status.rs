//! The meaning of each state.

use crate::device::{
    CURRENT, MACHINES, MOVED, data, error, machine, machines, open, open_with, row, script, status_for, stopped_with,
};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

#[test]
fn each_word_has_its_meaning() {
    let (on, standby) = (PowerStatus::On, PowerStatus::Standby);
    for (word, power) in [
        ("running", on),
        ("inmigrate", on),
        ("postmigrate", on),
        ("finish-migrate", on),
        ("restore-vm", on),
        ("save-vm", on),
        ("paused", standby),
        ("prelaunch", standby),
        ("suspended", standby),
        ("io-error", standby),
        ("internal-error", standby),
        ("guest-panicked", standby),
        ("shutdown", standby),
        ("watchdog", standby),
        ("a-new-word", PowerStatus::Unknown),
        ("stopped", PowerStatus::Unknown),
    ] {
        assert_eq!(status_for(machine("running", word)), Ok(power), "{word}");
    }
    assert_eq!(status_for(machine("stopped", "stopped")), Ok(PowerStatus::Off));
    for word in ["Stopped", "off", "", "suspended"] {
        assert_eq!(status_for(machine(word, word)), Ok(PowerStatus::Unknown), "{word}");
    }
}

#[test]
fn a_stopped_machine_that_may_run_on_is_not_off() {
    for (lock, power) in [
        ("backup", PowerStatus::Off),
        ("snapshot", PowerStatus::Off),
        ("clone", PowerStatus::Off),
        ("suspended", PowerStatus::Off),
        ("", PowerStatus::Off),
        ("migrate", PowerStatus::Unknown),
        ("rollback", PowerStatus::Unknown),
        ("suspending", PowerStatus::Unknown),
        ("a-new-lock", PowerStatus::Unknown),
    ] {
        assert_eq!(status_for(stopped_with("lock", json!(lock))), Ok(power), "{lock}");
    }
    for (member, value) in [
        ("lock", json!(1)),
        ("pid", json!(4711)),
        ("pid", json!("4711")),
        ("qmpstatus", json!("running")),
        ("qmpstatus", json!(0)),
        ("status", json!(null)),
        ("status", json!(["stopped"])),
    ] {
        let power = status_for(stopped_with(member, value.clone()));
        assert_eq!(power, Ok(PowerStatus::Unknown), "{member} {value}");
    }
}

#[test]
fn an_answer_about_another_machine_is_refused() {
    for vmid in [json!(101), json!("101"), json!(null), json!(100.5), json!([100])] {
        let status = status_for(stopped_with("vmid", vmid.clone()));
        assert!(matches!(status, Err(Error::Unexpected(_))), "{vmid}: {status:?}");
    }
    // Old versions write the number as text.
    assert_eq!(status_for(stopped_with("vmid", json!("100"))), Ok(PowerStatus::Off));
    // The list may have an old name.
    let _script = script()
        .on("GET", CURRENT)
        .reply(200, stopped_with("name", json!("node7")))
        .start();
    let mut session = open_with(&[("plug", "node1")]).unwrap();
    assert!(matches!(session.power_status("node1"), Err(Error::Unexpected(_))));
}

#[test]
fn a_node_that_does_not_answer_is_not_off() {
    for status in [595, 596, 597, 599] {
        let _script = script()
            .on("GET", CURRENT)
            .reply(status, error("No route to host"))
            .start();
        let outcome = open().power_status("100");
        assert!(
            matches!(outcome, Err(Error::ConnectionLost(_))),
            "{status}: {outcome:?}"
        );
    }
    for (status, body) in [(500, error("got no data")), (502, json!(null)), (404, json!({}))] {
        let script = script().on("GET", CURRENT).reply(status, body);
        let script = if status == 500 {
            script.on("GET", MACHINES).reply(200, machines("pve1"))
        } else {
            script
        };
        let _script = script.start();
        let outcome = open().power_status("100");
        assert!(matches!(outcome, Err(Error::Unexpected(_))), "{status}: {outcome:?}");
    }
}

#[test]
fn a_machine_that_has_moved_is_read_at_its_new_node() {
    let gone = error("Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist");
    let script = script()
        .on("GET", CURRENT)
        .reply(500, gone.clone())
        .on("GET", MACHINES)
        .reply(200, machines("pve2"))
        .on("GET", MOVED)
        .reply(200, machine("running", "running"))
        .reply(200, machine("stopped", "stopped"))
        .start();
    let mut session = open();
    assert_eq!(session.power_status("100"), Ok(PowerStatus::On));
    assert_eq!(session.power_status("100"), Ok(PowerStatus::Off));
    drop((session, script));
    // The option saves the first look.
    let script = Script::new()
        .on("GET", CURRENT)
        .reply(200, machine("running", "running"))
        .start();
    assert_eq!(
        open_with(&[("pve_node", "pve1")]).unwrap().power_status("100"),
        Ok(PowerStatus::On)
    );
    drop(script);
    let _script = Script::new()
        .on("GET", CURRENT)
        .reply(500, gone)
        .on("GET", MACHINES)
        .reply(200, machines("pve2"))
        .on("GET", MOVED)
        .reply(200, machine("running", "running"))
        .start();
    assert_eq!(
        open_with(&[("pve_node", "pve1")]).unwrap().power_status("100"),
        Ok(PowerStatus::On)
    );
}

#[test]
fn a_list_that_is_odd_proves_nothing() {
    let outcome = |rows: Value, plug: &'static str| {
        let _script = Script::new().on("GET", MACHINES).reply(200, data(rows)).start();
        open_with(&[("plug", plug)]).unwrap().power_status(plug)
    };
    let own = row("qemu", 100, "node1", "pve1");
    assert!(matches!(outcome(json!([]), "100"), Err(Error::PlugNotFound(_))));
    assert!(matches!(outcome(json!([own]), "7"), Err(Error::PlugNotFound(_))));
    for rows in [
        json!(null),
        json!({}),
        json!([null]),
        json!([{ "type": "qemu", "vmid": null }]),
    ] {
        assert!(
            matches!(outcome(rows.clone(), "100"), Err(Error::Unexpected(_))),
            "{rows}"
        );
    }
    let twice = json!([own, row("qemu", 100, "node1", "pve2")]);
    assert!(matches!(outcome(twice, "100"), Err(Error::Unexpected(_))));
    let twins = json!([own, row("lxc", 300, "NODE1", "pve2")]);
    let Err(Error::PlugAmbiguous(numbers)) = outcome(twins, "node1") else {
        panic!("not ambiguous");
    };
    assert_eq!(numbers, ["100", "300"]);
    // The node of this machine does not report, so its name is not known.
    let nameless = json!([{ "type": "qemu", "vmid": 100, "node": "pve1", "status": "unknown" }]);
    assert!(matches!(outcome(nameless, "node1"), Err(Error::Unexpected(_))));
}
