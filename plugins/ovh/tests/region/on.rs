//! Switching a dedicated server on.

use crate::account::{
    DARK, DISK, NS, REBOOT, RESCUE, SERVER, TASK, TASKS, assert_says, entries, entry, entry_path, going_to_rescue, off,
    on, open, open_with, put, reboots, script, server, task, task_with, with_change, with_entry,
};
use fencebox_sdk::prelude::*;

const UNKNOWN: Result<PowerStatus> = Ok(PowerStatus::Unknown);
const ON: Result<PowerStatus> = Ok(PowerStatus::On);

fn quiet(power: &str, boot: u64) -> Value {
    let mut body = server(power, boot);
    body["monitoring"] = json!(false);
    body
}

#[test]
fn a_running_server_is_not_rebooted() {
    let script = with_entry(script(), "harddisk", DISK);
    let script = script.on("GET", SERVER).reply(200, server("poweron", DISK)).start();
    assert_eq!(on(&mut open()), Ok(()));
    assert_eq!((reboots(&script), script.requests().len()), (0, 4));
}

#[test]
fn the_entry_is_set_before_the_reboot() {
    for (before, kind) in [(DARK, "power"), (RESCUE, "rescue")] {
        let script = with_entry(script(), "harddisk", DISK)
            .on("GET", &entry_path(before))
            .reply(200, entry(before, kind));
        let script = with_change(script, quiet("poweron", before), DISK)
            .on("POST", REBOOT)
            .reply(200, task("init"))
            .on("GET", TASK)
            .reply(200, task("doing"))
            .reply(200, task("done"))
            .on("GET", SERVER)
            .reply(200, server("poweron", DISK))
            .start();
        let mut ovh = open();
        assert_eq!(on(&mut ovh), Ok(()));
        assert_eq!(put(&script, 0), json!({ "bootId": DISK, "monitoring": true }));
        assert_eq!(ovh.power_status(NS), UNKNOWN);
        assert_eq!(ovh.power_status(NS), ON);
        let asked = script.asked();
        let at = |line: &str| asked.iter().position(|own| own.starts_with(line)).unwrap();
        assert!(at("PUT") < at("POST"));
    }
}

#[test]
fn a_server_without_power_is_started_by_a_reboot() {
    let script = with_entry(script(), "harddisk", DISK);
    let script = with_change(script, quiet("poweroff", DISK), DISK)
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .start();
    assert_eq!(on(&mut open()), Ok(()));
    // The server is off, but was not fenced: its owner has switched the monitoring off.
    assert_eq!(put(&script, 0), json!({ "bootId": DISK }));
}

#[test]
fn a_reboot_that_was_never_sent_is_not_on() {
    // The entry is restored, but the server still runs its rescue system.
    let script = with_entry(script(), "harddisk", DISK)
        .on("GET", &entry_path(RESCUE))
        .reply(200, entry(RESCUE, "rescue"));
    let script = with_change(script, server("poweron", RESCUE), DISK)
        .on("POST", REBOOT)
        .reply(503, json!({ "message": "later" }))
        .reply(200, task("init"))
        .on("GET", TASKS)
        .reply(200, json!([]))
        .times(3)
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .times(2)
        .start();
    let mut ovh = open();
    assert_says(on(&mut ovh), "Unexpected", &["left with boot entry 1"]);
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::Standby));
    assert_eq!(on(&mut ovh), Ok(()));
    assert_eq!(reboots(&script), 2);
}

#[test]
fn monitoring_is_restored_within_one_session() {
    for watched in [true, false] {
        let mut before = server("poweron", DISK);
        before["monitoring"] = json!(watched);
        let script = script().on("GET", &entries("power")).reply(200, json!([]));
        let script = with_change(with_entry(script, "rescue", RESCUE), before, RESCUE)
            .on("POST", REBOOT)
            .reply(200, task("init"))
            .on("GET", TASK)
            .reply(200, task("done"))
            .on("GET", SERVER)
            .reply(200, quiet("poweron", RESCUE));
        let script = with_change(with_entry(script, "harddisk", DISK), quiet("poweron", RESCUE), DISK)
            .on("POST", REBOOT)
            .reply(200, task_with(502, "init", "2023-11-14T23:20:00+01:00"))
            .start();
        let mut ovh = open();
        assert_eq!(off(&mut ovh), Ok(()));
        assert_eq!(ovh.power_status(NS), Ok(PowerStatus::Off));
        assert_eq!(on(&mut ovh), Ok(()));
        let body = if watched {
            json!({ "bootId": DISK, "monitoring": true })
        } else {
            json!({ "bootId": DISK })
        };
        assert_eq!(put(&script, 1), body);
    }
}

#[test]
fn the_entry_alone_does_not_prove_on_after_a_fencing() {
    // Another client restores the entry while the rescue system runs: the server still needs a reboot.
    let script = with_entry(going_to_rescue(), "harddisk", DISK);
    let script = with_change(script, server("poweron", DISK), DISK)
        .on("POST", REBOOT)
        .reply(200, task_with(502, "init", "2023-11-14T23:20:00+01:00"))
        .start();
    let mut ovh = open();
    assert_eq!(off(&mut ovh), Ok(()));
    assert_eq!(on(&mut ovh), Ok(()));
    assert_eq!(reboots(&script), 2);
}

#[test]
fn a_failed_reboot_may_be_retried() {
    let script = with_entry(script(), "harddisk", DISK)
        .on("GET", &entry_path(DARK))
        .reply(200, entry(DARK, "power"));
    let script = with_change(script, server("poweron", DARK), DISK)
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .on("GET", TASK)
        .reply(200, task("ovhError"))
        .reply(200, task("ovhError"))
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .on("GET", TASKS)
        .reply(200, json!([501]))
        .on("POST", REBOOT)
        .reply(200, task_with(502, "init", "2023-11-14T23:20:00+01:00"))
        .start();
    let mut ovh = open();
    assert_eq!(on(&mut ovh), Ok(()));
    assert_says(ovh.power_status(NS), "TaskFailed", &["501", "ovhError", "Reboot asked"]);
    assert_eq!(on(&mut ovh), Ok(()));
    assert_eq!(reboots(&script), 2);
}

#[test]
fn on_boot_selects_the_entry() {
    let script = script().on("GET", &entry_path(7)).reply(200, entry(7, "network"));
    let script = script
        .on("GET", &entry_path(RESCUE))
        .reply(200, entry(RESCUE, "rescue"));
    let script = with_change(script, server("poweron", RESCUE), 7)
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .start();
    assert_eq!(on(&mut open_with(&[("on_boot", "7")])), Ok(()));
    assert_eq!(put(&script, 0), json!({ "bootId": 7 }));
    drop(script);
    let _script = crate::account::script()
        .on("GET", SERVER)
        .reply(200, server("poweron", RESCUE))
        .on("GET", &entry_path(RESCUE))
        .reply(200, entry(RESCUE, "rescue"))
        .on("GET", "/dedicated/server/ns567890.ip-123-22-44.eu/boot")
        .reply(200, json!([RESCUE]))
        .start();
    let wrong = [("on_boot", "230242")];
    assert_says(on(&mut open_with(&wrong)), "InvalidOption", &["on_boot", "rescue"]);
}

#[test]
fn a_server_without_a_disk_entry_is_an_error() {
    let script = script().on("GET", SERVER).reply(200, server("poweron", RESCUE));
    let script = script.on("GET", &entries("harddisk")).reply(200, json!([]));
    let script = script.on("GET", "/dedicated/server/ns567890.ip-123-22-44.eu/boot");
    let script = script.reply(200, json!([RESCUE])).on("GET", &entry_path(RESCUE));
    let _script = script.reply(200, entry(RESCUE, "rescue")).start();
    let parts = ["on_boot", "no boot from its disk; it offers 230242 (rescue)"];
    assert_says(on(&mut open()), "InvalidOption", &parts);
}

#[test]
fn an_entry_changed_by_another_client_is_set_again_at_once() {
    let script = with_entry(script(), "harddisk", DISK)
        .on("GET", &entry_path(DARK))
        .reply(200, entry(DARK, "power"))
        .on("GET", &TASK.replace("501", "502"))
        .reply(200, task_with(502, "done", "2023-11-14T23:20:00+01:00"));
    let script = with_change(script, server("poweron", DARK), DISK)
        .on("POST", REBOOT)
        .reply(200, task("init"))
        .on("GET", TASK)
        .reply(200, task("done"))
        .on("GET", SERVER)
        .reply(200, server("poweron", DARK));
    let script = with_change(script, server("poweron", DARK), DISK)
        .on("POST", REBOOT)
        .reply(200, task_with(502, "init", "2023-11-14T23:20:00+01:00"))
        .on("GET", SERVER)
        .reply(200, server("poweron", DISK))
        .start();
    let mut ovh = open();
    assert_eq!(on(&mut ovh), Ok(()));
    assert_says(ovh.power_status(NS), "TaskFailed", &["somebody has set 95083"]);
    assert_eq!(on(&mut ovh), Ok(()));
    assert_eq!(ovh.power_status(NS), ON);
    assert_eq!(reboots(&script), 2);
}
