//! An account in the region: the device's answers, in the vendor's formats.

use fence_ovh::Ovh;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{RunningScript, Script};

pub(crate) const NS: &str = "ns567890.ip-123-22-44.eu";
pub(crate) const SERVER: &str = "/dedicated/server/ns567890.ip-123-22-44.eu";
pub(crate) const REBOOT: &str = "/dedicated/server/ns567890.ip-123-22-44.eu/reboot";
pub(crate) const TASKS: &str = "/dedicated/server/ns567890.ip-123-22-44.eu/task?function=hardReboot";
pub(crate) const TASK: &str = "/dedicated/server/ns567890.ip-123-22-44.eu/task/501";

pub(crate) const DISK: u64 = 1;
pub(crate) const DARK: u64 = 95_083;
pub(crate) const RESCUE: u64 = 230_242;

/// The server's clock at the start of a session.
pub(crate) const NOW: i64 = 1_700_000_000;
/// A time after that, and one before, in the format of tasks.
pub(crate) const LATER: &str = "2023-11-14T23:14:20+01:00";
pub(crate) const EARLIER: &str = "2023-11-14T23:12:20+01:00";

pub(crate) fn keys() -> Vec<(&'static str, &'static str)> {
    vec![
        ("application_key", "AK"),
        ("application_secret", "s3cretAS"),
        ("consumer_key", "s3cretCK"),
        ("plug", NS),
        ("endpoint", "ovh-eu"),
        ("service", "auto"),
        ("off_mode", "auto"),
    ]
}

pub(crate) fn options(more: &[(&str, &str)]) -> Options {
    let mut all = keys();
    all.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    all.extend(more);
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(crate) fn open_with(more: &[(&str, &str)]) -> Ovh {
    Ovh::open(&options(more)).unwrap_or_else(|problem| panic!("not opened: {problem:?}"))
}

pub(crate) fn open() -> Ovh {
    open_with(&[])
}

/// A script that begins with the clock.
pub(crate) fn script() -> Script {
    Script::new()
        .base_url("api", "https://eu.api.ovh.com/1.0")
        .on("GET", "/auth/time")
        .reply(200, json!(NOW))
}

pub(crate) fn server(power: &str, boot: u64) -> Value {
    json!({ "name": NS, "reverse": "db01.example.com.", "ip": "192.0.2.10", "datacenter": "sbg3", "serverId": 1234567,
            "bootId": boot, "bootScript": null, "monitoring": true, "noIntervention": false, "state": "ok",
            "powerState": power, "os": "debian12_64" })
}

pub(crate) fn entry(id: u64, kind: &str) -> Value {
    json!({ "bootId": id, "bootType": kind, "kernel": "x", "description": "x" })
}

pub(crate) fn task_with(id: u64, status: &str, begun: &str) -> Value {
    json!({ "taskId": id, "function": "hardReboot", "status": status, "comment": "Reboot asked", "startDate": begun,
            "lastUpdate": begun, "doneDate": null, "needSchedule": false })
}

pub(crate) fn task(status: &str) -> Value {
    task_with(501, status, LATER)
}

pub(crate) fn entries(kind: &str) -> String {
    format!("{SERVER}/boot?bootType={kind}")
}

pub(crate) fn entry_path(id: u64) -> String {
    format!("{SERVER}/boot/{id}")
}

/// The answers about the entries of one type, and about the only such entry.
pub(crate) fn with_entry(script: Script, kind: &str, id: u64) -> Script {
    script
        .on("GET", &entries(kind))
        .reply(200, json!([id]))
        .on("GET", &entry_path(id))
        .reply(200, entry(id, kind))
}

/// The entry is set, reads back, and no other task runs.
pub(crate) fn with_change(script: Script, before: Value, boot: u64) -> Script {
    script
        .on("GET", SERVER)
        .reply(200, before)
        .on("PUT", SERVER)
        .reply(200, json!(null))
        .on("GET", SERVER)
        .reply(200, server("poweron", boot))
        .on("GET", TASKS)
        .reply(200, json!([]))
}

/// A server during a power off by the entry that powers it down.
pub(crate) fn going_dark() -> Script {
    let script = with_entry(script(), "power", DARK);
    with_change(script, server("poweron", DISK), DARK)
        .on("POST", REBOOT)
        .reply(200, task("init"))
}

/// A server during a power off by its rescue system.
pub(crate) fn going_to_rescue() -> Script {
    let script = script().on("GET", &entries("power")).reply(200, json!([]));
    with_change(with_entry(script, "rescue", RESCUE), server("poweron", DISK), RESCUE)
        .on("POST", REBOOT)
        .reply(200, task("init"))
}

pub(crate) fn off(ovh: &mut Ovh) -> Result<()> {
    ovh.set_power(NS, PowerTarget::Off)
}

pub(crate) fn on(ovh: &mut Ovh) -> Result<()> {
    ovh.set_power(NS, PowerTarget::On)
}

pub(crate) fn count(script: &RunningScript, line: &str) -> usize {
    script.asked().iter().filter(|own| *own == line).count()
}

pub(crate) fn reboots(script: &RunningScript) -> usize {
    count(script, &format!("POST {REBOOT}"))
}

pub(crate) fn lines(script: &RunningScript) -> String {
    script.lines().iter().map(|(_, line)| format!("{line}\n")).collect()
}

/// The body of the n-th PUT, from 0.
pub(crate) fn put(script: &RunningScript, nth: usize) -> Value {
    script
        .requests()
        .iter()
        .filter(|sent| sent.method == "PUT")
        .nth(nth)
        .unwrap()
        .json()
}

#[track_caller]
pub(crate) fn assert_says<T: std::fmt::Debug>(result: Result<T>, kind: &str, parts: &[&str]) {
    let problem = result
        .err()
        .unwrap_or_else(|| panic!("no error where {kind} was expected"));
    let shown = format!("{problem:?}");
    assert!(
        shown.contains(&format!("Error::{kind}")) || shown.starts_with(kind),
        "{shown}"
    );
    for part in parts {
        assert!(problem.text().contains(part), "{part:?} is not in {}", problem.text());
    }
}
