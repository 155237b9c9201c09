//! Switching a dedicated server off, step by step.

use crate::account::{
    DARK, DISK, NS, REBOOT, RESCUE, SERVER, TASK, TASKS, assert_says, count, entries, entry, entry_path, going_dark,
    going_to_rescue, off, open, open_with, put, reboots, script, server, task, task_with, with_change, with_entry,
};
use fencebox_sdk::prelude::*;

const BOOTS: &str = "/dedicated/server/ns567890.ip-123-22-44.eu/boot";

const UNKNOWN: Result<PowerStatus> = Ok(PowerStatus::Unknown);
const STANDBY: Result<PowerStatus> = Ok(PowerStatus::Standby);
const OFF: Result<PowerStatus> = Ok(PowerStatus::Off);

#[test]
fn a_power_down_has_this_order() {
    let script = script()
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .on("GET", &entries("power"))
        .reply(200, json!([DARK, 7]))
        .on("GET", &entry_path(DARK))
        .reply(200, entry(DARK, "power"))
        .on("PUT", SERVER)
        .reply_text(200, "")
        .on("GET", SERVER)
        .reply(200, server("poweron", DARK))
        .on("GET", TASKS)
        .reply(200, json!([400, 399]))
        .on("GET", &TASK.replace("501", "400"))
        .reply(200, task_with(400, "done", "2020-01-01T00:00:00Z"))
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .on("GET", TASK)
        .reply(200, task("todo"))
        .reply(200, task("done"))
        .on("GET", SERVER)
        // The API reports this for about two more minutes.
        .reply(200, server("poweron", DARK))
        .reply(200, server("poweroff", DARK))
        .in_order()
        .start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    let seen: Vec<_> = (0..3).map(|_| ovh.power_status(NS)).collect();
    assert_eq!(seen, [UNKNOWN, STANDBY, OFF]);
    assert_eq!(put(&script, 0), json!({ "bootId": DARK, "monitoring": false }));
}

#[test]
fn a_second_off_during_the_power_down_sends_nothing() {
    let script = going_dark()
        .on("GET", TASK)
        .reply(200, task("doing"))
        .reply(200, task("done"))
        .on("GET", SERVER)
        .reply(200, server("poweron", DARK))
        .always()
        .start();
    let mut ovh = open();
    for _ in 0..4 {
        assert_eq!(off(&mut ovh), Ok(()));
    }
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!((reboots(&script), count(&script, &format!("PUT {SERVER}"))), (1, 1));
}

#[test]
fn rescue_is_off_once_its_task_is_done() {
    let script = going_to_rescue()
        .on("GET", TASK)
        .reply(200, task("doing"))
        .reply(200, task("done"))
        .on("GET", SERVER)
        .reply(200, server("poweron", RESCUE))
        .times(2)
        .start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(ovh.power_status(NS), OFF);
    assert_eq!(ovh.power_status(NS), OFF);
    assert_eq!(put(&script, 0), json!({ "bootId": RESCUE, "monitoring": false }));
}

#[test]
fn a_done_task_alone_is_not_off_in_power_mode() {
    let _script = going_dark()
        .on("GET", TASK)
        .reply(200, task("done"))
        .on("GET", SERVER)
        .reply(200, server("poweron", DARK))
        .times(3)
        .start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    for _ in 0..3 {
        assert_eq!(ovh.power_status(NS), STANDBY);
    }
}

#[test]
fn a_server_that_was_in_rescue_before_is_rebooted() {
    let script = script().on("GET", &entries("power")).reply(200, json!([]));
    let script = with_change(with_entry(script, "rescue", RESCUE), server("poweron", RESCUE), RESCUE);
    let script = script.on("POST", REBOOT).reply(200, task("init")).start();
    assert_eq!(off(&mut open()), Ok(()));
    assert_eq!(reboots(&script), 1);
}

#[test]
fn a_server_without_power_is_left_alone() {
    let script = script().on("GET", SERVER).reply(200, server("poweroff", DISK)).start();
    assert_eq!(off(&mut open()), Ok(()));
    assert_eq!(script.requests().len(), 2);
}

#[test]
fn the_rescue_password_is_sent_to_the_option_email() {
    let script = script();
    let script = with_change(with_entry(script, "rescue", RESCUE), server("poweron", DISK), RESCUE);
    let script = script.on("POST", REBOOT).reply(200, task("init")).start();
    assert_eq!(
        off(&mut open_with(&[("email", "ops@example.com"), ("off_mode", "rescue")])),
        Ok(())
    );
    let body = json!({ "bootId": RESCUE, "monitoring": false, "rescueMail": "ops@example.com" });
    assert_eq!(put(&script, 0), body);
    drop(script);
    let script = going_dark().start();
    assert_eq!(off(&mut open_with(&[("email", "ops@example.com")])), Ok(()));
    assert_eq!(put(&script, 0), json!({ "bootId": DARK, "monitoring": false }));
}

#[test]
fn fields_that_a_server_refuses_are_left_out() {
    let mut quiet = server("poweron", DISK);
    quiet["monitoring"] = json!(false);
    let script = with_change(with_entry(script(), "power", DARK), quiet, DARK);
    let script = script.on("POST", REBOOT).reply(200, task("init")).start();
    assert_eq!(off(&mut open()), Ok(()));
    assert_eq!(put(&script, 0), json!({ "bootId": DARK }));
    drop(script);
    let script = with_entry(crate::account::script(), "power", DARK)
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .reply(200, server("poweron", DARK))
        .on("PUT", SERVER)
        .reply(400, json!({ "message": "[monitoring] cannot be changed" }))
        .reply(200, json!(null))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .start();
    assert_eq!(off(&mut open()), Ok(()));
    assert_eq!(put(&script, 1), json!({ "bootId": DARK }));
}

#[test]
fn the_reboot_waits_until_the_entry_reads_back() {
    let script = with_entry(script(), "power", DARK)
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .times(8)
        .reply(200, server("poweron", DARK))
        .times(1)
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .on("GET", &entry_path(DISK))
        .reply(200, entry(DISK, "harddisk"))
        .always()
        .on("GET", TASKS)
        .reply(200, json!([]))
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .start();
    let mut ovh = open();
    // One read before the change and three after it; the same once more; then one read.
    assert_says(off(&mut ovh), "Busy", &["95083", "1 reads back"]);
    assert_eq!(reboots(&script), 0);
    assert_says(off(&mut ovh), "Busy", &["not rebooting"]);
    assert_eq!(reboots(&script), 0);
    assert_eq!(off(&mut ovh), Ok(()));
    assert_eq!((reboots(&script), count(&script, &format!("PUT {SERVER}"))), (1, 1));
}

#[test]
fn a_lost_entry_is_set_again() {
    let script = with_entry(script(), "power", DARK)
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .always()
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .always()
        .start();
    let mut ovh = open();
    for _ in 0..7 {
        assert_says(off(&mut ovh), "Busy", &["reads back"]);
    }
    assert_eq!((reboots(&script), count(&script, &format!("PUT {SERVER}"))), (0, 2));
}

#[test]
fn an_entry_without_a_reboot_is_neither_on_nor_off() {
    for (kind, id) in [("power", DARK), ("rescue", RESCUE)] {
        let script = if kind == "rescue" {
            script().on("GET", &entries("power")).reply(200, json!([]))
        } else {
            script()
        };
        let _script = with_change(with_entry(script, kind, id), server("poweron", DISK), id)
            .on("POST", REBOOT)
            .reply(
                403,
                json!({ "errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted" }),
            )
            .on("GET", SERVER)
            .reply(200, server("poweron", id))
            .start();
        let mut ovh = open();
        let left = format!("left with boot entry {id}");
        assert_says(
            off(&mut ovh),
            "NotPermitted",
            &["POST /dedicated/server/*/reboot", &left],
        );
        assert_eq!(ovh.power_status(NS), STANDBY);
    }
}

#[test]
fn an_entry_changed_by_another_client_is_a_failure() {
    for (script, was) in [(going_dark(), DARK), (going_to_rescue(), RESCUE)] {
        let _script = script
            .on("GET", TASK)
            .reply(200, task("done"))
            .on("GET", SERVER)
            .reply(200, server("poweron", DISK))
            .start();
        let mut ovh = open();
        assert_eq!(off(&mut ovh), Ok(()));
        let into = format!("rebooted into boot entry {was}");
        assert_says(ovh.power_status(NS), "TaskFailed", &[&into, "set 1"]);
    }
}

#[test]
fn the_entries_of_the_server_decide_the_off_mode() {
    // The server has no entry to switch it off.
    let script = script().on("GET", SERVER).reply(200, server("poweron", DISK));
    let script = script.on("GET", &entries("power")).reply(200, json!([]));
    let _script = script
        .clone()
        .on("GET", &entries("rescue"))
        .reply(200, json!([]))
        .on("GET", BOOTS)
        .reply(200, json!([]))
        .start();
    assert_says(
        off(&mut open()),
        "InvalidOption",
        &["rescue_boot", "offers neither", "it offers none"],
    );
    drop(_script);
    // The mode power needs an entry of that type.
    let _script = script.on("GET", BOOTS).reply(403, json!({ "message": "no" })).start();
    assert_says(
        off(&mut open_with(&[("off_mode", "power")])),
        "InvalidOption",
        &[
            "off_mode",
            "off_mode=rescue",
            "its boot entries cannot be read: not permitted: no",
        ],
    );
}

#[test]
fn an_entry_of_the_wrong_type_is_refused() {
    // With the disk as rescue entry the server would run on, but count as off.
    let script = script()
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .on("GET", &entry_path(DISK))
        .reply(200, entry(DISK, "harddisk"))
        .on("GET", BOOTS)
        .reply(200, json!([DISK]));
    let _script = script.start();
    let options = [("off_mode", "rescue"), ("rescue_boot", "1")];
    assert_says(
        off(&mut open_with(&options)),
        "InvalidOption",
        &["rescue_boot", "harddisk"],
    );
    drop(_script);
    let _script = crate::account::script()
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .on("GET", &entry_path(9))
        .reply(404, json!({ "message": "none" }))
        .on("GET", BOOTS)
        .reply(200, json!([DISK, null, 3, 4]))
        .on("GET", &entry_path(DISK))
        .reply(200, entry(DISK, "harddisk"))
        .on("GET", &entry_path(3))
        .reply(500, json!({ "message": "later" }))
        .on("GET", &entry_path(4))
        .reply(404, json!({ "message": "none" }))
        .start();
    let options = [("off_mode", "rescue"), ("rescue_boot", "9")];
    assert_says(
        off(&mut open_with(&options)),
        "InvalidOption",
        &[
            "rescue_boot",
            "no boot entry 9; it offers 1 (harddisk), 3 (type unknown)",
        ],
    );
}

#[test]
fn invalid_lists_of_entries_are_errors() {
    for body in [json!(null), json!({}), json!(["1"]), json!([-1])] {
        let script = script().on("GET", SERVER).reply(200, server("poweron", DISK));
        let script = script.on("GET", &entries("power")).reply(200, body).start();
        assert_says(off(&mut open()), "Unexpected", &["JSON with a wrong structure"]);
        assert_eq!(reboots(&script), 0);
    }
}
